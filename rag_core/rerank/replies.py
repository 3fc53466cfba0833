"""What a `/rerank` server says → one score for each text, whichever of the protocols it speaks.

Cohere, Jina, vLLM and llama.cpp answer `{"results": [{"index", "relevance_score"}]}`, TEI answers
`[{"index", "score"}]`, Voyage puts the list under `data`; always the best first, by their indexes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import orjson

from rag_core.errors import UnavailableError

_LISTS = ("results", "data")
_SCORES = ("relevance_score", "score")


def read_scores(content: bytes, count: int, *, where: str) -> list[float]:
    """Read the scores of `count` texts, in the texts' order; `where` begins each error.

    Raises:
        UnavailableError: it is no such list, or not one finite score for each text.
    """
    try:
        answer: object = orjson.loads(content)
    except ValueError as error:
        raise UnavailableError(f"{where} answered with something that is no JSON") from error
    scores: dict[int, float] = {}
    for item in _find_list(answer, where):
        index, score = _read_index(item, count), _read_score(item)
        if index is None or score is None or index in scores:
            raise UnavailableError(f"{where} answered with an item that is no score: {_show(item)}")
        scores[index] = score
    if len(scores) < count:
        raise UnavailableError(f"{where} answered with {len(scores)} scores for {count} texts")
    return [scores[index] for index in range(count)]


def _find_list(answer: object, where: str) -> list[object]:
    if isinstance(answer, dict):
        answer = next((answer[key] for key in _LISTS if key in answer), None)
    if not isinstance(answer, list):
        raise UnavailableError(f"{where} answered with something that is no list of scores")
    return answer


def _read_index(item: object, count: int) -> int | None:
    index = item.get("index") if isinstance(item, dict) else None
    # True is an int to Python, and no index to anybody.
    is_whole = isinstance(index, int) and not isinstance(index, bool)
    return index if is_whole and index in range(count) else None


def _read_score(item: object) -> float | None:
    named: Mapping[str, object] = item if isinstance(item, dict) else {}
    score = next((named[key] for key in _SCORES if key in named), None)
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        return None
    return float(score)


def _show(item: object) -> str:
    return repr(item)[:100]
