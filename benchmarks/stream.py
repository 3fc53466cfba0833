"""CPU per streamed token and streams per core, beside the tutorial app and a byte relay.

A fake upstream, the server under test and the clients are separate processes; the server has one
core to itself, the others share the second. Each contestant runs in turn, several rounds, in one
session. How to make the peer's Python is in docs/performance.md.

    .venv/bin/python benchmarks/stream.py --peer-python PEER/bin/python [--rounds 3]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
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
CORPUS = ROOT.parent / "shared" / "data" / "beir" / "scifact" / "corpus.jsonl"
SAMPLE = ROOT / "data" / "sample"
BIN = Path(sys.executable).parent
SERVER_CORE, OTHER_CORE = "0", "1"
TOKENS = 500  # an answer
QUESTION = "What does the context say about retrieval?"
START_SECONDS = 60.0


@dataclass(frozen=True)
class Contestant:
    """A server to measure, and how it is asked."""

    name: str
    command: list[str]
    path: str
    body: str


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
        process.wait()


def load(python: Path, url: str, body: str, pid: int, options: list[str]) -> dict[str, float]:
    """What the load generator of shared/tools says of one run."""
    finished = subprocess.run(
        [
            *("taskset", "-c", OTHER_CORE, python, TOOLS / "stream_load.py", url, "--body", body),
            *("--pid", str(pid), "--mark", "[1]", "--tokens", str(TOKENS), *options),
        ],
        check=True,
        capture_output=True,
    )
    figures: dict[str, float] = json.loads(finished.stdout)
    return figures


def contestants(peer_python: Path, port: int) -> list[Contestant]:
    """Ours, then the tutorial, then a relay that parses nothing."""
    ours = json.dumps({"question": QUESTION})
    openai = json.dumps(
        {"model": "rag", "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    )
    uvicorn = [str(peer_python), "-m", "uvicorn", "--port", str(port), "--log-level", "warning"]
    serve = [str(BIN / "rag-api"), "serve"]
    peers = [*uvicorn, "--app-dir", str(TOOLS / "peers")]
    return [
        Contestant("ours, native events", serve, "/v1/answers", ours),
        Contestant("ours, chat completions", serve, "/v1/chat/completions", openai),
        Contestant("tutorial", [*peers, "tutorial_app:app"], "/ask", ours),
        Contestant("byte relay", [*peers, "proxy_floor:app"], "/", ours),
    ]


def run_once(
    contestant: Contestant, python: Path, ports: tuple[int, int], home: Path, rate: int
) -> dict[str, float]:
    """One contestant under load: at full speed, or 50 tokens a second when a rate is given."""
    port, upstream = ports
    base = f"http://127.0.0.1:{upstream}/v1"
    environment = {
        "OPENAI_BASE_URL": base,
        "OPENAI_API_KEY": "x",
        "CHAT_MODEL": "fake",
        "RAG_HOME": str(home),
        "RAG_PORT": str(port),
        "CHROMA_DIR": str(home / "tutorial"),
    }
    options = ["--concurrency", str(rate or 32), "--requests", "1" if rate else "6"]
    with started(contestant.command, SERVER_CORE, port, environment) as pid:
        url = f"http://127.0.0.1:{port}{contestant.path}"
        return load(python, url, contestant.body, pid, options)


@contextlib.contextmanager
def upstream(python: Path, rate: int) -> Iterator[int]:
    """The fake model, with this many tokens a second and stream; 0 is as fast as it can."""
    port = free_port()
    command = [str(python), "-m", "uvicorn", "--app-dir", str(TOOLS), "fake_llm:app"]
    command += ["--port", str(port), "--log-level", "warning"]
    with started(command, OTHER_CORE, port, {"FAKE_TOKENS": str(TOKENS), "FAKE_RATE": str(rate)}):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models").close()
        yield port


def full_speed(python: Path, home: Path, rounds: int) -> None:
    """Print the table of CPU per token, 32 clients at the upstream's full speed."""
    port = free_port()
    found: dict[str, list[dict[str, float]]] = {}
    with upstream(python, 0) as model:
        for _ in range(rounds):
            for contestant in contestants(python, port):
                figures = run_once(contestant, python, (port, model), home, 0)
                found.setdefault(contestant.name, []).append(figures)
                print(contestant.name, figures, file=sys.stderr)
    print("| | µs CPU/token | lowest | tokens/s | errors |\n|---|--:|--:|--:|--:|")
    for name, runs in found.items():
        costs = [run["cpu_us_per_token"] for run in runs]
        cost, speed = statistics.median(costs), statistics.median(r["tokens_per_s"] for r in runs)
        errors = sum(run["errors"] for run in runs)
        print(f"| {name} | {cost:.1f} | {min(costs):.1f} | {speed:.0f} | {errors} |")


def at_reading_speed(python: Path, home: Path, streams: list[int]) -> None:
    """Print the table of streams per core at 50 tokens/s each."""
    port = free_port()
    print("\n| streams of 50 tokens/s | | p99 of the longest gap, ms | CPU of one core | errors |")
    print("|--:|---|--:|--:|--:|")
    with upstream(python, 50) as model:
        for count in streams:
            for contestant in contestants(python, port)[:3]:
                figures = run_once(contestant, python, (port, model), home, count)
                seconds = figures["requests"] / max(figures["answers_per_s"], 0.01)
                share = 100 * figures["server_cpu_s"] / seconds
                print(
                    f"| {count} | {contestant.name} | {figures['gap_p99_ms']:.0f} "
                    f"| {share:.0f} % | {figures['errors']:.0f} |",
                    flush=True,
                )


def main() -> int:
    """Ingest the sample, then print both tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--peer-python", type=Path, required=True)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--streams", type=int, nargs="*", default=[50, 100, 200, 400])
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        environment = os.environ | {"RAG_HOME": name}
        subprocess.run([BIN / "ingest", "add", SAMPLE], env=environment, check=True)
        fill = [options.peer_python, TOOLS / "peers" / "tutorial_ingest.py", CORPUS]
        subprocess.run([*fill, home / "tutorial", "300"], check=True)
        full_speed(options.peer_python, home, options.rounds)
        at_reading_speed(options.peer_python, home, options.streams)
    return 0


if __name__ == "__main__":
    sys.exit(main())
