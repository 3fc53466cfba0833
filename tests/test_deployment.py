"""The files that others read to run us agree with the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values
from fastapi import FastAPI

from rag_api.server import Server
from rag_core.settings import Settings

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SERVICES = {"api", "ingest", "chroma", "postgres", "ollama"}


def compose() -> dict[str, dict[str, dict[str, object]]]:
    loaded: dict[str, dict[str, dict[str, object]]] = yaml.safe_load(
        (ROOT / "compose.yaml").read_text()
    )
    return loaded


def setting_names() -> list[str]:
    return [str(field.alias) for field in Settings.model_fields.values()]


def test_the_example_lists_every_setting_in_the_same_order() -> None:
    example = dotenv_values(ROOT / ".env.example")

    assert list(example) == setting_names()


def test_the_example_holds_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in setting_names():
        monkeypatch.delenv(name, raising=False)

    from_example = Settings(_env_file=ROOT / ".env.example")

    assert from_example == Settings(_env_file=None)


def test_the_readme_explains_every_setting() -> None:
    readme = (ROOT / "README.md").read_text()

    assert [name for name in setting_names() if f"`{name}`" not in readme] == []


def test_the_readme_counts_the_sample_documents() -> None:
    sample = list((ROOT / "data" / "sample").iterdir())

    assert f"default: {len(sample)} added, " in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_compose_has_its_services_and_only_settings_that_exist() -> None:
    services = compose()["services"]
    environment = services["api"]["environment"]

    assert set(services) == SERVICES
    assert isinstance(environment, dict)
    assert set(environment) <= set(setting_names())


@pytest.mark.parametrize("service", ["api", "ingest"])
def test_our_services_run_without_privileges(service: str) -> None:
    settings = compose()["services"][service]

    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges:true"]
    assert settings["read_only"] is True


def test_our_services_wait_until_what_they_stand_on_is_healthy() -> None:
    services = compose()["services"]
    waits = services["ingest"]["depends_on"]

    assert waits == {name: {"condition": "service_healthy"} for name in ("postgres", "chroma")}
    assert "healthcheck" in services["postgres"]
    assert "healthcheck" in services["chroma"]


def test_answers_in_progress_may_end_before_the_container_is_killed() -> None:
    grace = str(compose()["services"]["api"]["stop_grace_period"])

    server = Server(FastAPI(), drain_seconds=Settings(_env_file=None).drain_seconds)
    assert int(grace.removesuffix("s")) > (server.config.timeout_graceful_shutdown or 0)


def test_optional_services_start_only_when_asked_for() -> None:
    services = compose()["services"]

    assert [name for name in SERVICES if "profiles" in services[name]] == ["ollama"]


def test_uploads_are_ingested_by_a_container_that_shares_their_volume() -> None:
    services = compose()["services"]
    api, ingest = services["api"], services["ingest"]

    assert ingest["command"] == ["worker"]
    assert api["environment"]["RAG_WORKER"] == "false"  # type: ignore[index]
    assert "rag:/var/lib/rag" in api["volumes"]  # type: ignore[operator]
    assert "rag:/var/lib/rag" in ingest["volumes"]  # type: ignore[operator]


def test_the_image_is_made_from_the_lock_and_runs_as_a_plain_user() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    instructions = re.findall(r"^([A-Z]+) (.*)$", dockerfile, re.MULTILINE)

    assert "--no-deps --require-hashes -r locks/runtime.txt" in dockerfile
    assert [value for word, value in instructions if word == "USER"] == ["rag"]
    assert instructions[-1] == ("CMD", '["rag-api", "serve"]')


def test_everything_that_the_image_copies_is_there() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)

    missing = [name for names in copied for name in names.split() if not (ROOT / name).exists()]

    assert missing == []


def test_the_chroma_image_is_the_version_that_is_locked() -> None:
    locked = re.search(r"^chromadb==(\S+)", (ROOT / "locks/runtime.txt").read_text(), re.MULTILINE)

    assert locked is not None
    assert compose()["services"]["chroma"]["image"] == f"chromadb/chroma:{locked[1]}"


def test_locks_name_no_host() -> None:
    for lock in (ROOT / "locks").glob("*.txt"):
        assert "://" not in lock.read_text()


def test_the_lock_of_the_javascript_clients_names_no_registry() -> None:
    lock = json.loads((ROOT / "tests/clients/package-lock.json").read_text())
    (_, *packages) = lock["packages"].values()

    assert all("integrity" in package for package in packages)
    assert not any("resolved" in package for package in packages)


def test_the_locks_leave_out_what_is_never_imported() -> None:
    runtime = (ROOT / "locks/runtime.txt").read_text()

    for package in ("kubernetes", "torch", "sentence-transformers", "huggingface-hub"):
        assert f"\n{package}==" not in runtime
