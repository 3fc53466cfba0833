"""A tiny WordPiece tokenizer as BERT's, for the tiny models that tests write to folders."""

from __future__ import annotations

from collections.abc import Sequence

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
"""Begin the words of a vocabulary."""


def make_tokenizer(words: Sequence[str]) -> dict[str, object]:
    """What `tokenizer.json` holds: each word's number is its place."""
    special = {name: {"id": name, "ids": [words.index(name)], "tokens": [name]} for name in SPECIAL}

    def mark(name: str, side: int) -> dict[str, object]:
        return {"SpecialToken": {"id": name, "type_id": side}}

    def text(name: str, side: int) -> dict[str, object]:
        return {"Sequence": {"id": name, "type_id": side}}

    single = [mark("[CLS]", 0), text("A", 0), mark("[SEP]", 0)]
    return {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": [*single, text("B", 1), mark("[SEP]", 1)],
            "special_tokens": special,
        },
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {word: number for number, word in enumerate(words)},
        },
    }
