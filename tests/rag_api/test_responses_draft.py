from __future__ import annotations

import pytest
from openai.types.responses import Response

from rag_api.answer_errors import EventsDroppedError
from rag_api.event_log import EventLog
from rag_api.events import Delta, Event, Restarted
from rag_api.runs import ABANDONED
from rag_api.wire.completed import complete
from rag_api.wire.responses_draft import read_log, view_completed
from rag_api.wire.responses_objects import ResponseObject
from tests.answers import CITED, CLOSEST, DONE, FAILED, MISSED, RETRIEVED, stream

HEAD = ResponseObject(id="resp_5f", created_at=5, model="rag")
ANSWERED = (RETRIEVED, Delta(text="It "), Delta(text="is [1]"), CITED, DONE)
RESTARTED = Restarted(model="other", detail="cut off")


def log_of(*events: Event) -> EventLog:
    log = EventLog()
    if events:
        log.append(events)
    return log


def view(*events: Event) -> ResponseObject:
    return read_log(HEAD, log_of(*events)).view()


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), "in_progress"),
        (ANSWERED[:2], "in_progress"),
        (ANSWERED, "completed"),
        ((*ANSWERED[:2], FAILED), "failed"),
        ((*ANSWERED[:2], ABANDONED), "cancelled"),
        (
            (*ANSWERED[:2], DONE.model_copy(update={"finish_reason": "content_filter"})),
            "incomplete",
        ),
    ],
)
def test_the_status_is_that_of_the_run(events: tuple[Event, ...], status: str) -> None:
    response = view(*events)

    parsed = Response.model_validate_json(response.model_dump_json(), strict=True)
    assert (parsed.status, parsed.id) == (status, "resp_5f")
    assert bool(parsed.output) == (len(events) > 1)


def test_the_end_has_a_time_that_stays() -> None:
    log = log_of(*ANSWERED)

    times = {read_log(HEAD, log).view().completed_at for _ in range(2)}

    assert times == {log.ended_at}
    assert log.ended_at is not None


async def test_a_whole_response_is_what_its_log_says() -> None:
    log = log_of(*ANSWERED)

    completed = await complete(stream(ANSWERED))

    assert view_completed(HEAD, completed, log) == read_log(HEAD, log).view()


def test_what_a_new_beginning_made_void_is_left_out() -> None:
    response = view(RETRIEVED, Delta(text="No"), RESTARTED, *ANSWERED[1:])

    assert response == view(*ANSWERED)


def test_a_rate_limit_has_openais_code() -> None:
    failed = FAILED.model_copy(update={"error": "ChatRateLimitedError"})

    error = view(RETRIEVED, failed).error

    assert error is not None
    assert (error.code, error.type) == ("rate_limit_exceeded", "ChatRateLimitedError")


def test_a_log_without_its_beginning_gives_no_response() -> None:
    log = log_of(*ANSWERED)
    log._dropped = 2

    with pytest.raises(EventsDroppedError, match="2 events"):
        read_log(HEAD, log)


async def test_the_nearest_misses_end_the_text() -> None:
    events = (RETRIEVED, Delta(text="No."), MISSED)

    whole = view_completed(HEAD, await complete(stream(events)), log_of(*events))

    assert whole.output[0].content[0].text == f"No.{CLOSEST}"
    assert view(*events).output == whole.output
