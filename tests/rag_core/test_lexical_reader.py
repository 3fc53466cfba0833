import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from rag_core.errors import LexicalUnavailableError
from rag_core.lexical.folder import Reached
from rag_core.lexical.reader import Reader
from rag_core.lexical.writer import IndexedChunk, Writer

TEXTS = {
    "a": "The cat sat on the mat.",
    "b": "A dog chased the cat, and the cat ran.",
    "c": "Nothing about animals.",
}
HOSTILE = ["", " ", "the of and", '"AND OR NOT ( [', "text:*", "\0", "😀" * 10, "\ud800", "cat^9~"]


def write(folder: Path, texts: Mapping[str, str], *, seq: int = 1) -> None:
    writer = Writer(folder)
    for document_id, text in texts.items():
        writer.add([IndexedChunk(document_id, f"{document_id}-0", text)])
    writer.commit(Reached(seq, "last"))
    writer.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "index", TEXTS)
    return tmp_path / "index"


def test_the_best_chunk_comes_first(folder: Path) -> None:
    found = Reader(folder).search("cats", 10).best

    assert [chunk_id for chunk_id, _ in found] == ["b-0", "a-0"]
    assert found[0][1] > found[1][1] > 0


def test_no_more_chunks_come_than_asked_for(folder: Path) -> None:
    assert len(Reader(folder).search("cat", 1).best) == 1


def test_only_the_documents_that_are_named_are_searched_with_the_same_scores(folder: Path) -> None:
    every = Reader(folder).search("cat", 10)

    some = Reader(folder).search("cat", 10, only=["a", "c", "unknown"])

    assert some.best == [one for one in every.best if one[0] == "a-0"]
    assert some.ceiling == every.ceiling
    assert Reader(folder).search("cat", 10, only=[]).best == []


def test_an_index_that_is_not_there_is_empty(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "none")

    assert reader.search("cat", 10).best == []
    assert reader.search("cat", 1).scores(["a-0"]) == {}
    assert reader.search("cat", 1).ceiling == 0
    assert reader.reached() is None


@pytest.mark.parametrize("query", ["cat", "die Brücke", "茶"])
def test_an_index_without_chunks_is_searched_in_any_language(tmp_path: Path, query: str) -> None:
    write(tmp_path, {})

    matches = Reader(tmp_path).search(query, 10)

    assert matches.best == []
    assert matches.scores(["a-0"]) == {}


def test_scores_are_exactly_those_of_search(folder: Path) -> None:
    reader = Reader(folder)

    found = dict(reader.search("dog cat mat", 10).best)

    assert reader.search("dog cat mat", 1).scores(["a-0", "b-0"]) == found


def test_a_chunk_without_any_term_scores_zero_and_an_unknown_one_nothing(folder: Path) -> None:
    assert Reader(folder).search("cat", 1).scores(["c-0", "gone"]) == {"c-0": 0.0}


@pytest.mark.parametrize("word", ["cat", "CAT", "dog", "mat", "chased", "unknown"])
def test_no_score_of_a_single_word_passes_the_ceiling(folder: Path, word: str) -> None:
    matches = Reader(folder).search(word, 10)

    assert all(score <= matches.ceiling for _, score in matches.best)


def test_words_that_stand_together_as_in_the_query_are_worth_more(tmp_path: Path) -> None:
    write(tmp_path, {"apart": "Hip pain, bone fracture.", "together": "Bone pain, hip fracture."})

    found = Reader(tmp_path).search("hip fractures", 2).best

    assert [chunk_id for chunk_id, _ in found] == ["together-0", "apart-0"]
    assert found[0][1] > found[1][1]


