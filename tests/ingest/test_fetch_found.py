from __future__ import annotations

from ingest.fetch.found import Found
from ingest.origins import LocalFile
from ingest.plan import Plan, PlannedFile
from rag_core.errors import FetchMissingError


def test_what_was_found_goes_beside_another_plan() -> None:
    here = (PlannedFile("/z", 1, LocalFile("/z")), PlannedFile("/b", 1, LocalFile("/b")))
    found = Found()
    found.add("http://h/a", LocalFile("a"), 2)
    found.add("http://h/a", LocalFile("other"), 3)
    found.skip("hidden", 2)
    found.skip("nothing", 0)
    found.fail("http://h/c", FetchMissingError("gone"))

    plan = found.plan(Plan(here, {"hidden": 1}, (("/d", FetchMissingError("gone")),)))

    found_files = [(file.source, file.size_bytes) for file in plan.files]
    assert found_files == [("/z", 1), ("/b", 1), ("http://h/a", 2)]
    assert plan.skipped == {"hidden": 3}
    assert [source for source, _ in plan.faults] == ["/d", "http://h/c"]


def test_whoever_waits_is_told_now_and_then() -> None:
    told: list[str] = []
    found = Found(tell=told.append, _told=0.0)

    found.tell_sometimes()
    found.tell_sometimes()

    assert told == ["looking for pages: 0 found"]
