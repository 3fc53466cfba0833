"""OpenAI's Chat Completions: the events of a run as chunks, or as one `chat.completion`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag_api.events import (
    Citation,
    Cited,
    Delta,
    Done,
    Event,
    Failed,
    PassageView,
    Restarted,
    Retrieved,
)
from rag_api.wire.closest import write_closest
from rag_api.wire.completed import Completed
from rag_api.wire.json_line import dump_model, quote_text
from rag_api.wire.open_webui import OPEN_WEBUI_MODEL, view_source
from rag_api.wire.openai_objects import (
    Annotation,
    ChatChoice,
    ChatChunk,
    ChatCompletion,
    ChatDelta,
    ChatMessage,
    ChatUsage,
    ChunkChoice,
    OpenAIError,
    OpenAIFault,
    SearchResult,
    UrlCitation,
)
from rag_api.wire.shown_text import ShownText
from rag_api.wire.source_names import name_sources
from rag_core.errors import ChatRateLimitedError

_END = b"data: [DONE]\n\n"
_NO_PLACE = (0, 0)


class ChatEncoder:
    """Writes one run's events as chunks; no `id:` lines, which break OpenAI's Python client.

    The finishing chunk carries the citations as annotations. For Open WebUI's model its own events
    tell of each source instead, when it is first cited.
    """

    def __init__(
        self, completion_id: str, *, model: str, created: int, include_usage: bool
    ) -> None:
        self._head = ChatChunk(
            id=completion_id,
            object="chat.completion.chunk",
            created=created,
            model=model,
            choices=(),
        )
        self._include_usage = include_usage
        self._source_events = model == OPEN_WEBUI_MODEL
        self._told = 0
        self._passages: tuple[PassageView, ...] = ()
        self._shown = ShownText()
        # A chunk is cut at its text once; a delta then costs no more than quoting the text.
        chunk = _write(self._chunk(ChatDelta(content="")))
        self._before_text, self._after_text = chunk.split(b'"content":""')

    def encode(self, events: Sequence[Event]) -> bytes:
        """Write events that became ready together, in their order."""
        return b"".join(
            [
                self._encode_text(event.text) if isinstance(event, Delta) else self._encode(event)
                for event in events
            ]
        )

    def _encode(self, event: Event) -> bytes:
        match event:
            case Cited():
                self._shown.cite(event.citation)
                return self._tell_sources(event.citation.number)
            case Restarted():
                return self._encode_text(self._shown.restart())
            case Retrieved():
                self._passages = event.passages
                return _write(self._chunk(ChatDelta(role="assistant", content="")))
            case Done():
                return self._encode_done(event)
            case Failed():
                return b"data: %b\n\n" % dump_model(describe_failure(event))
        return b""

    def _encode_text(self, text: str) -> bytes:
        self._shown.add(text)
        return b'%b"content":%b%b' % (self._before_text, quote_text(text), self._after_text)

    def _tell_sources(self, number: int) -> bytes:
        """Tell of the sources up to this number; the marker `[n]` leads to the n-th to arrive."""
        if not self._source_events or number <= self._told:
            return b""
        names = name_sources(self._passages)
        untold, self._told = self._passages[self._told : number], number
        chunk = self._chunk(ChatDelta(content=""))
        events = [view_source(passage, name=names[passage.number]) for passage in untold]
        return b"".join([_write(chunk.model_copy(update={"event": event})) for event in events])

    def _encode_done(self, done: Done) -> bytes:
        closest = write_closest(done.nearest, self._passages)
        said = self._encode_text(closest) if closest else b""
        annotations = annotate(self._passages, self._shown.citations)
        annotated = bool(annotations) and not self._source_events
        delta = ChatDelta(annotations=annotations) if annotated else ChatDelta()
        finish = self._chunk(delta, finish_reason=done.finish_reason).model_copy(
            update={
                "citations": list_urls(annotations),
                "search_results": view_results(self._passages),
            }
        )
        return b"".join([said, _write(finish), self._encode_usage(done), _END])

    def _encode_usage(self, done: Done) -> bytes:
        if not self._include_usage:
            return b""
        return _write(self._head.model_copy(update={"usage": count_usage(done)}))

    def _chunk(self, delta: ChatDelta, *, finish_reason: str | None = None) -> ChatChunk:
        choice = ChunkChoice.model_validate(
            {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        )
        return self._head.model_copy(update={"choices": (choice,)})


def view_completion(
    completed: Completed, *, completion_id: str, model: str, created: int
) -> ChatCompletion:
    """Put a completed run into one `chat.completion`."""
    passages = completed.retrieved.passages
    annotations = annotate(passages, completed.citations)
    text = completed.text + write_closest(completed.done.nearest, passages)
    message = ChatMessage(content=text, annotations=annotations)
    return ChatCompletion(
        id=completion_id,
        created=created,
        model=model,
        choices=(ChatChoice(message=message, finish_reason=completed.done.finish_reason),),
        usage=count_usage(completed.done),
        citations=list_urls(annotations),
        search_results=view_results(passages),
    )


def annotate(
    passages: Sequence[PassageView], citations: Iterable[Citation]
) -> tuple[Annotation, ...]:
    """The n-th annotation is that of `[n]`; the further places of the same passages come behind.

    LobeChat opens the n-th annotation at the marker `[n]`, and Open WebUI the n-th source that
    arrives: so a passage below the highest number cited is sent too, with an empty place in the
    answer, when nothing cites it.
    """
    places: dict[int, list[tuple[int, int]]] = {}
    for citation in citations:
        place = (citation.answer_start, citation.answer_end)
        places.setdefault(citation.number, []).append(place)
    names = name_sources(passages)
    first: list[Annotation] = []
    further: list[Annotation] = []
    for passage in passages[: max(places, default=0)]:
        place, *others = places.get(passage.number, [_NO_PLACE])
        first.append(_annotation(passage.url, names[passage.number], place))
        further.extend(_annotation(passage.url, names[passage.number], one) for one in others)
    return (*first, *further)


def list_urls(annotations: Iterable[Annotation]) -> tuple[str, ...]:
    """The URLs by number: that of `[n]` is the n-th."""
    return tuple(dict.fromkeys(annotation.url_citation.url for annotation in annotations))


def view_results(passages: Sequence[PassageView]) -> tuple[SearchResult, ...]:
    """All that was put before the model."""
    names = name_sources(passages)
    return tuple(
        SearchResult(title=names[passage.number], url=passage.url, snippet=passage.text)
        for passage in passages
    )


def count_usage(done: Done) -> ChatUsage:
    """The run's tokens in OpenAI's words."""
    return ChatUsage(
        prompt_tokens=done.input_tokens,
        completion_tokens=done.output_tokens,
        total_tokens=done.input_tokens + done.output_tokens,
    )


def describe_failure(failed: Failed) -> OpenAIError:
    """What clients raise when the answer breaks off."""
    kind = "rate_limit_error" if failed.error == ChatRateLimitedError.__name__ else "server_error"
    return OpenAIError(error=OpenAIFault(message=failed.detail, type=kind, code=failed.error))


def _annotation(url: str, title: str, place: tuple[int, int]) -> Annotation:
    start, end = place
    citation = UrlCitation(url=url, title=title, start_index=start, end_index=end)
    return Annotation(type="url_citation", url_citation=citation)


def _write(chunk: ChatChunk) -> bytes:
    return b"data: %b\n\n" % dump_model(chunk, only_set=True)
