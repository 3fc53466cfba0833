from rag_core.lexical.pairs import in_pairs


def test_each_term_stands_with_the_one_after_it() -> None:
    assert in_pairs(["old", "hip", "fractur"]) == ["old·hip", "hip·fractur"]


def test_less_than_two_terms_have_no_pairs() -> None:
    assert in_pairs(["hip"]) == in_pairs([]) == []
