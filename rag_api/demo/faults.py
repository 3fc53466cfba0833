"""What went wrong with a call → a sentence that a reader of the page can act on."""

from __future__ import annotations

import json
from http import HTTPStatus

from rag_core.errors import RagError

KEY_WANTED = "This API asks for a key: type it into the field “API key”, press Enter, and ask."
_AWAY = "The API does not answer. It may be starting or stopped; try again in a moment."


class CallError(RagError):
    """A call to the API failed; the text is a sentence for the page."""

    def __init__(self, sentence: str, *, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        """Of HTTP; None when there was no answer."""

    @property
    def unauthorized(self) -> bool:
        """Whether a key is wanted, or another one."""
        return self.status == HTTPStatus.UNAUTHORIZED

    @property
    def not_found(self) -> bool:
        """Whether what was asked for is not there, or no longer."""
        return self.status == HTTPStatus.NOT_FOUND


def away() -> CallError:
    """No connection, or one that broke."""
    return CallError(_AWAY)


def read_refusal(status: int, body: bytes, retry_after: str | None) -> CallError:
    """An answer with an error's status, `{"error": …, "detail": …}` in its body or not."""
    detail = _read_detail(body)
    if status == HTTPStatus.UNAUTHORIZED:
        wrong = "wrong" in detail
        sentence = "That key is wrong: type the right one, then ask again." if wrong else KEY_WANTED
        return CallError(sentence, status=status)
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        wait = f"{retry_after} s" if retry_after else "some seconds"
        return CallError(
            f"{make_sentence(detail or 'The API is busy')} Try again in {wait}.", status=status
        )
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return CallError(f"That is too large: {make_sentence(detail)}", status=status)
    sentence = make_sentence(detail or f"The API answered with status {status}")
    return CallError(sentence, status=status)


def _read_detail(body: bytes) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    return str(told.get("detail", "")) if isinstance(told, dict) else ""


def make_sentence(text: str) -> str:
    """A text of the API's with a capital and a full stop."""
    return end_sentence(text[:1].upper() + text[1:])


def end_sentence(text: str) -> str:
    """The text with a full stop, where it has no other end."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
