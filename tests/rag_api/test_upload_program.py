"""The real program with its worker: what is uploaded can be asked about."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil

from tests.rag_api.test_native import read_events

ROOT = Path(__file__).parents[2]
BANNER_LINES = 8


@contextmanager
def serving_program(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "RAG_HOME": str(home),
        "RAG_PORT": "0",
        "CHAT_MODEL": "extractive",
        "EMBEDDING_MODEL": "langchain:tests.embeddings.WordEmbeddings",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "rag_api", "serve"],
        env=environment,
        cwd=home,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    banner = "".join(process.stdout.readline() for _ in range(BANNER_LINES))
    try:
        yield process, banner.split("docs   ")[1].split("/docs")[0]
    finally:
        process.kill()
        process.communicate()


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The workers among its children; one is there soon after the start."""
    for _ in range(200):
        children = psutil.Process(process.pid).children()
        if found := [one for one in children if "worker" in one.cmdline()]:
            return found
        time.sleep(0.05)
    raise AssertionError("no worker")


def follow(url: str) -> bytes:
    """The events of a job, without the comments between them; not for ever."""
    received, deadline = b"", time.monotonic() + 60
    with httpx2.stream("GET", url, timeout=60) as response:
        for piece in response.iter_bytes():
            received += piece
            assert time.monotonic() < deadline, received
    return received.replace(b": ping\n\n", b"")


def ended(worker: psutil.Process) -> bool:
    try:
        worker.wait(30)
    except psutil.TimeoutExpired:
        return False
    return True


def test_what_is_uploaded_is_found_and_the_worker_ends_with_the_server(tmp_path: Path) -> None:
    with serving_program(tmp_path) as (process, url):
        files = {"file": ("cats.md", b"# Cats\n\nA cat sleeps all day.\n")}
        job = httpx2.post(f"{url}/v1/documents", files=files).json()
        events = read_events(follow(f"{url}/v1/jobs/{job['id']}/events"))
        found = httpx2.post(f"{url}/v1/search", json={"query": "when does a cat sleep"}).json()
        (worker,) = workers_of(process)
        niceness = worker.nice()
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)

    finished, passage = events[-1][2]["job"], found["passages"][0]
    assert (events[-1][0], finished["state"], finished["attempts"]) == ("finished", "done", 1)
    assert (passage["source"], passage["title"]) == ("upload:cats.md", "Cats")
    assert (niceness, code, ended(worker)) == (10, 0, True)
    assert list((tmp_path / "uploads").iterdir()) == []


def test_the_worker_of_a_killed_server_ends(tmp_path: Path) -> None:
    with serving_program(tmp_path) as (process, _):
        (worker,) = workers_of(process)
        process.kill()

        assert ended(worker)
