from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.catalog.addresses import parse_address
from rag_core.errors import ConfigurationError


@pytest.mark.parametrize("name", ["catalog.sqlite3", "a b?c#d%20é&x=1.db", "sub/../x.db"])
def test_a_path_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    address = parse_address(f"sqlite:///{tmp_path}/{name}")

    assert address.file == Path(f"{tmp_path}/{name}")
    assert address.url.database == f"{tmp_path}/{name}"


def test_a_relative_path_begins_where_we_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    assert parse_address("sqlite:///store/x.db").file == tmp_path / "store/x.db"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_postgres_is_reached_by_asyncpg(scheme: str) -> None:
    address = parse_address(f"{scheme}://user:secret@host:5433/name")

    assert address.url.render_as_string(hide_password=False) == (
        "postgresql+asyncpg://user:secret@host:5433/name"
    )
    assert address.shown == "postgresql://user@host:5433/name"
    assert address.file is None


def test_sslmode_has_the_name_that_asyncpg_knows() -> None:
    address = parse_address("postgresql://host/name?sslmode=require")

    assert address.url.query == {"ssl": "require"}


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"'pool'; known are: host, port, sslmode"):
        parse_address("postgresql://user:secret@host/name?pool=3")


@pytest.mark.parametrize(
    "url", ["", "mysql://host/x", "sqlite://", "sqlite:///", "sqlite:///:memory:", "x", "sqlite:/a"]
)
def test_what_is_no_catalog_is_refused_with_the_forms(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sqlite:///PATH or postgresql://"):
        parse_address(url)


@given(st.text(alphabet="abc:/@?#[]%&=1 é", max_size=30))
def test_a_password_is_never_shown(rest: str) -> None:
    try:
        shown = parse_address(f"postgresql://user:s3cr3t@host{rest}").shown
    except ConfigurationError as error:
        shown = str(error)

    assert "s3cr3t" not in shown
