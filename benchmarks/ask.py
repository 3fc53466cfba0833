"""A client of many callers, each of whom reads one answer after another: how long they wait.

    ask.py URL CALLERS EACH --mark TEXT --bodies FILE

The file holds a JSON list of request bodies, taken in turn. Prints a line of JSON: `first_…`, from
the request until the mark was read, `gap_…`, between two reads of one answer after that, and
`longest_…`, the longest of an answer's gaps; milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

WARM_UP = 2


@dataclass
class Waits:
    """What the callers saw, in milliseconds."""

    first: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    longest: list[float] = field(default_factory=list)
    errors: int = 0


async def ask(session: aiohttp.ClientSession, url: str, body: str, mark: bytes) -> list[float]:
    """Read one answer to its end; the moments of the question, the mark and each read after it."""
    moments, seen = [time.perf_counter()], b""
    async with session.post(url, data=body, headers={"content-type": "application/json"}) as answer:
        answer.raise_for_status()
        async for data in answer.content.iter_any():
            if len(moments) == 1:
                seen += data
            if len(moments) > 1 or mark in seen:
                moments.append(time.perf_counter())
    return moments


def note(waits: Waits, moments: Sequence[float]) -> None:
    """Add what one answer took."""
    gaps = [1e3 * (after - before) for before, after in itertools.pairwise(moments)]
    if not gaps:
        waits.errors += 1
        return
    waits.first.append(gaps[0])
    waits.gaps += gaps[1:]
    waits.longest.append(max(gaps[1:], default=0.0))


async def ask_all(url: str, callers: int, each: int, mark: bytes, bodies: Iterator[str]) -> Waits:
    """Ask from all callers at once."""
    waits = Waits()
    timeout, connector = aiohttp.ClientTimeout(total=None), aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        for _ in range(WARM_UP):
            await ask(session, url, next(bodies), mark)

        async def call() -> None:
            for _ in range(each):
                note(waits, await ask(session, url, next(bodies), mark))

        await asyncio.gather(*(call() for _ in range(callers)))
    return waits


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not pass."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def main() -> None:
    """Ask, and print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("url")
    arguments.add_argument("callers", type=int)
    arguments.add_argument("each", type=int)
    arguments.add_argument("--mark", required=True)
    arguments.add_argument("--bodies", type=Path, required=True)
    options = arguments.parse_args()
    bodies = itertools.cycle(json.loads(options.bodies.read_text()))
    start = time.perf_counter()
    waits = asyncio.run(
        ask_all(options.url, options.callers, options.each, options.mark.encode(), bodies)
    )
    figures: dict[str, float] = {
        "requests": len(waits.first),
        "errors": waits.errors,
        "seconds": time.perf_counter() - start,
    }
    for name, values in (("first", waits.first), ("gap", waits.gaps), ("longest", waits.longest)):
        figures |= {
            f"{name}_p50_ms": quantile(values, 0.5),
            f"{name}_p99_ms": quantile(values, 0.99),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
