"""Servers to measure, each a process on a core of its own, and the load that is put on them."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOOLS = ROOT.parent / "shared" / "tools"
BIN = Path(sys.executable).parent
SERVER_CORE, OTHER_CORE = "0", "1"
TOKENS = 500  # an answer
QUESTION = "What does the context say about retrieval?"
OURS = "ours, native events"
START_SECONDS = 60.0

Figures = dict[str, float]


@dataclass(frozen=True)
class Contestant:
    """A server to measure, and how it is asked."""

    name: str
    command: list[str]
    path: str
    body: str


@dataclass(frozen=True)
class Bench:
    """Where everything is."""

    python: Path
    """Of the peers' environment, which the load generator needs too."""
    home: Path
    """RAG_HOME, with documents in it."""
    port: int
    """Of the server under test."""


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once something listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    message = f"{process.args!r} did not start"
    raise RuntimeError(message)


@contextlib.contextmanager
def started(command: list[str], core: str, port: int, environment: dict[str, str]) -> Iterator[int]:
    """Run a server on one core until the block ends; gives its process id."""
    process = subprocess.Popen(
        ["taskset", "-c", core, *command],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, process)
        yield process.pid
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()


@contextlib.contextmanager
def upstream(python: Path, **settings: float) -> Iterator[str]:
    """The fake model; `rate` tokens a second and stream (0: as fast as it can), `ttft` seconds."""
    port = free_port()
    command = [str(python), "-m", "uvicorn", "--app-dir", str(TOOLS), "fake_llm:app"]
    command += ["--port", str(port), "--log-level", "warning"]
    environment = {f"FAKE_{name.upper()}": str(value) for name, value in settings.items()}
    with started(command, OTHER_CORE, port, {"FAKE_TOKENS": str(TOKENS)} | environment):
        base_url = f"http://127.0.0.1:{port}/v1"
        urllib.request.urlopen(f"{base_url}/models").close()
        yield base_url


@contextlib.contextmanager
def serving(
    contestant: Contestant, bench: Bench, base_url: str, **more: str
) -> Iterator[tuple[str, int]]:
    """The server under test, with the model behind it; gives its URL and process id."""
    environment = {
        "OPENAI_BASE_URL": base_url,
        "OPENAI_API_KEY": "x",
        "CHAT_MODEL": "fake",
        "RAG_HOME": str(bench.home),
        "RAG_PORT": str(bench.port),
        "RAG_LOG_LEVEL": "ERROR",
        "CHROMA_DIR": str(bench.home / "tutorial"),
    }
    with started(contestant.command, SERVER_CORE, bench.port, environment | more) as pid:
        yield f"http://127.0.0.1:{bench.port}{contestant.path}", pid


def contestants(bench: Bench) -> list[Contestant]:
    """Ours, then the tutorial, then a relay that parses nothing."""
    ours = json.dumps({"question": QUESTION})
    openai = json.dumps(
        {"model": "rag", "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    )
    uvicorn = [str(bench.python), "-m", "uvicorn", "--port", str(bench.port)]
    peers = [*uvicorn, "--log-level", "warning", "--app-dir", str(TOOLS / "peers")]
    serve = [str(BIN / "rag-api"), "serve"]
    return [
        Contestant(OURS, serve, "/v1/answers", ours),
        Contestant("ours, chat completions", serve, "/v1/chat/completions", openai),
        Contestant("tutorial", [*peers, "tutorial_app:app"], "/ask", ours),
        Contestant("byte relay", [*peers, "proxy_floor:app"], "/", ours),
    ]


def load(bench: Bench, url: str, body: str, *, pid: int, options: list[str]) -> Figures:
    """What the load generator of shared/tools says of one run."""
    finished = subprocess.run(
        [
            *("taskset", "-c", OTHER_CORE, bench.python, TOOLS / "stream_load.py", url),
            *("--body", body, "--pid", str(pid), "--mark", "[1]", "--tokens", str(TOKENS)),
            *options,
        ],
        check=True,
        capture_output=True,
    )
    figures: Figures = json.loads(finished.stdout)
    return figures


def wait_for_tokens(
    bench: Bench, url: str, bodies: list[str], *, callers: int, each: int, mark: str = "[1]"
) -> Figures:
    """What callers wait for the first token and between two reads, by `ask.py`."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(bodies, file)
        file.flush()
        asking = [ROOT / "benchmarks" / "ask.py", url, str(callers), str(each)]
        options = ["--mark", mark, "--bodies", file.name]
        finished = subprocess.run(
            ["taskset", "-c", OTHER_CORE, bench.python, *asking, *options],
            check=True,
            capture_output=True,
        )
    figures: Figures = json.loads(finished.stdout)
    return figures
