"""Example questions, and how far an upload is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag_api.demo.examples import write_examples
from rag_api.demo.uploads import render_fault, render_job, render_sending
from rag_api.events import PassageView
from rag_api.job_views import JobDetail, JobView
from rag_core.catalog.jobs import Job, UploadedFile
from tests.answers import passage_view
from tests.api import MADE_AT

JOB = Job(
    id="j1",
    collection="notes",
    state="running",
    files=(UploadedFile("upload:<b>.md", "0", 9),),
    url=None,
    metadata=None,
    progress={"files": 2, "done": 1, "chunks": 7},
    report=None,
    error=None,
    detail=None,
    cancelling=False,
    attempts=1,
    worker=None,
    due_at=MADE_AT,
    version=2,
    created_at=MADE_AT,
    started_at=MADE_AT,
    finished_at=None,
)


def passage(number: int, title: str, *path: str) -> PassageView:
    return passage_view(number, title=title).model_copy(update={"heading_path": path})


def test_headings_that_ask_are_asked_and_others_are_asked_about() -> None:
    found = [
        passage(1, "Guide", "Guide", "How answers stream"),
        passage(1, "Guide", "Guide", "Second of the same document"),
        passage(2, "Handbook", "Holidays"),
        passage(3, "Report", "Report"),
        passage(4, "`x`", "key, meaning"),
        passage(5, "Untold", "Ab"),
        passage(6, "More than enough", "Heading"),
    ]

    assert write_examples(found) == [
        "How answers stream?",
        "What does “Handbook” say about “Holidays”?",
        "What is “Report” about?",
        "What is “Untold” about?",
    ]


def test_a_job_on_its_way_shows_how_far_it_is() -> None:
    html = render_job(JobView.model_validate(JOB))

    assert "1 of 2 done, 7 passages ready" in html
    assert 'value="0.50"' in html
    assert "&lt;b&gt;.md" in html


@pytest.mark.parametrize(
    ("state", "progress", "report", "said"),
    [
        ("queued", {}, None, "Waiting to read"),
        ("done", {"files": 1, "done": 1, "added": 1}, None, "Ask about it now."),
        ("done", {"files": 1, "done": 1, "unchanged": 1}, None, "unchanged"),
        (
            "done",
            {"files": 1, "done": 1, "failed": 1},
            {"failed": [{"source": "a", "error": "E", "detail": "'<b>.md' is encrypted"}]},
            "could not be added: it is encrypted.",
        ),
        ("cancelled", {}, None, "could not be added: it was cancelled."),
    ],
)
def test_what_came_of_a_job_is_a_sentence(
    state: str, progress: dict[str, int], report: dict[str, object] | None, said: str
) -> None:
    job = replace(JOB, state=state, progress=progress, report=report)

    assert said in render_job(JobDetail.model_validate(job))


def test_of_several_files_each_that_failed_has_its_reason_and_the_others_are_not_lost() -> None:
    files = tuple(UploadedFile(f"upload:{name}", "0", 9) for name in "abcdefgh")
    progress = {"files": 8, "done": 8, "added": 2, "failed": 6}
    failed = [{"source": name, "error": "E", "detail": f"{name} is empty"} for name in "abcdef"]
    job = replace(JOB, state="done", files=files, progress=progress, report={"failed": failed})

    assert (
        "6 of 8 files could not be added: "
        "a is empty; b is empty; c is empty; d is empty; e is empty; … "
        "The others can be asked about."
    ) in render_job(JobDetail.model_validate(job))


def test_before_and_instead_of_a_job() -> None:
    assert "Sending 2 files…" in render_sending(["a", "b"])
    assert "fault" in render_fault("No.")
