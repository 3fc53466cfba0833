from rag_core.lexical.pairs import pair_terms, pair_words


def test_neighbours_are_pairs_in_their_order() -> None:
    assert pair_terms(["hip", "fractur", "hip"]) == ["hip·fractur", "fractur·hip"]
    assert pair_terms(["hip"]) == []


def test_words_that_are_terms_of_several_languages_are_pairs_within_each() -> None:
    words = [("red", "de:red"), ("haus", "de:haus"), ("fr:mur",)]

    assert pair_words(words) == ["red·haus", "de:red·de:haus"]
    assert pair_words([("a",), ("b",), ("a",), ("b",)]) == ["a·b", "b·a"]
