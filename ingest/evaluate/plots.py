"""Figures to small SVG drawings, which stand in a page as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

_WIDTH, _HEIGHT = 460, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 34
_BINS = 30
_COLOURS = ("var(--one)", "var(--two)")


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers of one kind."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where numbers lie in a drawing."""

    low: float
    high: float
    """Of what runs from left to right."""
    top: float
    """Of what runs from the bottom up, from 0."""

    def x(self, value: float) -> float:
        width = _WIDTH - _LEFT - _RIGHT
        return round(_LEFT + width * (value - self.low) / (self.high - self.low or 1.0), 1)

    def y(self, value: float) -> float:
        height = _HEIGHT - _TOP - _BOTTOM
        return round(_HEIGHT - _BOTTOM - height * value / (self.top or 1.0), 1)


def draw_lines(title: str, labels: Sequence[str], lines: Sequence[Series]) -> str:
    """One line for each series, over the same labels; the scale is from 0 to 1, or to the highest.

    Empty when there is nothing to draw.
    """
    if not labels or not lines:
        return ""
    highest = max(max(series.values) for series in lines)
    frame = _Frame(0, max(1, len(labels) - 1), max(1.0, highest))
    parts = [*_grid(frame), *_labels(frame, labels)]
    for colour, series in zip(_COLOURS, lines, strict=False):
        parts += _line(frame, labels, series, colour)
    return _figure(title, parts, [series.name for series in lines])


def _line(frame: _Frame, labels: Sequence[str], series: Series, colour: str) -> Iterator[str]:
    points = [(frame.x(at), frame.y(value)) for at, value in enumerate(series.values)]
    path = " ".join(f"{x},{y}" for x, y in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for (x, y), label, value in zip(points, labels, series.values, strict=True):
        shown = f"<title>{escape(label)}: {value:.4f}</title>"
        yield f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}">{shown}</circle>'


def draw_histogram(
    title: str, parts: Sequence[Series], *, marks: Sequence[tuple[str, float]] = ()
) -> str:
    """How often which values occur, as shares of each series; marks are lines across it.

    Empty when there is nothing to draw.
    """
    filled = [series for series in parts if len(series.values)]
    if not filled:
        return ""
    edges = _find_edges(filled)
    shares = [np.histogram(one.values, edges)[0] / len(one.values) for one in filled]
    frame = _Frame(float(edges[0]), float(edges[-1]), float(np.max(shares)))
    drawn = [*_grid(frame), *_ends(frame)]
    for colour, share in zip(_COLOURS, shares, strict=False):
        drawn += _bars(frame, edges, share, colour)
    drawn += [_mark(frame, name, at) for name, at in marks if frame.low <= at <= frame.high]
    return _figure(title, drawn, [series.name for series in filled])


def _find_edges(filled: Sequence[Series]) -> np.ndarray:
    low = min(min(series.values) for series in filled)
    high = max(max(series.values) for series in filled)
    return np.linspace(low, high if high > low else low + 1, _BINS + 1)


def _bars(frame: _Frame, edges: np.ndarray, share: np.ndarray, colour: str) -> Iterator[str]:
    bottom = frame.y(0)
    for left, right, value in zip(edges, edges[1:], share, strict=False):
        x, y = frame.x(float(left)), frame.y(float(value))
        width = max(1.0, round(frame.x(float(right)) - x - 0.5, 1))
        yield (
            f'<rect x="{x}" y="{y}" width="{width}" height="{round(bottom - y, 1)}" '
            f'fill="{colour}" fill-opacity="0.55"><title>{left:.3g} to {right:.3g}: {value:.1%}'
            "</title></rect>"
        )


def _mark(frame: _Frame, name: str, at: float) -> str:
    x = frame.x(at)
    return (
        f'<line x1="{x}" y1="{_TOP}" x2="{x}" y2="{_HEIGHT - _BOTTOM}" stroke="currentColor" '
        f'stroke-dasharray="4 3"/><text x="{x + 4}" y="{_TOP + 10}">{escape(name)} {at:.3g}</text>'
    )


def _grid(frame: _Frame) -> Iterator[str]:
    for part in (0.0, 0.5, 1.0):
        y = frame.y(part * frame.top)
        yield f'<line class="grid" x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{part * frame.top:.2g}</text>'


def _labels(frame: _Frame, labels: Sequence[str]) -> Iterator[str]:
    step = max(1, len(labels) // 8)
    for at, label in enumerate(labels):
        if at % step == 0:
            x, y = frame.x(at), _HEIGHT - _BOTTOM + 18
            anchor = "end" if at == len(labels) - 1 and at else "middle"
            yield f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(label)}</text>'


def _ends(frame: _Frame) -> Iterator[str]:
    middle = (frame.low + frame.high) / 2
    places = ((frame.low, "start"), (middle, "middle"), (frame.high, "end"))
    for value, anchor in places:
        x, y = frame.x(value), _HEIGHT - _BOTTOM + 18
        yield f'<text x="{x}" y="{y}" text-anchor="{anchor}">{value:.3g}</text>'


def _figure(title: str, parts: Sequence[str], names: Sequence[str]) -> str:
    keys = " ".join(
        f'<span class="key"><i style="background:{colour}"></i>{escape(name)}</span>'
        for colour, name in zip(_COLOURS, names, strict=False)
        if name
    )
    return (
        f"<figure><figcaption>{escape(title)} {keys}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg></figure>"
    )
