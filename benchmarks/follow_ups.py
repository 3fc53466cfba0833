"""How well follow-up questions are searched: alone, behind the turn before, by our rule, by a chat.

Run as `python benchmarks/follow_ups.py DATA [--folder KEPT]`, where DATA holds
`qa/squad2_dev_half`. `before` is what was done until 2026-11: the user's turn before the question,
always. `model` is a scripted chat that writes the question as it stood in the set: the best that
a chat model can do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from follow_up_pairs import FollowUp, make_follow_ups, read_questions

from rag_api.answer import Answerer, ExtractiveAnswerer, ModelAnswerer
from rag_api.chat import ChatPart, Finish, Message, Text
from rag_api.prompt import Turn
from rag_api.rewrite import Rewriting, rewrite
from rag_core.index import Index, open_index
from rag_core.query import Found, Query
from rag_core.search import search
from rag_core.settings import Settings
from rag_core.tokens import open_counter

_KINDS = ("alone", "switch", "pronoun", "ellipsis", "elsewhere", "told", "told elsewhere")
_WAYS = ("question", "before", "rule", "model")
_TOP_K = 10
_FEW = 5


@dataclass(frozen=True, slots=True)
class _Knowing:
    """A chat that knows how the question stood in the set."""

    whole: str
    model: str = "scripted"

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None
    ) -> AsyncGenerator[ChatPart, None]:
        """Write it, whatever is asked."""
        del messages, max_tokens
        yield Text(f"QUERY: {self.whole}\n")
        yield Finish("stop", None)


def main() -> None:
    """Print nDCG@10 for each way and kind of follow-up, recall@5 and the queries that it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--each", type=int, default=100, help="follow-ups of each kind")
    parser.add_argument("--folder", type=Path, help="keeps the index for the next time")
    wanted = parser.parse_args()
    pairs = make_follow_ups(read_questions(wanted.data), most=wanted.each)
    with tempfile.TemporaryDirectory() as passing:
        folder = wanted.folder or Path(passing)
        _fill(folder, wanted.data)
        asyncio.run(_measure(pairs, folder / "home"))


def _fill(folder: Path, data: Path) -> None:
    documents = folder / "documents"
    documents.mkdir(parents=True, exist_ok=True)
    for line in (data / "qa/squad2_dev_half/corpus.jsonl").read_text().splitlines():
        one = json.loads(line)
        (documents / f"{one['_id']}.txt").write_text(f"{one['title']}\n\n{one['text']}")
    environment = {**os.environ, "RAG_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "ingest", "add", "--json", str(documents)]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)


async def _measure(pairs: Sequence[FollowUp], home: Path) -> None:
    print(f"{len(pairs)} pairs".ljust(12), *(f"{kind:>15}" for kind in (*_KINDS, "mean")), end="")
    print(f"{'recall@5':>10}{'queries':>9}")
    async with open_index(Settings(_env_file=None, RAG_HOME=home)) as index:
        for way in _WAYS:
            gains: dict[str, list[float]] = defaultdict(list)
            searched = 0
            for pair in pairs:
                query = await _write(way, pair, index)
                searched += len(query.texts)
                gains[pair.kind].append(_gain(pair, await search(index, "default", query)))
            _print(way, gains, searched / len(pairs))


async def _write(way: str, pair: FollowUp, index: Index) -> Query:
    if way == "question":
        return Query(pair.question, _TOP_K)
    if way == "before":
        return Query(f"{pair.before.text}\n{pair.question}", _TOP_K)
    history = (Turn("user", pair.before.text), Turn("assistant", pair.before.said))
    counter = open_counter("estimate")
    answerer: Answerer = ExtractiveAnswerer(index.embedder)
    if way == "model":
        answerer = ModelAnswerer(_Knowing(pair.whole), counter, 8192)
    rewritten = await rewrite(pair.question, history, Rewriting(), answerer)
    return Query(rewritten.query, _TOP_K, rewritten.queries[1:])


def _gain(pair: FollowUp, found: Found) -> float:
    """The reciprocal of the logarithm of its rank, as in nDCG with one passage judged."""
    sources = [Path(one.source).stem for one in found.passages]
    ranked = list(dict.fromkeys(sources))
    return 1 / math.log2(ranked.index(pair.passage) + 2) if pair.passage in ranked else 0.0


def _print(way: str, gains: dict[str, list[float]], queries: float) -> None:
    means = [sum(gains[kind]) / len(gains[kind]) for kind in _KINDS]
    every = [gain for kind in _KINDS for gain in gains[kind]]
    recall = sum(gain >= 1 / math.log2(_FEW + 1) for gain in every) / len(every)
    mean = sum(means) / len(means)
    print(way.ljust(12), *(f"{one:15.3f}" for one in (*means, mean)), end="")
    print(f"{recall:10.3f}{queries:9.2f}")


if __name__ == "__main__":
    main()
