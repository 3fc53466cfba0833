from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fetch.answers import Known, read_retry_after


def test_what_is_known_is_asked_for_by_what_the_server_gave() -> None:
    assert Known('"one"', None).headers() == {"If-None-Match": '"one"'}
    assert Known(None, "today").headers() == {"If-Modified-Since": "today"}


@pytest.mark.parametrize(
    ("text", "seconds"), [("12", 12), (" 0 ", 0), ("", None), ("soon", None), ("-1", None)]
)
def test_a_wait_is_seconds(text: str, seconds: float | None) -> None:
    assert read_retry_after(text) == seconds


def test_a_wait_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)

    assert 90 < (read_retry_after(date) or 0) <= 100
    assert read_retry_after("Mon, 02 Nov 2020 10:00:00 GMT") == 0


@given(st.text(max_size=60))
def test_any_text_is_a_wait_or_none(text: str) -> None:
    wait = read_retry_after(text)

    assert wait is None or wait >= 0