def test_words_of_the_headings_are_worth_more(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.add([IndexedChunk("a", "a-0", "Bones\nThe hip."), IndexedChunk("c", "c-0", "A cat.")])
    writer.add([IndexedChunk("b", "b-0", "Bones\nThe hip.", headings="Bones")])
    writer.commit(Reached(1, "b"))
    writer.close()

    found = Reader(tmp_path).search("bone", 2).best

    assert [chunk_id for chunk_id, _ in found] == ["b-0", "a-0"]
    assert found[0][1] > found[1][1]


def test_names_and_figures_are_worth_more_than_other_words(tmp_path: Path) -> None:
    write(tmp_path, {"word": "Some cranes are tall.", "name": "The Humber is wide."})
    reader = Reader(tmp_path)

    written, lower = reader.search("cranes at the Humber", 2), reader.search("cranes humber", 2)

    assert [chunk_id for chunk_id, _ in written.best] == ["name-0", "word-0"]
    assert written.best[0][1] == pytest.approx(1.2 * written.best[1][1])
    assert lower.best[0][1] == lower.best[1][1]
    assert written.ceiling == pytest.approx(1.1 * lower.ceiling)


def test_a_heading_that_all_chunks_have_tells_nothing(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.add([IndexedChunk("a", f"a-{at}", f"Book\nWord {at}", headings="Book") for at in "123"])
    writer.commit(Reached(1, "a"))
    writer.close()

    matches = Reader(tmp_path).search("book", 3)

    assert all(score < 1.5 * matches.ceiling for _, score in matches.best)


def test_an_unknown_term_counts_as_the_rarest_in_the_ceiling(folder: Path) -> None:
    ceiling = Reader(folder).search("unknown", 1).ceiling

    assert ceiling == pytest.approx(2.2 * math.log(1 + (100 + 0.5) / 0.5))


def test_in_a_small_index_a_word_of_one_chunk_is_worth_nearly_what_an_unknown_one_is(
    folder: Path,
) -> None:
    reader = Reader(folder)

    held, unknown = reader.search("chased", 1).ceiling, reader.search("unknown", 1).ceiling

    assert held < unknown < 1.3 * held


@pytest.mark.parametrize("query", HOSTILE)
def test_a_hostile_query_finds_something_or_nothing(folder: Path, query: str) -> None:
    reader = Reader(folder)

    assert len(reader.search(query, 10).best) in (0, 2)
    assert reader.search(query, 1).scores(["c-0"]) == {"c-0": 0.0}
    assert reader.search(query, 1).ceiling >= 0


def test_a_reader_sees_the_commit_of_another(folder: Path) -> None:
    reader = Reader(folder)
    before = reader.search("bird", 10).best

    write(folder, {"d": "A bird."}, seq=2)

    assert before == []
    assert reader.search("bird", 10).best[0][0] == "d-0"
    assert reader.reached() == Reached(2, "last")


def test_what_is_not_committed_is_not_seen(folder: Path) -> None:
    writer = Writer(folder)

    writer.add([IndexedChunk("d", "d-0", "A bird.")])
    writer.close()

    assert Reader(folder).search("bird", 10).best == []
    assert Reader(folder).reached() == Reached(1, "last")


def test_a_removed_document_is_not_found_and_the_ceiling_still_holds(folder: Path) -> None:
    writer = Writer(folder)
    writer.remove(["a"])
    writer.commit(Reached(2, "a"))
    writer.close()

    reader = Reader(folder)

    assert [chunk_id for chunk_id, _ in reader.search("cat", 10).best] == ["b-0"]
    assert reader.search("cat", 10).best[0][1] <= reader.search("cat", 1).ceiling


@pytest.mark.parametrize("suffix", ["json", "term", "store", "idx"])
def test_a_broken_file_is_an_error_of_ours(folder: Path, suffix: str) -> None:
    next(folder.glob(f"[!.]*.{suffix}")).write_bytes(b"broken")

    with pytest.raises(LexicalUnavailableError, match="cannot be read"):
        Reader(folder).search("cat", 10)


def test_a_reader_outlives_the_index_being_made_anew(folder: Path) -> None:
    reader = Reader(folder)
    reader.reached()

    for file in folder.iterdir():
        file.unlink()
    gone = reader.search("bird", 10).best
    write(folder, {"d": "A bird."}, seq=9)

    assert gone == []
    assert reader.search("bird", 10).best[0][0] == "d-0"


def test_an_index_has_one_writer(folder: Path) -> None:
    first = Writer(folder)

    with pytest.raises(LexicalUnavailableError, match="cannot be written"):
        Writer(folder)

    first.close()
