"""What ingesting does to streams: the gap between tokens, alone and beside a worker at full speed.

Clients read streams of 50 tokens a second through `rag-api serve`, first with nothing else to do,
then while its worker ingests uploads without a pause. All processes share all processors, as on
one machine. The goals: the p99 of an answer's longest gap while ingesting is at most twice that
alone, and at most 50 ms at 50 streams. The exit code is 1 when one is missed.

    .venv/bin/python benchmarks/ingest_while_streaming.py [--streams 50] [--rounds 3] [--files 2000]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contestants import BIN, QUESTION, ROOT, TOKENS, TOOLS, Figures, free_port, wait_for

CORPUS = ROOT.parent / "shared" / "data" / "beir" / "scifact" / "corpus.jsonl"
SAMPLE = ROOT / "data" / "sample"
READING_RATE = 50
FILES_OF_AN_UPLOAD = 100
BOUNDARY = "part-of-the-benchmark"


@dataclass(frozen=True)
class Bench:
    """Where everything is."""

    home: Path
    port: int

    @property
    def url(self) -> str:
        """Of the server under test."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[int]:
    """Run a server until the block ends; gives its process id."""
    with subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.DEVNULL) as one:
        try:
            wait_for(port, one)
            yield one.pid
        finally:
            one.terminate()


@contextmanager
def serving(bench: Bench) -> Iterator[int]:
    """The server with its worker, and a model behind it; gives the server's process id."""
    model = free_port()
    fake = [sys.executable, "-m", "uvicorn", "--app-dir", str(TOOLS), "fake_llm:app"]
    fake += ["--port", str(model), "--log-level", "warning"]
    rate = {"FAKE_TOKENS": str(TOKENS), "FAKE_RATE": str(READING_RATE)}
    settings = {
        "OPENAI_BASE_URL": f"http://127.0.0.1:{model}/v1",
        "OPENAI_API_KEY": "x",
        "CHAT_MODEL": "fake",
        "RAG_HOME": str(bench.home),
        "RAG_PORT": str(bench.port),
        "RAG_LOG_LEVEL": "WARNING",
    }
    with (
        running(fake, model, rate),
        running([str(BIN / "rag-api"), "serve"], bench.port, settings) as pid,
    ):
        yield pid


def load(bench: Bench, streams: int, pid: int) -> Figures:
    """What the load generator says of one round of streams, each asked once."""
    command = [sys.executable, TOOLS / "stream_load.py", f"{bench.url}/v1/answers"]
    command += ["--body", json.dumps({"question": QUESTION}), "--mark", "[1]", "--pid", str(pid)]
    command += ["--concurrency", str(streams), "--requests", "1", "--tokens", str(TOKENS)]
    finished = subprocess.run([*map(str, command)], check=True, capture_output=True)
    figures: Figures = json.loads(finished.stdout)
    return figures


def upload(bench: Bench, rows: list[dict[str, str]]) -> str:
    """Upload some documents; gives the job's id."""
    pieces = []
    for row in rows:
        named = f'name="file"; filename="{row["_id"]}.md"'
        head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {named}"
        pieces.append(f"{head}\r\n\r\n# {row['title']}\n\n{row['text']}\n\r\n")
    body = "".join([*pieces, f"--{BOUNDARY}--\r\n"]).encode()
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    request = urllib.request.Request(f"{bench.url}/v1/documents", body, headers)
    with urllib.request.urlopen(request) as answer:
        job: dict[str, str] = json.load(answer)
    return job["id"]


def ingested(bench: Bench) -> tuple[int, int]:
    """How many chunks are in, and how many jobs are left."""
    with urllib.request.urlopen(f"{bench.url}/v1/jobs?limit=200") as answer:
        jobs = json.load(answer)["jobs"]
    left = sum(job["state"] in ("queued", "running") for job in jobs)
    return sum(job["progress"]["embedded"] for job in jobs), left


def wait_until_at_work(bench: Bench) -> None:
    """Return when the worker embeds."""
    while not ingested(bench)[0]:
        time.sleep(0.2)


def measure(bench: Bench, streams: int, rounds: int, files: int) -> dict[str, list[float]]:
    """Gaps of each round in ms, by what else there was to do; and chunks a second meanwhile."""
    rows = [json.loads(line) for line in CORPUS.read_text().splitlines()][:files]
    found: dict[str, list[float]] = {"alone": [], "ingesting": [], "chunks/s": []}
    with serving(bench) as pid:
        for _ in range(rounds):
            found["alone"].append(load(bench, streams, pid)["gap_p99_ms"])
        for first in range(0, len(rows), FILES_OF_AN_UPLOAD):
            upload(bench, rows[first : first + FILES_OF_AN_UPLOAD])
        wait_until_at_work(bench)
        for _ in range(rounds):
            before, started = ingested(bench)[0], time.monotonic()
            found["ingesting"].append(load(bench, streams, pid)["gap_p99_ms"])
            chunks, left = ingested(bench)
            found["chunks/s"].append((chunks - before) / (time.monotonic() - started))
            if not left:
                print("nothing was left to ingest: give more --files", file=sys.stderr)
    return found


def main() -> int:
    """Ingest the sample, measure, print a table; exit code 1 when a goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--streams", type=int, default=50)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--files", type=int, default=2000)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        bench = Bench(Path(name), free_port())
        environment = os.environ | {"RAG_HOME": name}
        subprocess.run([BIN / "ingest", "add", SAMPLE], env=environment, check=True)
        found = measure(bench, options.streams, options.rounds, options.files)
    print("| | median | lowest | highest |\n|---|--:|--:|--:|")
    middle = {}
    for what, values in found.items():
        middle[what] = sorted(values)[len(values) // 2]
        shown = what if what == "chunks/s" else f"p99 of the longest gap, ms, {what}"
        print(f"| {shown} | {middle[what]:.0f} | {min(values):.0f} | {max(values):.0f} |")
    ratio = middle["ingesting"] / max(middle["alone"], 0.1)
    print(f"\n{options.streams} streams; ingesting / alone: {ratio:.1f}")
    return 0 if ratio <= 2 and middle["ingesting"] <= 50 else 1


if __name__ == "__main__":
    sys.exit(main())
