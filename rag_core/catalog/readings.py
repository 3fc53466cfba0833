"""A stored text read as a number or a moment, by SQL that no text makes fail, in both databases.

What is no number or no date gives NULL. `rag_core.filter_values` says what is one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_DAY = "[12][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]"
_MINUTE = f"{_DAY}[T ][0-2][0-9]:[0-5][0-9]"
_SECOND = f"{_MINUTE}:[0-5][0-9]"

# A row of more than 17 digits is a name: a double would not tell it from its neighbours.
# SQLite knows no regular expressions, only GLOB; and its own reading of numbers and dates takes
# more than we do ("12abc", "now", 31 February), so each form is checked before it is read.
_SQLITE_NUMBER = (
    "CASE WHEN length({v}) <= 17 AND {v} GLOB '*[0-9]' AND {v} NOT GLOB '*.*.*'"
    " AND substr({v}, 1 + ({v} GLOB '-*')) GLOB '[0-9]*'"
    " AND substr({v}, 1 + ({v} GLOB '-*')) NOT GLOB '*[^0-9.]*'"
    " THEN CAST({v} AS REAL) END"
)
_ZONE_LENGTH = (
    "CASE WHEN {v} GLOB '*Z' THEN 1 WHEN {v} GLOB '*[+-][01][0-9]:[0-5][0-9]'"
    " AND substr({v}, -5, 2) <= '14' THEN 6 ELSE 0 END"
)
_WITHOUT_ZONE = "substr({v}, 1, length({v}) - " + _ZONE_LENGTH + ")"
_ZONE = "substr({v}, length({v}) + 1 - " + _ZONE_LENGTH + ")"
_WITHOUT_FRACTION = (
    f"CASE WHEN {_WITHOUT_ZONE} GLOB '*[0-9]'"
    f" AND rtrim({_WITHOUT_ZONE}, '0123456789') GLOB '{_SECOND}.'"
    f" THEN substr({{v}}, 1, 19) ELSE {_WITHOUT_ZONE} END"
)
_SQLITE_MOMENT = (
    f"CASE WHEN {{v}} GLOB '{_DAY}*'"
    " AND date(substr({v}, 1, 10), '+0 days') = substr({v}, 1, 10) THEN"
    f" CASE WHEN {{v}} GLOB '{_DAY}' THEN {{v}} || 'T00:00:00'"
    f" WHEN substr({{v}}, 12, 2) <= '23' AND"
    f" ({_WITHOUT_FRACTION} GLOB '{_MINUTE}' OR {_WITHOUT_FRACTION} GLOB '{_SECOND}')"
    f" THEN strftime('%Y-%m-%dT%H:%M:%S', {_WITHOUT_FRACTION} || {_ZONE}) END END"
)
_POSTGRES_NUMBER = (
    "CASE WHEN length({v}) <= 17 AND {v} ~ '^-?[0-9]+([.][0-9]+)?$'"
    " THEN CAST({v} AS DOUBLE PRECISION) END"
)
# Days that there are: a cast of another would fail.
_POSTGRES_DATE = (
    "^([12][0-9]{{3}}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|([12][0-9](0[48]|[2468][048]|[13579][26])|(12|16|20|24|28)00)-02-29)"
)
_POSTGRES_TIME = (
    "[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?"
    "(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?$"
)
_IN_UTC = "to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')"
_POSTGRES_MOMENT = (
    f"CASE WHEN {{v}} ~ '{_POSTGRES_DATE}$' THEN {{v}} || 'T00:00:00'"
    f" WHEN {{v}} ~ '{_POSTGRES_DATE}{_POSTGRES_TIME}' THEN "
    + _IN_UTC.format(
        moment="CAST(regexp_replace({v}, '[.][0-9]+', '')"
        " || CASE WHEN {v} ~ '[Z+]|-[0-9]{{2}}:' THEN '' ELSE 'Z' END AS TIMESTAMP WITH TIME ZONE)"
    )
    + " END"
)


class number_in(FunctionElement[float]):  # noqa: N801 - written like a function, as SQL's are
    """The number that a text is written as."""

    inherit_cache = True
    type = Float()


class moment_in(FunctionElement[str]):  # noqa: N801 - the same
    """The moment that a text is written as, in UTC: `2026-05-01T13:30:00`, which sorts by time."""

    inherit_cache = True
    type = Text()


class moment_of(FunctionElement[str]):  # noqa: N801 - the same
    """A column of moments, written as those are."""

    inherit_cache = True
    type = Text()


class bytewise(FunctionElement[str]):  # noqa: N801 - the same
    """A text that compares by its code points."""

    inherit_cache = True
    type = Text()


class place_in(FunctionElement[int]):  # noqa: N801 - the same
    """Where a text is found in another, from 1; 0 for nowhere. Nothing in it is a wildcard."""

    inherit_cache = True


def _add(element: type[FunctionElement[Any]], *, sqlite: str, postgres: str) -> None:
    """Say how each database writes an element; `{v}` is its column, which has no parameters."""
    for dialect, template in (("sqlite", sqlite), ("postgresql", postgres)):

        def write(
            one: FunctionElement[Any],
            compiler: SQLCompiler,
            template: str = template,
            **options: object,
        ) -> str:
            return template.format(v=compiler.process(one.clauses, **options))

        compiles(element, dialect)(write)


_add(number_in, sqlite=_SQLITE_NUMBER, postgres=_POSTGRES_NUMBER)
_add(moment_in, sqlite=_SQLITE_MOMENT, postgres=_POSTGRES_MOMENT)
_add(
    moment_of,
    sqlite="replace(substr({v}, 1, 19), ' ', 'T')",
    postgres=_IN_UTC.format(moment="{v}"),
)
_add(bytewise, sqlite="{v}", postgres='({v}) COLLATE "C"')
_add(place_in, sqlite="instr({v})", postgres="strpos({v})")
