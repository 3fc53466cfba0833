from __future__ import annotations

import time
from dataclasses import replace

import pytest

from rag_api.duplicates import drop_duplicates
from rag_core.documents import Passage
from tests.api import PASSAGE

TEXT = (
    "The lighthouse stands on a rock in the sea. Its keepers lived there for six weeks at a time, "
    "and a boat brought them water and bread when the weather was calm enough to land."
)


def passages(*texts: str) -> list[Passage]:
    return [
        replace(PASSAGE, chunk_id=f"d{at}-0", source=f"/{at}", document_id=f"d{at}", text=text)
        for at, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    "copy",
    [
        TEXT,
        TEXT.replace(". ", ".\n\n"),
        TEXT.upper().lower(),
        f"# An Old Copy of 1999\n\n{TEXT}",
        TEXT.replace("bread", "food"),
        TEXT[:130],
    ],
)
def test_a_copy_is_left_out_and_its_source_named(copy: str) -> None:
    (kept,) = drop_duplicates(passages(TEXT, copy))

    assert (kept.source, kept.also_in, kept.text) == ("/0", ("/1",), TEXT)


@pytest.mark.parametrize(
    "other",
    [
        "Something else is said here about ships and the people who build them for a living.",
        TEXT.replace("six", "6"),
        TEXT.replace("a boat", "the Pharos"),
        f"{TEXT} A new sentence that the better passage has not.",
        " ".join(reversed(TEXT.split())),
    ],
)
def test_what_says_something_more_stays(other: str) -> None:
    kept = drop_duplicates(passages(TEXT, other))

    assert [one.source for one in kept] == ["/0", "/1"]
    assert not any(one.also_in for one in kept)


def test_forms_that_differ_in_a_number_are_all_kept() -> None:
    forms = [f"{TEXT} The price is {number} euros." for number in (10, 20, 30)]

    assert len(drop_duplicates(passages(*forms))) == 3


def test_many_copies_are_named_up_to_a_limit_and_each_once() -> None:
    kept = drop_duplicates([*passages(*[TEXT] * 40), *passages(TEXT)])

    assert [len(one.also_in) for one in kept] == [20]


@pytest.mark.parametrize("blank", ["\n", " ", "#", "\n#", "a ", "a"])
def test_a_hostile_text_takes_no_time(blank: str) -> None:
    long = "# " + blank * 100_000
    begun = time.process_time()

    drop_duplicates(passages(long, f"{long} More", long))

    assert time.process_time() - begun < 2


@pytest.mark.parametrize("text", ["", "...", "one", "# Only a heading", "灯台は海の岩の上に立つ。"])
def test_short_and_wordless_passages_are_compared_too(text: str) -> None:
    assert len(drop_duplicates(passages(text, text))) == 1
    assert len(drop_duplicates(passages(text, f"{text} And More"))) == 2
