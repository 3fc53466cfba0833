"""Tokens of a text without any tokenizer: never too few for natural text, some 40 % too many."""

from __future__ import annotations

import math
import re

# Tokens for each match, fitted from above to cl100k_base and o200k_base on prose, code, tables
# and random bytes as hex or base64, and on one or two sentences in each of 18 other languages.
_WEIGHTS = tuple(
    (re.compile(pattern), weight)
    for pattern, weight in (  # of plain ASCII only the first five match anything
        (r"(?<![a-z])[A-Z]?[a-z]{1,6}", 1.1),  # a word, or its beginning
        (r"(?<=[a-z]{6})[a-z]{1,2}", 0.7),  # the rest of a long word
        (r"[A-Z]{1,2}", 1.1),
        (r"[0-9]{1,3}|[!-/:-@\[-`{-~]", 1.15),
        (r"\s{2,}|[\x00-\x1f\x7f]", 1.0),
        (r"[\x80-\u024f]", 2.2),  # Latin with accents
        (r"[\u0250-\u07ff]", 1.3),  # Greek, Cyrillic, Hebrew, Arabic: two bytes
        (r"[\u3000-\u9fff\uac00-\ud7af]", 1.7),  # Chinese, Japanese, Korean
        (r"[\u0800-\u2fff\ua000-\uabff\ud7b0-\uffff]", 3.0),  # rarer: a token for each byte
        (r"[\U00010000-\U0010ffff]", 4.0),
    )
)
_ASCII = 5


def estimate_tokens(text: str) -> int:
    """Estimate from above; 0 for the empty text only. Unspaced random letters may pass it."""
    weights = _WEIGHTS[:_ASCII] if text.isascii() else _WEIGHTS
    total = sum(weight * len(pattern.findall(text)) for pattern, weight in weights)
    return max(math.ceil(total), int(text != ""))
