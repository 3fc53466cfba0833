"""A web server's status and headers to what they mean for a fetch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal

import aiohttp

from rag_core.errors import FetchFailedError, FetchMissingError, FetchRefusedError

_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (404, 410)
_LATER = (408, 425, 429, 500, 502, 503, 504)
_LONGEST_VALIDATOR = 1024


@dataclass(frozen=True, slots=True)
class Known:
    """What a server said of a version that we have; at least one of them is there."""

    etag: str | None
    last_modified: str | None

    def headers(self) -> dict[str, str]:
        """Ask with these, and an unchanged version is not sent again."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched, all but its bytes."""

    url: str
    """Where it was in the end, after redirects."""
    media_type: str
    """As the server says, in lower case; empty when it does not."""
    etag: str | None
    last_modified: str | None
    size_bytes: int
    content_hash: bytes
    """SHA-256."""


@dataclass(frozen=True, slots=True)
class Moved:
    """It is elsewhere."""

    to: str
    """As the server says: maybe relative, maybe hostile."""


def read_answer(
    response: aiohttp.ClientResponse, where: str, *, conditional: bool
) -> Moved | Literal["same"] | None:
    """Say what an answer means; None when its body is what we want. `where` begins an error.

    Raises:
        FetchMissingError: nothing is there.
        FetchFailedError: it may be there later.
        FetchRefusedError: the server does not give it to us.
    """
    status = response.status
    if status == HTTPStatus.OK:
        return None
    if status == HTTPStatus.NOT_MODIFIED and conditional:
        return "same"
    said = f"{where}the server answers {status} {_phrase(status)}".rstrip()
    if status in _REDIRECTS and "Location" in response.headers:
        return Moved(response.headers["Location"])
    if status in _GONE:
        raise FetchMissingError(said)
    if status in _LATER:
        raise _later(said, read_retry_after(response.headers.get("Retry-After", "")))
    raise FetchRefusedError(said)


def _later(said: str, wait_seconds: float | None) -> FetchFailedError:
    asks = f", and asks us to wait {wait_seconds:,.0f} s" if wait_seconds else ""
    return FetchFailedError(said + asks, retry_after_seconds=wait_seconds)


def read_headers(
    response: aiohttp.ClientResponse, url: str, *, size_bytes: int, content_hash: bytes
) -> Fetched:
    """Note what the headers say of what was fetched."""
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Fetched(
        url,
        media_type,
        _validator(response, "ETag"),
        _validator(response, "Last-Modified"),
        size_bytes,
        content_hash,
    )


def read_retry_after(text: str) -> float | None:
    """Read seconds, or a date, as seconds from now; None when it is neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _validator(response: aiohttp.ClientResponse, name: str) -> str | None:
    value = response.headers.get(name)
    return value if value and len(value) <= _LONGEST_VALIDATOR and value.isprintable() else None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
