from collections.abc import Sequence

import numpy as np
import pytest

from rag_api.events import PassageView
from rag_api.sentence_choice import choose_sentences
from tests.fakes import WordEmbedder
from tests.passages import DOCUMENT, PASSAGES, passage_of
from tests.texts import TEXTS


class CountingEmbedder(WordEmbedder):
    def __init__(self) -> None:
        self.embedded: list[int] = []

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.embedded.append(len(texts))
        return await super().embed(texts)


async def choose(question: str, *passages: PassageView) -> list[str]:
    chosen = await choose_sentences(question, passages, WordEmbedder())
    assert all(DOCUMENT[one.quote.start : one.quote.end] == one.quote.text for one in chosen)
    return [one.quote.text for one in chosen]


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        ("When was the lighthouse built?", "The lighthouse on"),
        ("How many metres above the sea is it?", "It stands 48"),
        ("How many weeks did its keepers live there at a time?", "Its keepers"),
    ],
)
async def test_the_best_sentence_comes_first_and_is_quoted_exactly(
    question: str, begins: str
) -> None:
    chosen = await choose(question, *PASSAGES)

    assert chosen[0].startswith(begins)
    assert len(chosen) == 3


async def test_headings_and_tables_are_left_out_where_there_is_prose() -> None:
    chosen = await choose("Which part is the lamp of the lighthouse?", PASSAGES[0])

    assert all(sentence[-1] == "." for sentence in chosen)


async def test_a_row_of_a_table_is_quoted_whole_when_it_says_enough() -> None:
    row = "| the lamp oil | burns for six. Then dies. |"
    text = f"Ask the keeper about it.\n\n| what | does |\n|---|---|\n{row}\n| a wick of wool | |\n"

    chosen = await choose_sentences(
        "lamp oil?", [passage_of(0, len(text), document=text)], WordEmbedder()
    )

    assert [one.quote.text for one in chosen] == [row, "Ask the keeper about it."]


async def test_without_prose_the_rest_is_better_than_nothing() -> None:
    start = DOCUMENT.index("| lamp")

    assert await choose("lamp", passage_of(start, start + 14)) == ["| lamp | 3 m |"]


async def test_a_sentence_that_two_passages_hold_is_quoted_once() -> None:
    chosen = await choose("keepers", PASSAGES[1], PASSAGES[1].model_copy(update={"number": 3}))

    assert len(chosen) == len(set(chosen)) == 2


async def test_only_so_many_sentences_are_embedded() -> None:
    text = " ".join(f"The keeper wrote line {number} in his book." for number in range(80))
    embedder = CountingEmbedder()

    await choose_sentences("keeper?", [passage_of(0, len(text), document=text)], embedder)

    assert embedder.embedded == [13]


@pytest.mark.parametrize(
    "code",
    [
        "for await (const event of ask(keeper, lamp)) show(event)",
        "keeper=lamp and the rest of a call that begins above",
        "const keeper of the lamp and its light;",
    ],
)
async def test_code_whose_fence_stands_in_another_passage_is_no_prose(code: str) -> None:
    text = f"{code}\n```\n\nThe keeper lit the lamp(s) at dusk each evening."

    chosen = await choose_sentences(
        "keeper lamp?", [passage_of(0, len(text), document=text)], WordEmbedder()
    )

    assert [one.quote.text for one in chosen] == [text.rpartition("\n")[2]]


@pytest.mark.parametrize(
    ("language", "question", "begins"),
    [
        ("de", "Wie werden Reparaturen bezahlt?", "Täglich"),
        ("de", "Wann wurde die Brücke eröffnet?", "Die neue"),
        ("fr", "Qui a inauguré le pont ?", "Le nouveau"),
        ("es", "¿Cómo se paga la reparación?", "Lo cruzan"),
        ("ru", "Кто открыл новый мост?", "Новый"),
        ("zh", "维修费用由谁支付？", "每天"),
        ("zh", "新桥何时开通？", "这座"),
        ("ja", "修理の費用は？", "毎日"),
        ("ko", "수리 비용은 어떻게 내나요?", "매일"),
        ("ar", "كم سيارة تعبر كل يوم؟", "تعبره"),
        ("hi", "हर दिन कितने वाहन पार करते हैं?", "हर दिन"),
    ],
)
async def test_a_sentence_answers_in_its_language(
    language: str, question: str, begins: str
) -> None:
    heading, text = "## 1998 | 1998", TEXTS[language]
    passage = passage_of(0, 20).model_copy(update={"text": f"{heading}\n\n{text}", "start": 0})

    chosen = await choose_sentences(question, [passage], WordEmbedder())

    assert chosen[0].quote.text.startswith(begins)
    assert all(one.quote.text in text for one in chosen)
