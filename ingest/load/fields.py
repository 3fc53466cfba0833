"""Records of JSON to the fields of them that a collection reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ingest.load.notebook import is_notebook
from rag_core.errors import EmptyDocumentError

_NAMED = 12


def select_fields(value: object, fields: Sequence[str], *, name: str) -> object:
    """Keep these fields of a record, or of each in a list; all when none is named.

    A record without any of them is left out. Notebooks are no records.

    Raises:
        EmptyDocumentError: nothing has any of them; says what there is.
    """
    if not fields or _is_notebook_value(value):
        return value
    records = _list_records(value)
    paths = [field.split(".") for field in fields]
    kept = list(filter(None, (_pick(record, paths) for record in records)))
    if not kept:
        raise EmptyDocumentError(
            f"{name!r} has none of the fields {', '.join(fields)}; there are: {_name_keys(records)}"
        )
    return kept if isinstance(value, list) else kept[0]


def _is_notebook_value(value: object) -> bool:
    return isinstance(value, dict) and is_notebook(value)


def _list_records(value: object) -> list[Mapping[str, object]]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, Mapping)]


def _name_keys(records: Iterable[Mapping[str, object]]) -> str:
    there = dict.fromkeys(str(key) for record in records for key in record)
    return ", ".join(list(there)[:_NAMED]) or "no fields"


def _pick(record: Mapping[str, object], paths: Iterable[Sequence[str]]) -> dict[str, object]:
    """The parts of a record at these paths, nested as they were."""
    kept: dict[str, object] = {}
    for path in paths:
        part = _find(record, path)
        if part is not None:
            _put(kept, path, part)
    return kept


def _find(record: object, path: Sequence[str]) -> object:
    """What is at a path; in lists on the way, of each part that has it."""
    if not path:
        return record
    if isinstance(record, list):
        found = [_find(one, path) for one in record]
        return [one for one in found if one is not None] or None
    return _find(record.get(path[0]), path[1:]) if isinstance(record, Mapping) else None


def _put(kept: dict[str, object], path: Sequence[str], part: object) -> None:
    *above, last = path
    for name in above:
        below = kept.setdefault(name, {})
        if not isinstance(below, dict):
            return  # the whole of it is there already
        kept = below
    kept[last] = part
