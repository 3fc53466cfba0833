from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.guard import DEFAULT_GUARD, Removal, lies_below, read_guard
from rag_core.catalog.documents import DocumentSummary
from rag_core.errors import InvalidRequestError


def stored(source: str) -> DocumentSummary:
    return DocumentSummary(
        source, "notes", source, "", "text/plain", 1, 1, 1, {}, b"", datetime.now(UTC), ""
    )


def removal(removed: int, live: int, *, planned: tuple[str, ...] = ("/a/x",)) -> Removal:
    return Removal(["/a"], [stored(f"/a/{n}") for n in range(removed)], live, planned)


@pytest.mark.parametrize(
    ("removed", "live", "refused"),
    [(0, 0, False), (5, 6, False), (6, 30, False), (7, 30, True), (20, 100, False)],
)
def test_by_default_a_fifth_may_go_and_a_few_always(
    removed: int, live: int, *, refused: bool
) -> None:
    assert (removal(removed, live).refusal(DEFAULT_GUARD) is not None) is refused


def test_the_last_document_of_a_source_does_not_go_unasked() -> None:
    emptied = removal(1, 1, planned=("/b/x",))

    assert "is it mounted" in str(emptied.refusal(DEFAULT_GUARD))
    assert emptied.refusal(read_guard("1")) is None
    assert emptied.refusal(read_guard("100%")) is None


def test_a_refusal_says_how_many_and_how_to_allow_them() -> None:
    refusal = str(removal(7, 9).refusal(read_guard("50%")))

    assert refusal.startswith("7 of 9 documents would be removed, such as '/a/0'")
    assert refusal.endswith("--max-delete 7, look at it with --dry-run")


def test_nothing_goes_when_nothing_may() -> None:
    assert removal(1, 1000).refusal(read_guard("0")) is not None
    assert removal(1, 1000).refusal(read_guard("0%")) is not None


@pytest.mark.parametrize("text", ["", "%", "-1", "ten", "5%%", "1.5", "²"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="--max-delete"):
        read_guard(text)


def test_a_folder_has_what_lies_below_it_and_not_what_is_called_like_it() -> None:
    assert [lies_below(one, "/a") for one in ("/a!/b", "/a/b", "/ab", "/")] == [
        True,
        True,
        False,
        False,
    ]
    assert lies_below("/a", "/")
