"""Texts that JSON can carry and UTF-8 cannot: those that hold half of a surrogate pair."""

from __future__ import annotations


def make_well_formed(text: str) -> str:
    """Write `?` for each half of a surrogate pair, which no tokenizer and no server takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def check_unicode(text: str) -> str:
    """Return the text as it is.

    Raises:
        ValueError: it holds half of a surrogate pair.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("must be valid Unicode: it holds half a surrogate pair") from error
    return text
