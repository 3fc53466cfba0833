from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.grouping import group_by_reason, tell_each

FILES = st.lists(st.tuples(st.text(), st.text()))


def test_few_files_are_told_one_by_one() -> None:
    assert tell_each("failed", [("/a", "it is empty")]) == ["failed: /a: it is empty"]
    assert tell_each("failed", []) == []


def test_many_files_are_told_by_reason_the_most_frequent_first() -> None:
    files = [(f"/{number}", f"'{number}.pdf' has {number} MiB") for number in range(1_500)]
    files += [("/x", "it is empty")]

    lines = tell_each("failed", files)

    assert lines[0] == "failed: 1,500 files: … has … MiB (such as /0, /1, /2)"
    assert lines[1] == "failed: 1 file: it is empty (such as /x)"
    assert "--report FILE" in lines[2]


def test_reasons_past_the_tenth_are_counted() -> None:
    reasons = "abcdefghijklmnopqrstuvwxyz"

    lines = tell_each("warning", [(reason, reason * 3) for reason in reasons])

    assert lines[10] == "warning: 16 files for 16 other reasons"
    assert len(lines) == 12


@given(FILES)
def test_every_file_is_in_one_group(files: list[tuple[str, str]]) -> None:
    grouped = [source for _, sources in group_by_reason(files) for source in sources]

    assert sorted(grouped) == sorted(source for source, _ in files)
