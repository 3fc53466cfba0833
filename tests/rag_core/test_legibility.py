import json
from pathlib import Path

import numpy as np
import pytest

from rag_core.embedding.model import find_model
from rag_core.legibility import is_legible, temper

MINILM = f"file:{find_model('local').tokenizer}"


def write(folder: Path, kind: str, vocab: object) -> str:
    file = folder / f"{kind}.json"
    file.write_text(json.dumps({"model": {"type": kind, "vocab": vocab}}))
    return f"file:{file}"


@pytest.mark.parametrize("text", ["", "12 ?", "Größe", "TNFα levels", "GPT-4 价格", "ＡＢＣ", "🙂"])
def test_an_english_model_reads_what_is_mostly_latin(text: str) -> None:
    assert is_legible(text, tokenizer=MINILM)


@pytest.mark.parametrize("text", ["Кто это?", "价格是多少", "それは何", "얼마예요", "كم", "Ποιος"])
def test_an_english_model_does_not_read_other_scripts(text: str) -> None:
    assert not is_legible(text, tokenizer=MINILM)


def test_a_model_reads_the_scripts_of_its_words(tmp_path: Path) -> None:
    russian = write(tmp_path, "Unigram", [["▁кто", -1.0], ["▁это", -2.0], ["▁the", -3.0]])
    chinese = write(tmp_path, "WordPiece", {chr(0x4E00 + at): at for at in range(2_000)})

    assert is_legible("кто", tokenizer=russian)
    assert is_legible("丁七", tokenizer=chinese)
    assert not is_legible("кто", tokenizer=chinese)


def test_where_pieces_are_bytes_or_unknown_every_text_counts_as_legible(tmp_path: Path) -> None:
    assert is_legible("кто", tokenizer=write(tmp_path, "BPE", {"Ð¿": 0}))
    assert is_legible("кто", tokenizer="tiktoken:cl100k_base")


def test_cosines_of_what_cannot_be_read_count_for_little() -> None:
    cosines = np.array([0.2, 0.9])

    read = temper(cosines, legible=True)
    unread = temper(cosines, legible=False)

    assert read is cosines
    assert np.diff(unread) == pytest.approx(0.25 * np.diff(cosines))
    assert 0.4 < unread.min() < unread.max() < 0.7
