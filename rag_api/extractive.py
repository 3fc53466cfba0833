"""An answer without a model: the best sentences of the passages, each with its own citation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag_api.abstention import explain_misfit, fits
from rag_api.events import Cited, Delta, Outcome, Retrieved
from rag_api.quotes import cite_quote
from rag_api.sentence_choice import ChosenSentence, choose_sentences
from rag_core.embedding import Embedder
from rag_core.sentences import read_cells

MODEL = "extractive"
NO_MODEL = "No chat model is configured (CHAT_MODEL)"
CHOSEN = "No chat model was asked, by choice"
MODEL_FAILED = "The chat model does not answer"

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_REFERENCE = re.compile(r"\s?\[[\d,;–\- ]+\]|\[\^[^\]]*\]")
_MARKS = re.compile(r"\*\*|__|`|(?<!\w)[*_]|[*_](?!\w)")
_PIECE = re.compile(r"(?:\S+\s*){1,3}")

Piece = tuple[Delta | Cited, ...]


@dataclass(frozen=True, slots=True)
class Extract:
    """A whole extractive answer."""

    pieces: tuple[Piece, ...]
    """What a model would have streamed, in order."""
    outcome: Outcome


async def extract(retrieved: Retrieved, embedder: Embedder, *, why: str = NO_MODEL) -> Extract:
    """Quote up to three sentences, or say why nothing fits; there are passages.

    `why` tells the reader why no model answers. Nothing fits when no passage has the least score.
    """
    if not fits(retrieved):
        return _abstain(retrieved, why)
    # Not by the query: names from the turns before draw sentences that hold nothing else.
    chosen = await choose_sentences(retrieved.question, retrieved.passages, embedder)
    return Extract(tuple(_write(chosen, why)), "answered") if chosen else _abstain(retrieved, why)


def _abstain(retrieved: Retrieved, why: str) -> Extract:
    text = f"{explain_misfit(retrieved)}\n\n{why}."
    return Extract(tuple((Delta(text=piece),) for piece in cut_in_pieces(text)), "insufficient")


def _write(chosen: Sequence[ChosenSentence], why: str) -> Iterator[Piece]:
    length = 0
    for sentence in chosen:
        *pieces, last = cut_in_pieces(f"{_clean(sentence.quote.text)} ")
        for piece in pieces:
            yield (Delta(text=piece),)
        marker = f"[{sentence.passage.number}]"
        start = length + sum(map(len, pieces)) + len(last)
        length = start + len(marker)
        citation = cite_quote(sentence.passage, sentence.quote, answer=(start, length))
        yield Delta(text=last + marker), Cited(citation=citation)
        yield (Delta(text="\n\n"),)
        length += 2
    for piece in cut_in_pieces(f"{why}: these are sentences quoted from the documents."):
        yield (Delta(text=piece),)


def cut_in_pieces(text: str) -> list[str]:
    """A few words each; together they are the text."""
    return _PIECE.findall(text)


def _clean(quote: str) -> str:
    """A quote on one line, without Markdown's marks and the document's own references.

    Of a table's row the first cell names what the others say.
    """
    plain = _MARKS.sub("", _REFERENCE.sub("", _LINK.sub(r"\1", quote)))
    if plain.startswith("|"):
        cells = read_cells(plain)
        plain = ": ".join(filter(None, ("".join(cells[:1]), "; ".join(cells[1:]))))
    return " ".join(plain.split()) or " ".join(quote.split())
