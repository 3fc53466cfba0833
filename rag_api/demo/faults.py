"""What went wrong with a call → a sentence that a reader of the page can act on."""

from __future__ import annotations

import json
from http import HTTPStatus

from rag_core.errors import RagError

KEY_WANTED = "This API asks for a key: type it into the field “API key”, then ask again."
_AWAY = "The API does not answer. It may be starting or stopped; try again in a moment."


class CallError(RagError):
    """A call to the API failed; the text is a sentence for the page."""

    def __init__(self, sentence: str, *, unauthorized: bool = False) -> None:
        super().__init__(sentence)
        self.unauthorized = unauthorized


def away() -> CallError:
    """No connection, or one that broke."""
    return CallError(_AWAY)


def read_refusal(status: int, body: bytes, retry_after: str | None) -> CallError:
    """An answer with an error's status, `{"error": …, "detail": …}` in its body or not."""
    detail = _read_detail(body)
    if status == HTTPStatus.UNAUTHORIZED:
        wrong = "wrong" in detail
        sentence = "That key is wrong: type the right one, then ask again." if wrong else KEY_WANTED
        return CallError(sentence, unauthorized=True)
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        wait = f"{retry_after} s" if retry_after else "some seconds"
        return CallError(f"{_sentence(detail or 'The API is busy')} Try again in {wait}.")
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return CallError(f"That is too large: {_sentence(detail)}")
    return CallError(_sentence(detail or f"The API answered with status {status}"))


def _read_detail(body: bytes) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    return str(told.get("detail", "")) if isinstance(told, dict) else ""


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
