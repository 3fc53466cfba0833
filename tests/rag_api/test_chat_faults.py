from __future__ import annotations

import math
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.chat.faults import describe, name_fault, read_retry_after
from rag_core.errors import ChatRateLimitedError, ChatRejectedError, ChatUnavailableError

HEADER = st.one_of(st.text(), st.floats().map(str), st.datetimes().map(str))


@pytest.mark.parametrize(
    ("status", "named"),
    [
        (400, ChatRejectedError),
        (401, ChatRejectedError),
        (402, ChatRejectedError),
        (404, ChatRejectedError),
        (408, ChatUnavailableError),
        (409, ChatUnavailableError),
        (429, ChatRateLimitedError),
        (500, ChatUnavailableError),
        (529, ChatUnavailableError),
        (None, ChatUnavailableError),
    ],
)
def test_a_status_says_whether_to_ask_again(status: int | None, named: type[Exception]) -> None:
    error = name_fault("it said no", status)

    assert type(error) is named
    assert str(error) == "it said no"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "-4"}, 0.0),
        ({"retry-after": "Mon, 01 Jan 2024 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_the_time_to_come_back_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers) == seconds


def test_the_time_to_come_back_may_be_a_date() -> None:
    date = formatdate(time.time() + 60, usegmt=True)

    assert read_retry_after({"retry-after": date}) == pytest.approx(60, abs=2)


@given(number=HEADER, other=HEADER)
def test_whatever_a_header_says_the_time_is_finite_or_unknown(number: str, other: str) -> None:
    seconds = read_retry_after({"retry-after": number, "retry-after-ms": other})

    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


def test_an_error_is_told_on_one_line_of_a_length_that_can_be_shown() -> None:
    assert describe(ValueError("two\n  lines")) == "two lines"
    assert describe(ValueError()) == "ValueError"
    assert len(describe(ValueError("x" * 5000))) == 300
