from __future__ import annotations

from ingest.evaluate.faithful import find_claims, find_supported, own_text
from tests.fakes import WordEmbedder
from tests.ingest.evaluate_support import view

QUOTE = "It ends in the North Sea."


def test_a_sentence_has_the_citations_that_follow_it() -> None:
    answer = "The Rhine ends in the North Sea [1]. It is long."

    first, second = find_claims(view(answer, quotes=[(QUOTE, answer.index("["))]))

    assert first.text == "The Rhine ends in the North Sea."
    assert first.quotes == (QUOTE,)
    assert "Basel" in first.evidence
    assert second.quotes == ()


def test_a_marker_behind_the_full_stop_belongs_to_the_sentence() -> None:
    answer = "It ends in the North Sea. [1] Another sentence. [1]"
    places = [answer.index("["), answer.rindex("[")]

    claims = find_claims(view(answer, quotes=[(QUOTE, at) for at in places]))

    assert [len(claim.quotes) for claim in claims] == [1, 1]


def test_a_sentence_without_a_citation_takes_that_of_the_next_in_its_paragraph() -> None:
    answer = "It is a river. It ends in the sea [1].\n\nSo much for rivers."

    claims = find_claims(view(answer, quotes=[(QUOTE, answer.index("["))]))

    assert [len(claim.quotes) for claim in claims] == [1, 1, 0]


def test_questions_and_announcements_say_nothing() -> None:
    assert find_claims(view("Shall I go on? Here it is:")) == []


def test_the_note_that_no_model_wrote_it_is_no_part_of_an_answer() -> None:
    answer = f"{QUOTE} [1]\n\nNo chat model is configured."

    assert own_text(view(answer, model="extractive")) == f"{QUOTE} [1]"
    assert own_text(view(answer)) == answer


async def supported(answer: str) -> list[bool]:
    cited = view(answer, quotes=[(QUOTE, answer.index("["))])
    return await find_supported(find_claims(cited), WordEmbedder())


async def test_a_quote_is_supported() -> None:
    assert await supported("It ends in the North Sea [1].") == [True]


async def test_what_the_passages_do_not_say_is_not() -> None:
    assert await supported("Whales sing beautifully under arctic glaciers [1].") == [False]


async def test_a_number_that_the_passages_have_not_is_not() -> None:
    assert await supported("The Rhine flows through Basel and Cologne for 1,233 km [1].") == [False]


async def test_half_of_the_words_want_the_meaning_too() -> None:
    near = await supported("It ends in the North Sea, finally [1].")
    far = await supported("Cologne Basel flows without merchants dreaming [1].")

    assert near == [True]
    assert far == [False]


async def test_without_a_citation_nothing_is_supported() -> None:
    assert await find_supported(find_claims(view("It ends in the North Sea.")), WordEmbedder()) == [
        False
    ]
