"""What a chat model's server said in refusing → one of our errors, and when to ask again."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import mktime_tz, parsedate_tz

from rag_core.errors import ChatRateLimitedError, ChatRejectedError, ChatUnavailableError

_SHOWN_CHARACTERS = 300
_RATE_LIMITED = 429
_CALLERS_FAULT = range(400, 500)
# Too slow, in conflict with another request, too early: the same request may go through later.
_PASSING = frozenset({408, 409, 425})
_LONGEST_RETRY_AFTER_SECONDS = 86_400.0
"""What a server asks for beyond a day is a fault of its own."""

ChatError = ChatRejectedError | ChatUnavailableError | ChatRateLimitedError


def name_fault(
    said: str, status: int | None, *, retry_after_seconds: float | None = None
) -> ChatError:
    """The error that a refusal with this HTTP status is; None when there was no status."""
    if status == _RATE_LIMITED:
        return ChatRateLimitedError(said, retry_after_seconds=retry_after_seconds)
    if status in _CALLERS_FAULT and status not in _PASSING:
        return ChatRejectedError(said)
    return ChatUnavailableError(said, retry_after_seconds=retry_after_seconds)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds until the server wants to be asked again; None when it does not say."""
    seconds = _read_number(headers.get("retry-after-ms"), unit=0.001)
    if seconds is None:
        seconds = _read_number(headers.get("retry-after"), unit=1)
    return _read_date(headers.get("retry-after")) if seconds is None else seconds


def describe(error: BaseException) -> str:
    """What an error says, on one line and cut to a length that can be shown."""
    return " ".join(str(error).split())[:_SHOWN_CHARACTERS] or type(error).__name__


def _read_number(value: str | None, *, unit: float) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return min(max(0.0, number * unit), _LONGEST_RETRY_AFTER_SECONDS)


def _read_date(value: str | None) -> float | None:
    try:
        date = parsedate_tz(value or "")
        return None if date is None else max(0.0, math.ceil(mktime_tz(date) - time.time()))
    except (ValueError, OverflowError):
        return None
