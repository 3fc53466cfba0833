from __future__ import annotations

import inspect
import re

import pytest

from rag_core import errors
from rag_core.errors import RagError

_BRANCH = re.compile(r"^((?:│   |    )*)[├└]── (\w+)", re.MULTILINE)
_CLASSES = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, RagError)
}


def drawn() -> dict[str, str]:
    """Each error of the drawn tree, and the one that it hangs on."""
    parents: dict[str, str] = {}
    path = ["RagError"]
    for indent, name in _BRANCH.findall(errors.__doc__ or ""):
        path[len(indent) // 4 + 1 :] = [name]
        parents[name] = path[-2]
    return parents


def test_the_drawn_tree_holds_every_error() -> None:
    assert {"RagError", *drawn()} == set(_CLASSES)


@pytest.mark.parametrize(("name", "parent"), drawn().items())
def test_each_error_hangs_where_it_is_drawn(name: str, parent: str) -> None:
    assert [base.__name__ for base in _CLASSES[name].__bases__] == [parent]


@pytest.mark.parametrize("kind", _CLASSES.values())
def test_each_error_says_what_it_is(kind: type[RagError]) -> None:
    assert kind.__name__ == "RagError" or kind.__name__.endswith("Error")
    assert (kind.__doc__ or "").endswith(".")


def test_a_fingerprint_mismatch_names_both_and_the_way_out() -> None:
    error = errors.FingerprintMismatchError("notes", stored="a/int8", current="a/fp32")

    words = ("'notes'", "'a/int8'", "'a/fp32'", "ingest reindex --collection notes")
    assert all(word in str(error) for word in words)


def test_an_unknown_collection_names_those_that_there_are() -> None:
    some = errors.CollectionNotFoundError("x", ["b", "a"])
    none = errors.CollectionNotFoundError("x", [])

    assert str(some).endswith("there are: 'a', 'b'")
    assert str(none).endswith("none yet")
