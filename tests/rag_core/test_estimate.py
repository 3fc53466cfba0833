from __future__ import annotations

import base64
import random
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.estimate import estimate_tokens
from rag_core.tokens import TokenCounter, open_counter

_GENERATOR = random.Random(1)  # noqa: S311 - a fixed stream, not a secret
_SAMPLES = {
    "prose": "The service answers questions from your documents, and each sentence says where. "
    * 9,
    "code": Path(__file__).read_text(encoding="utf-8"),
    "capitals": "THE SERVICE ANSWERS QUESTIONS FROM YOUR DOCUMENTS",
    "table": "| 0.4281 | 0.918273 |\n|---|---|\n" * 20,
    "base64": base64.b64encode(_GENERATOR.randbytes(2_000)).decode(),
    "hex": _GENERATOR.randbytes(2_000).hex(),
    "german": "Die Donaudampfschifffahrtsgesellschaft wird übermäßig gefördert.",
    "finnish": "Lentokonesuihkuturbiinimoottoriapumekaanikko käveli pääkonttoriin epäröimättä.",
    "polish": "Chrząszcz brzmi w trzcinie w Szczebrzeszynie, a źdźbło kołysze się na wietrze.",
    "russian": "Система отвечает на вопросы по документам и указывает точное место.",
    "greek": "Εδώ είναι μια χώρα της νοτιοανατολικής Ευρώπης με πλούσια ιστορία.",
    "hebrew": "המערכת עונה על שאלות מתוך מסמכים ומצטטת את המקור המדויק.",
    "arabic": "يجيب النظام عن الأسئلة من الوثائق ويذكر المصدر الدقيق لكل إجابة.",
    "chinese": "该系统根据文档回答问题,并准确引用原文的出处。检索增强生成是一种常用的方法。",
    "japanese": "このシステムは文書から質問に答え、正確な出典を示します。",
    "korean": "이 시스템은 문서에서 질문에 답하고 정확한 출처를 표시합니다.",
    "hindi": "यह प्रणाली दस्तावेज़ों से प्रश्नों के उत्तर देती है और सटीक स्रोत बताती है।",
    "tamil": "இந்த அமைப்பு ஆவணங்களிலிருந்து கேள்விகளுக்கு பதிலளிக்கிறது.",
    "amharic": "ይህ ሥርዓት ከሰነዶች ጥያቄዎችን ይመልሳል እና ትክክለኛውን ምንጭ ይጠቅሳል።",
    "emoji": "🎉🚀👩‍👩‍👧‍👦🇩🇪🏳️‍🌈 fine 🙂",
}


@cache
def tiktokens(encoding: str) -> TokenCounter:
    return open_counter(f"tiktoken:{encoding}")


@pytest.mark.parametrize("kind", _SAMPLES)
@pytest.mark.parametrize("encoding", ["cl100k_base", "o200k_base"])
def test_the_estimate_is_never_below_the_truth(kind: str, encoding: str) -> None:
    truth = tiktokens(encoding).count(_SAMPLES[kind])

    assert estimate_tokens(_SAMPLES[kind]) >= truth


def test_english_prose_is_not_overestimated_by_two_thirds() -> None:
    truth = tiktokens("o200k_base").count(_SAMPLES["prose"])

    assert estimate_tokens(_SAMPLES["prose"]) <= truth * 5 / 3


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens(text: str, more: str) -> None:
    assert estimate_tokens(f"{text} {more}") >= max(estimate_tokens(text), estimate_tokens(more))


@given(st.text(min_size=1))
def test_only_the_empty_text_has_no_tokens(text: str) -> None:
    assert estimate_tokens(text) >= 1
    assert estimate_tokens("") == 0
