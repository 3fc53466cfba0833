import pytest

from rag_api.events import Cited, Delta
from rag_api.extractive import MODEL_FAILED, Extract, cut_in_pieces, extract
from tests.fakes import WordEmbedder
from tests.passages import DOCUMENT, PASSAGES, passage_of, retrieved

FOUND = retrieved(*PASSAGES, question="When was the lighthouse built?")


def text_of(found: Extract) -> str:
    events = [event for piece in found.pieces for event in piece]
    return "".join(event.text for event in events if isinstance(event, Delta))


async def test_each_sentence_has_a_citation_that_quotes_it_and_covers_its_marker() -> None:
    found = await extract(FOUND, WordEmbedder())

    text = text_of(found)
    events = [event for piece in found.pieces for event in piece]
    citations = [event.citation for event in events if isinstance(event, Cited)]
    assert found.outcome == "answered"
    assert len(citations) == 3
    for cited in citations:
        assert text[cited.answer_start : cited.answer_end] == f"[{cited.number}]"
        assert text[: cited.answer_start].endswith(f"{cited.quote} ")
        assert DOCUMENT[cited.start : cited.end] == cited.quote


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("| `lamp` oil | burns for | six hours |", "lamp oil: burns for; six hours [1]"),
        ("| lamp a\\|b | burns |", "lamp a|b: burns [1]"),
        ("| `_` |", "| `_` | [1]"),
    ],
)
async def test_of_a_row_the_first_cell_names_what_the_others_say(row: str, said: str) -> None:
    text = text_of(await extract(retrieved(passage_of(0, len(row), document=row)), WordEmbedder()))

    assert text.startswith(said)


async def test_it_says_that_no_model_is_configured() -> None:
    found = await extract(FOUND, WordEmbedder())

    assert "No chat model is configured (CHAT_MODEL)" in text_of(found).splitlines()[-1]


async def test_it_says_that_the_model_does_not_answer_when_it_stands_in_for_one() -> None:
    found = await extract(FOUND, WordEmbedder(), why=MODEL_FAILED)

    assert text_of(found).endswith(
        f"{MODEL_FAILED}: these are sentences quoted from the documents."
    )


async def test_it_abstains_when_nothing_fits() -> None:
    passage = PASSAGES[0].model_copy(update={"fused_score": 0.2})

    found = await extract(retrieved(passage), WordEmbedder())

    assert found.outcome == "insufficient"
    assert "the closest passage scores 0.200, and 0.250 is what" in text_of(found)


async def test_a_collection_may_have_a_least_score_of_its_own() -> None:
    strict, just = (FOUND.model_copy(update={"least_score": least}) for least in (0.61, 0.6))

    outcomes = [(await extract(found, WordEmbedder())).outcome for found in (strict, just)]

    assert outcomes == ["insufficient", "answered"]


async def test_the_question_chooses_the_sentences_and_not_the_query() -> None:
    asked = FOUND.model_copy(update={"question": "made automatic?", "query": "Skerry Rock"})

    found = await extract(asked, WordEmbedder())

    assert text_of(found).startswith("The light was made automatic in 1994")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("The **light** shines `always` here.", "The light shines always here."),
        ("See [the guide](http-x) for the\nlight [3].", "See the guide for the light."),
        ("Set max_tokens and _more_ light now.", "Set max_tokens and more light now."),
    ],
)
async def test_sentences_are_shown_without_markdown(written: str, shown: str) -> None:
    passage = passage_of(0, len(written), document=written)

    found = await extract(retrieved(passage, question="light?"), WordEmbedder())

    assert text_of(found).startswith(f"{shown} [1]")


def test_pieces_are_a_few_words_and_together_the_text() -> None:
    text = "One two three four five. "

    assert cut_in_pieces(text) == ["One two three ", "four five. "]
