from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag_core.catalog.storable import batched, storable


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\0\ud800\udfff\ufffd"))))
def test_what_is_storable_has_the_same_length_and_no_refused_character(text: str) -> None:
    stored = storable(text)

    stored.encode()
    assert len(stored) == len(text)
    assert "\0" not in stored
    assert all(one == other for one, other in zip(stored, text, strict=True) if one != "\ufffd")


@given(st.lists(st.integers()), st.integers(1, 5))
def test_batches_are_the_items_in_order(items: list[int], size: int) -> None:
    parts = list(batched(items, size))

    assert [item for part in parts for item in part] == items
    assert all(0 < len(part) <= size for part in parts)
