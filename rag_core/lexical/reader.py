"""Searches an index as its latest commit left it; blocking, and from any number of threads."""

from __future__ import annotations

import json
import threading
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tantivy

from rag_core.lexical.analysis import TERMS_LANGUAGES, name_words, query_words
from rag_core.lexical.characters import is_character
from rag_core.lexical.folder import (
    CHARACTERS,
    CHUNK_ID,
    DOCUMENT_ID,
    ENGLISH,
    HEADINGS,
    LANGUAGE,
    MARKER,
    PAIRS,
    SEQ,
    TERMS,
    Reached,
    index_errors,
    open_index,
)
from rag_core.lexical.pairs import pair_words
from rag_core.lexical.rareness import idf_of, weigh_word

_K1 = 1.2
"""Tantivy's own, as is its b of 0.75; it offers no way to set them."""
_PAIRS_WEIGHT = 0.5
_HEADINGS_WEIGHT = 0.2
"""Of a BM25 that is added to that of the terms (decision 0015)."""
_NAME_WEIGHT = 1.2
"""How much more a name or a figure is worth than another word as rare (decision 0015)."""

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """One commit."""

    searcher: tantivy.Searcher
    schema: tantivy.Schema
    entries: int
    """As BM25 counts them: with those that are deleted but not yet merged away."""
    reached: Reached
    languages: tuple[str, ...]
    """Whose terms the chunks have, those of most chunks first."""


@dataclass(frozen=True, slots=True)
class _Term:
    """A term that the index has."""

    text: str
    weight: float
    """Times its BM25: a word is worth the same in all languages of the index. Of a character, its
    whole score: how many others a chunk has does not matter."""


@dataclass(frozen=True, slots=True)
class Matches:
    """What one commit of an index has for a query; all these scores are of that commit."""

    best: list[tuple[str, float]]
    """Ids of chunks with their BM25, best first."""
    floor: float
    """What no other chunk's BM25 can pass."""
    ceiling: float
    """What no BM25 of the words alone can pass: (k1 + 1) times the sum of their weighted idf.

    With what pairs and headings add to it, a chunk may. A word that is not in the index counts as
    the rarest. 0 when the query has no words.
    """
    _snapshot: _Snapshot | None
    _query: tantivy.Query | None
    """Which gave `best`; None when the index has none of the words."""

    def scores(self, chunk_ids: Sequence[str]) -> dict[str, float]:
        """Score these chunks exactly as `best` does; 0 for one without any of the terms.

        A chunk that is not in the index is not in the answer.
        """
        if self._snapshot is None or not chunk_ids:
            return {}
        schema = self._snapshot.schema
        clauses = [(tantivy.Occur.Must, _these(schema, CHUNK_ID, chunk_ids))]
        if self._query is not None:
            clauses.append((tantivy.Occur.Should, self._query))
        return dict(_run(self._snapshot, tantivy.Query.boolean_query(clauses), len(chunk_ids)))


class Reader:
    """Sees each commit of any process from its next call on; an index not yet made is empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._index: tantivy.Index | None = None
        self._stamp: _Stamp | None = None
        self._snapshot: _Snapshot | None = None

    def reached(self) -> Reached | None:
        """How far the index has followed the change feed; None when it holds nothing.

        Raises:
            LexicalUnavailableError: it cannot be read.
        """
        snapshot = self._latest()
        return snapshot.reached if snapshot else None

    def search(self, query: str, k: int, *, only: Sequence[str] | None = None) -> Matches:
        """Find the at most k chunks of highest BM25; `only` names the documents they may be of.

        Raises:
            LexicalUnavailableError: it cannot be read.
        """
        snapshot = self._latest()
        if snapshot is None or not snapshot.languages:  # all that it held may be removed
            return Matches([], 0, 0, None, None)
        words = query_words(query, snapshot.languages)
        terms, ceiling = _weigh(snapshot, words, name_words(query, snapshot.languages))
        wanted = _any_of(snapshot, terms, pair_words(words)) if terms else None
        found: list[tuple[str, float]] = []
        if wanted is not None and k > 0:
            found = _run(snapshot, _within(snapshot, wanted, only), k)
        floor = found[-1][1] if found and len(found) == k else 0.0
        return Matches(found, floor, ceiling, snapshot, wanted)

    def held(self, chunk_ids: Sequence[str]) -> list[str]:
        """Which of these chunks are in the index, each as often as it is.

        Raises:
            LexicalUnavailableError: it cannot be read.
        """
        snapshot = self._latest()
        if snapshot is None or not chunk_ids:
            return []
        query = _these(snapshot.schema, CHUNK_ID, chunk_ids)
        return [found for found, _ in _run(snapshot, query, 2 * len(chunk_ids))]

    def size(self) -> int:
        """How many chunks the index holds.

        Raises:
            LexicalUnavailableError: it cannot be read.
        """
        snapshot = self._latest()
        return snapshot.searcher.num_docs - 1 if snapshot else 0  # one entry is the marker

    def _latest(self) -> _Snapshot | None:
        """Look at the commit's stamp, and load the commit only when it is another."""
        with self._lock:
            stamp = read_stamp(self._folder)
            if stamp != self._stamp:
                self._snapshot = self._load() if stamp else None
                self._stamp = stamp
            return self._snapshot

    def _load(self) -> _Snapshot | None:
        with index_errors("read"):
            if self._index is None:
                self._index = open_index(self._folder)
            self._index.reload()
            return _read_commit(self._index)


