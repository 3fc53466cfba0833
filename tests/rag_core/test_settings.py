"""Settings come from the environment, and a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag_core.errors import ConfigurationError
from rag_core.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_PORT", "9000")

    assert read_settings().port == 9000


def test_the_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("RAG_PORT=1\nRAG_COLLECTION=from-file\n")
    monkeypatch.setenv("RAG_PORT", "2")

    settings = read_settings()

    assert (settings.port, settings.collection) == (2, "from-file")


def test_an_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")

    assert read_settings().database_url is None


def test_the_home_folder_of_the_user_is_not_taken_for_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.delenv("RAG_HOME", raising=False)

    assert read_settings().home == tmp_path / "data/store"


def test_a_wrong_value_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_PORT", "http")

    with pytest.raises(ConfigurationError, match=r"RAG_PORT='http'"):
        read_settings()


@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "CHAT_FALLBACK_BASE_URL", "RERANK_URL"])
@pytest.mark.parametrize("url", ["http://user:hunter2@host/v1", "host/v1"])
def test_a_base_url_with_a_password_or_without_a_scheme_is_refused(
    url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, url)

    with pytest.raises(ConfigurationError, match=rf"{name}.*must look like") as caught:
        read_settings()

    assert "hunter2" not in str(caught.value)


def test_the_home_is_absolute() -> None:
    assert Settings(RAG_HOME=Path("store"), _env_file=None).home.is_absolute()


def test_the_catalog_is_sqlite_in_the_home_unless_a_url_is_given(tmp_path: Path) -> None:
    own = Settings(RAG_HOME=tmp_path, _env_file=None)
    other = Settings(RAG_HOME=tmp_path, DATABASE_URL="postgresql://host/rag", _env_file=None)

    assert own.catalog_url == f"sqlite:///{tmp_path}/catalog.sqlite3"
    assert other.catalog_url == "postgresql://host/rag"


def test_keys_are_not_shown() -> None:
    names = ("OPENAI_API_KEY", "RAG_API_KEY", "CHAT_FALLBACK_API_KEY", "RERANK_API_KEY")
    settings = Settings(**{name: f"{name}-secret" for name in names}, _env_file=None)

    assert "secret" not in repr(settings)
