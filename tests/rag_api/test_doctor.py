from __future__ import annotations

from pathlib import Path

import pytest

from rag_api.doctor import LOOKS, Finding, examine, examine_all, hide_password
from rag_core.errors import ChatUnavailableError
from rag_core.settings import Settings

SETTINGS = Settings(_env_file=None)


async def test_what_is_in_use_is_a_finding() -> None:
    async def look(_: Settings) -> str:
        return "a model"

    assert await examine("chat", look, SETTINGS) == Finding("chat", ok=True, detail="a model")


async def test_a_fault_is_a_finding() -> None:
    async def look(_: Settings) -> str:
        raise ChatUnavailableError("no route")

    assert await examine("chat", look, SETTINGS) == Finding("chat", ok=False, detail="no route")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db:5432/rag?ssl=on", "postgresql://me:***@db:5432/rag?ssl=on"),
        ("postgresql://me@db/rag", "postgresql://me@db/rag"),
        ("sqlite:////data/catalog.sqlite3", "sqlite:////data/catalog.sqlite3"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert hide_password(url) == shown


async def test_the_doctor_says_what_is_in_use(tmp_path: Path) -> None:
    key = "sk-secret"
    settings = Settings(RAG_HOME=tmp_path, OPENAI_API_KEY=key, CHAT_MODEL="tiny", _env_file=None)

    findings = await examine_all(settings)

    assert [finding.part for finding in findings if finding.ok] == [
        "home",
        "catalog",
        "chroma",
        "embedding",
        "reranker",
        "chat",
        "fallback",
    ]
    said = " ".join(finding.detail for finding in findings)
    assert "all-MiniLM-L6-v2" in said
    assert "tiny" in said
    assert key not in said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "none: when the chat model fails, so does the answer (CHAT_FALLBACK_MODEL)"),
        (
            {"CHAT_FALLBACK_MODEL": "small", "CHAT_FALLBACK_BASE_URL": "http://127.0.0.1:9/v1"},
            "small, server http://127.0.0.1:9/v1, key not set, tokens estimated (estimate)",
        ),
        (
            {"CHAT_FALLBACK_MODEL": "extractive"},
            "extractive: no chat model is asked, answers quote the documents",
        ),
    ],
)
async def test_the_doctor_says_what_answers_when_the_model_fails(
    values: dict[str, str], said: str
) -> None:
    model = {"OPENAI_API_KEY": "sk-x", "CHAT_MODEL": "tiny"}

    finding = await examine(
        "fallback", LOOKS["fallback"], Settings(_env_file=None, **model, **values)
    )

    assert (finding.ok, finding.detail) == (True, said)


async def test_the_doctor_says_that_a_fallback_is_not_used() -> None:
    settings = Settings(CHAT_FALLBACK_MODEL="extractive", _env_file=None)

    finding = await examine("fallback", LOOKS["fallback"], settings)

    assert finding.detail.startswith("not used")


async def test_a_fallback_that_cannot_be_meant_is_a_fault() -> None:
    settings = Settings(CHAT_FALLBACK_API_KEY="sk-x", _env_file=None)

    finding = await examine("fallback", LOOKS["fallback"], settings)

    assert not finding.ok
    assert "CHAT_FALLBACK_MODEL" in finding.detail


async def test_the_doctor_finds_every_fault(tmp_path: Path) -> None:
    settings = Settings(
        RAG_HOME=tmp_path,
        DATABASE_URL="postgresql://me:secret@127.0.0.1:1/x",
        CHROMA_URL="http://127.0.0.1:1",
        EMBEDDING_MODEL="/nowhere",
        _env_file=None,
    )

    findings = await examine_all(settings)

    failed = [finding for finding in findings if not finding.ok]
    assert [finding.part for finding in failed] == ["catalog", "chroma", "embedding"]
    assert not any("secret" in finding.detail for finding in findings)
