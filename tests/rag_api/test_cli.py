from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from rag_api.cli import app, check_home, refuse_workers
from rag_api.listening import bind, describe_server
from rag_core.errors import ConfigurationError
from tests.api import ScriptedChat, make_parts

BANNER_LINES = 8
README = Path(__file__).parents[2] / "README.md"
SERVE = [sys.executable, "-m", "rag_api", "serve"]


def environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the machine's own settings."""
    ours = {"PATH": os.environ["PATH"], "RAG_HOME": str(home), "RAG_PORT": "0", "RAG_WORKER": "no"}
    return {**ours, "CHAT_MODEL": "extractive", **more}


@contextmanager
def running(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server as a process, and its URL as the banner tells it."""
    with subprocess.Popen(
        SERVE, env=environment(home), cwd=home, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        banner = "".join(process.stdout.readline() for _ in range(BANNER_LINES))
        try:
            yield process, banner.split("docs   ")[1].split("/docs")[0]
        finally:
            process.terminate()


def test_the_server_answers_and_stops_orderly(tmp_path: Path) -> None:
    with running(tmp_path) as (process, url):
        readiness = httpx2.get(f"{url}/readyz").json()
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)

    assert readiness["ready"] is True
    assert set(readiness["parts"]) == {"catalog", "vectors", "embedding"}
    assert code == 0


@pytest.mark.parametrize(
    ("name", "value"), [("RAG_PORT", "x"), ("WEB_CONCURRENCY", "2"), ("RAG_HOME", "/dev/null/x")]
)
def test_a_wrong_setting_is_named(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=f"{name}={value}|{name}='{value}'"):
        app(["serve"], standalone_mode=False)


def test_a_server_that_cannot_start_says_why_in_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        SERVE,
        env=environment(tmp_path, EMBEDDING_MODEL="/nowhere"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("rag-api: ")
    assert "EMBEDDING_MODEL" in sentence
    assert done.returncode == 1


def test_a_port_in_use_is_named() -> None:
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(ConfigurationError, match=rf"127\.0\.0\.1:{port} .*in use"):
            bind("127.0.0.1", port)


def test_a_host_that_is_not_ours_is_named() -> None:
    with pytest.raises(ConfigurationError, match="RAG_HOST"):
        bind("192.0.2.1", 0)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has it")
def test_the_system_keeps_little_and_not_for_long_for_a_client_that_does_not_read() -> None:
    with bind("127.0.0.1", 0) as listener:
        kept_bytes = listener.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        milliseconds = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert kept_bytes <= 512 * 1024
    assert milliseconds == 120_000


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match="RAG_HOME"):
        check_home(tmp_path / "file" / "store")


@pytest.mark.parametrize("given", [{}, {"WEB_CONCURRENCY": "1"}, {"WEB_CONCURRENCY": " "}])
def test_one_worker_is_enough(given: dict[str, str]) -> None:
    refuse_workers(given)


def test_the_banner_names_an_address_that_can_be_opened() -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:  # noqa: S104 - the case in question
        banner = describe_server(make_parts(api_key="secret"), listener, demo=True)
        port = listener.getsockname()[1]

    assert f"http://127.0.0.1:{port}/docs\n" in banner
    assert f"http://127.0.0.1:{port}/demo\n" in banner
    assert f"http://127.0.0.1:{port}/mcp\n" in banner
    assert len(banner.splitlines()) == BANNER_LINES
    assert "$RAG_API_KEY" in banner
    assert "secret" not in banner


def test_the_readme_shows_the_banner_as_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        parts = make_parts(chat=ScriptedChat(model="extractive"))
        banner = describe_server(parts, listener, demo=True)
        port = listener.getsockname()[1]

    assert banner.replace(str(port), "8000") in README.read_text()
