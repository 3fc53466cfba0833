"""An Evaluation as one page of HTML that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from ingest.evaluate.evaluation import (
    Compared,
    Evaluation,
    Moved,
    Rated,
    RatedDown,
    Scored,
    primary,
)
from ingest.evaluate.history import Earlier
from ingest.evaluate.metrics import CUTOFFS
from ingest.evaluate.plots import Series, draw_histogram, draw_lines
from ingest.evaluate.table import COLUMNS, head, rows, tail
from ingest.report import count

_WORST = 50
_MOVED = 20
_STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#667;--line:#d8dce2;--one:#0b62c4;
--two:#c2570c;--good:#0a7a3f;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e7eaee;--soft:#9aa4b0;
--line:#333a43;--one:#6cb0ff;--two:#ffa45c;--good:#5fd38d;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:62rem;padding:1.5rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:0 0 .5rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p{margin:.2rem 0}.soft{color:var(--soft);font-size:.9rem}.good{color:var(--good)}
.bad{color:var(--bad)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line);
vertical-align:top}th{color:var(--soft);font-weight:600}
.figures :is(th,td)+*{white-space:nowrap}span{unicode-bidi:isolate}
.plots{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr))}
figure{margin:0;border:1px solid var(--line);border-radius:6px;padding:.75rem}
figcaption{font-size:.9rem}.key{margin-left:.6rem;color:var(--soft)}
.key i{display:inline-block;width:.7rem;height:.7rem;margin-right:.3rem}
svg{width:100%;height:auto;font-size:11px}svg text{fill:var(--soft)}
.grid{stroke:var(--line)}details{border-bottom:1px solid var(--line);padding:.4rem 0}
summary{cursor:pointer}ol{margin:.3rem 0}
"""


def write_page(evaluation: Evaluation, scored: Sequence[Scored], earlier: Sequence[Earlier]) -> str:
    """The whole page; every text in it is escaped."""
    name = escape(evaluation.dataset)
    about = "".join(f"<p class=soft>{escape(line)}</p>" for line in head(evaluation) if line)
    notes = "".join(f"<p>{escape(line)}</p>" for line in tail(evaluation) if line)
    # The policy stops whatever a text would bring in, should the escaping ever fail.
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{name}: evaluation</title><style>{_STYLE}</style></head><body>"
        f"<h1>{name}</h1><p class=soft>{escape(evaluation.started_at)}</p>{about}"
        f"<h2>Figures</h2>{_table(evaluation)}{notes}"
        f'<h2>Plots</h2><div class="plots">{"".join(_plots(evaluation, scored, earlier))}</div>'
        f"{_moved(evaluation.compared)}{_worst(scored)}"
        f"{_rated_down(evaluation.feedback, scored)}</body></html>\n"
    )


def _table(evaluation: Evaluation) -> str:
    top = "".join(f"<th>{escape(column)}</th>" for column in COLUMNS)
    low = {one.metric for one in evaluation.missed}
    lines = "".join(
        f"<tr{' class=bad' if row[0] in low else ''}>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row)
        + "</tr>"
        for row in rows(evaluation)
    )
    return f"<table class=figures><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"


def _plots(
    evaluation: Evaluation, scored: Sequence[Scored], earlier: Sequence[Earlier]
) -> Iterator[str]:
    yield _by_cutoff(evaluation)
    yield draw_histogram(
        "Milliseconds of a search", [Series("", [one.milliseconds for one in scored])]
    )
    abstention = evaluation.abstention
    marks = [("least", abstention.now.least_score)] if abstention else []
    if abstention and abstention.chosen:
        marks = [("chosen", abstention.chosen.least_score)]
    yield draw_histogram(
        "Best score of a question",
        [
            Series("answerable", [one.best_score for one in scored if one.answerable]),
            Series("unanswerable", [one.best_score for one in scored if not one.answerable]),
        ],
        marks=marks,
    )
    yield _over_time(evaluation, primary(scored), earlier)