def _read_commit(index: tantivy.Index) -> _Snapshot | None:
    searcher = index.searcher()
    marker = tantivy.Query.term_query(index.schema, DOCUMENT_ID, MARKER)
    hits = searcher.search(marker, 1, count=False).hits
    if not hits:
        return None
    at = hits[0][1]
    entry = searcher.doc(at)
    reached = Reached(int(entry[SEQ][0]), str(entry[CHUNK_ID][0]))
    entries = _entries(marker.explain(searcher, at))
    return _Snapshot(searcher, index.schema, entries, reached, _languages(searcher))


def _languages(searcher: tantivy.Searcher) -> tuple[str, ...]:
    chunks = {one: searcher.doc_freq(LANGUAGE, one or ENGLISH) for one in TERMS_LANGUAGES}
    return tuple(sorted(filter(chunks.__getitem__, chunks), key=chunks.__getitem__, reverse=True))


def _weigh(
    snapshot: _Snapshot, words: Sequence[tuple[str, ...]], names: Container[tuple[str, ...]]
) -> tuple[list[_Term], float]:
    """The terms to look for, each once, and what their BM25 together cannot pass.

    A word's terms, of which a chunk has at most one, are worth what one term would be that all
    their chunks had.
    """
    found: dict[str, _Term] = {}
    known: set[str] = set()
    total = 0.0
    for word in words:
        counts = _count(snapshot.searcher, [term for term in word if term not in known])
        if not counts and not known.isdisjoint(word):
            continue  # another form of a word that was counted
        known.update(word)
        worth = _NAME_WEIGHT if word in names else 1.0
        idf = worth * weigh_word(snapshot.entries, sum(counts.values()))
        total += idf
        for term, count in counts.items():
            weight = idf if is_character(term) else idf / idf_of(snapshot.entries, count)
            found[term] = _Term(term, weight)
    return list(found.values()), (_K1 + 1) * total


def _count(searcher: tantivy.Searcher, terms: Sequence[str]) -> dict[str, int]:
    """How many chunks have each of these terms; those that none has are left out."""
    counts = {
        term: searcher.doc_freq(CHARACTERS if is_character(term) else TERMS, term) for term in terms
    }
    return {term: count for term, count in counts.items() if count}


def _any_of(snapshot: _Snapshot, terms: Sequence[_Term], pairs: Sequence[str]) -> tantivy.Query:
    """Find what has any of the terms; the best also as pairs, or in their headings."""
    weights = {term.text: term.weight for term in terms if not is_character(term.text)}
    queries = [
        *(_one(snapshot.schema, term) for term in terms),
        *_boosted(snapshot, PAIRS, dict.fromkeys(pairs, 1.0), boost=_PAIRS_WEIGHT),
        *_boosted(snapshot, HEADINGS, weights, boost=_HEADINGS_WEIGHT),
    ]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def _boosted(
    snapshot: _Snapshot, field: str, weights: Mapping[str, float], *, boost: float
) -> Iterator[tantivy.Query]:
    """Look for those that the field has: a query for each costs even where there is none."""
    for term, weight in weights.items():
        if snapshot.searcher.doc_freq(field, term):
            query = tantivy.Query.term_query(snapshot.schema, field, term, "basic")
            yield tantivy.Query.boost_query(query, boost * weight)


def _one(schema: tantivy.Schema, term: _Term) -> tantivy.Query:
    if is_character(term.text):
        query = tantivy.Query.term_query(schema, CHARACTERS, term.text, "basic")
        return tantivy.Query.const_score_query(query, term.weight)
    query = tantivy.Query.term_query(schema, TERMS, term.text, "freq")
    return query if term.weight == 1.0 else tantivy.Query.boost_query(query, term.weight)


def _within(
    snapshot: _Snapshot, query: tantivy.Query, documents: Sequence[str] | None
) -> tantivy.Query:
    """The same query with the same scores, in these documents only when there are any named."""
    if documents is None:
        return query
    allowed = _these(snapshot.schema, DOCUMENT_ID, documents)
    must = tantivy.Occur.Must
    return tantivy.Query.boolean_query([(must, query), (must, allowed)])


def _these(schema: tantivy.Schema, field: str, values: Sequence[str]) -> tantivy.Query:
    """The entries with one of these values; they add nothing to a score."""
    # Not tantivy's own query for a set of terms, which takes twice as long.
    named = [tantivy.Query.term_query(schema, field, one, "basic") for one in values]
    these = tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in named])
    return tantivy.Query.const_score_query(these, 0.0)


def _run(snapshot: _Snapshot, query: tantivy.Query, k: int) -> list[tuple[str, float]]:
    searcher = snapshot.searcher
    with index_errors("read"):
        hits = searcher.search(query, k, count=False).hits
        return [(str(searcher.doc(at)[CHUNK_ID][0]), score) for score, at in hits]


def read_stamp(folder: Path) -> _Stamp | None:
    """Tell one commit from another: tantivy puts a new file in place of the old at each."""
    try:
        status = (folder / "meta.json").stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _entries(explanation: tantivy.Explanation) -> int:
    """Read N out of the explanation of a term's score; tantivy tells it nowhere else."""
    _, idf, _ = json.loads(explanation.to_json())["details"]
    return int(idf["details"][1]["value"])
