"""The passages that a turn cites → what stands around them in their documents, where these are."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from rag_api.demo.client import Api
from rag_api.demo.faults import CallError
from rag_api.demo.turns import Stretch, Turn
from rag_api.events import Citation
from rag_api.requests import DocumentView

_AROUND_CHARACTERS = 500
"""How much of a document is shown before and after a passage."""

Documents = dict[str, DocumentView | CallError]
"""By their ids: what was read of them, or why it was not."""


async def read_around(turn: Turn, api: Api, read: Documents) -> Turn:
    """Fetch what stands around the passages that are cited by now; it can do without.

    `read` keeps what was read: nothing is asked for twice.
    """
    passages = turn.retrieved.passages if turn.retrieved else ()
    cited = {citation.number for citation in turn.citations} - turn.stretches.keys()
    for passage in passages:
        if passage.number not in cited:
            continue
        document = await _read_document(passage.document_id, api, read)
        if isinstance(document, DocumentView):
            stretch = cut_stretch(document.text, passage.start, passage.end)
            stretch = replace(stretch, page_starts=document.page_starts, page_url=document.page_url)
            turn = replace(turn, stretches={**turn.stretches, passage.number: stretch})
        elif document.not_found:
            turn = replace(turn, gone=turn.gone | {passage.document_id})
    return replace(turn, citations=tuple(_with_page(one, turn) for one in turn.citations))


async def _read_document(document_id: str, api: Api, read: Documents) -> DocumentView | CallError:
    if document_id not in read:
        try:
            read[document_id] = await api.read_document(document_id)
        except CallError as error:
            read[document_id] = error
    return read[document_id]


def _with_page(citation: Citation, turn: Turn) -> Citation:
    """The citation with the page of its own words; a passage may go on over several."""
    stretch = turn.stretches.get(citation.number)
    if stretch is None or not stretch.page_starts:
        return citation
    page = bisect_right(stretch.page_starts, citation.start)
    return citation if page == citation.page else citation.model_copy(update={"page": page})


def cut_stretch(text: str, start: int, end: int) -> Stretch:
    """What stands around a passage, to the end of a word."""
    first = max(0, start - _AROUND_CHARACTERS)
    last = min(len(text), end + _AROUND_CHARACTERS)
    if first > 0:
        first = text.find(" ", first, start) + 1 or first
    if last < len(text):
        space = text.rfind(" ", end, last)
        last = last if space < 0 else space
    return Stretch(first, text[first:last], to_end=last == len(text))