def _by_cutoff(evaluation: Evaluation) -> str:
    prefix = "" if "recall@1" in evaluation.metrics else "passage_"
    cutoffs = [k for k in CUTOFFS if f"{prefix}recall@{k}" in evaluation.metrics]
    lines = [
        Series(name, [evaluation.metrics[f"{prefix}{name}@{k}"] for k in cutoffs])
        for name in ("recall", "ndcg")
    ]
    return draw_lines("Among the best …", [f"@{k}" for k in cutoffs], lines)


def _over_time(evaluation: Evaluation, metric: str, earlier: Sequence[Earlier]) -> str:
    points = [
        (one.started_at[:10], one.metrics[metric]) for one in earlier if metric in one.metrics
    ]
    if metric in evaluation.metrics:
        points.append((evaluation.started_at[:10], evaluation.metrics[metric]))
    values = [value for _, value in points]
    return draw_lines(f"{metric}, run by run", [day for day, _ in points], [Series("", values)])


def _moved(compared: Compared | None) -> str:
    if compared is None:
        return ""
    return (
        f"<h2>Since {escape(compared.started_at)}</h2>"
        f"<p>{escape(compared.metric)} is better for {len(compared.better)} and worse for "
        f"{len(compared.worse)} of {count(compared.questions, 'question')}.</p>"
        + _moves("Better", "good", compared.better)
        + _moves("Worse", "bad", compared.worse)
    )


def _moves(word: str, style: str, moved: Iterable[Moved]) -> str:
    lines = "".join(
        f"<tr><td class={style}>{one.before:.3f} → {one.now:.3f}</td>"
        f"<td>{escape(one.question)}</td><td class=soft>{escape(one.id)}</td></tr>"
        for one in list(moved)[:_MOVED]
    )
    return f"<h3>{word}</h3><table>{lines}</table>" if lines else ""


def _worst(scored: Sequence[Scored]) -> str:
    metric = primary(scored)
    judged = [one for one in scored if metric in one.metrics]
    worst = sorted(judged, key=lambda one: one.metrics[metric])[:_WORST]
    if not worst:
        return ""
    return f"<h2>Lowest {escape(metric)}</h2>" + "".join(_describe(one, metric) for one in worst)


def _rated_down(rated: Rated | None, scored: Sequence[Scored]) -> str:
    if rated is None or not rated.rated_down:
        return ""
    found = {one.id: one for one in scored}
    shown = "".join(_complain(one, found.get(one.id)) for one in rated.rated_down)
    return f"<h2>Rated down by readers</h2>{shown}"


def _complain(one: RatedDown, scored: Scored | None) -> str:
    cited = "".join(f"<li>{escape(source)}</li>" for source in one.cited)
    now = "" if scored is None else f"<p class=soft>Found now</p><ol>{_found(scored)}</ol>"
    return (
        f"<details open><summary>{escape(one.question)} <span class=soft>{escape(one.rated_at)} "
        f"{escape(one.outcome)} {escape(one.model)}</span></summary>"
        f"<p class=bad>{escape(one.comment or 'without a comment')}</p>"
        f"<p>Answer: {escape(one.answer or 'none of its words are kept')}"
        f"</p><p class=soft>Cited</p><ul>{cited or '<li>nothing</li>'}</ul>{now}</details>"
    )


def _found(one: Scored) -> str:
    return "".join(
        f"<li{' class=good' if passage.expected else ''}>{escape(passage.source)} "
        f"<span class=soft>{passage.fused_score:.3f} {escape(passage.text)}</span></li>"
        for passage in one.found
    )


def _describe(one: Scored, metric: str) -> str:
    expected = "".join(f"<li>{escape(text)}</li>" for text in one.expected)
    answer = f"<p>Answer: {escape(one.answer)}</p>" if one.answer is not None else ""
    error = f"<p class=bad>{escape(one.error)}</p>" if one.error else ""
    return (
        f"<details><summary>{one.metrics[metric]:.3f} {escape(one.question)} "
        f"<span class=soft>{escape(one.id)}</span></summary>{error}{answer}"
        f"<p class=soft>Expected</p><ul>{expected}</ul>"
        f"<p class=soft>Found</p><ol>{_found(one)}</ol></details>"
    )
