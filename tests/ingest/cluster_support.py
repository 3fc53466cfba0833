"""A Ray cluster of two nodes on this machine, in a process of its own, and `ingest` beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

MODEL = "langchain:tests.embeddings.WaitingEmbeddings"
_ROOT = Path(__file__).parents[2]
_NODES = """
import sys
from ray.cluster_utils import Cluster

store = {"object_store_memory": 100 << 20}
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, **store})
cluster.add_node(num_cpus=1, **store)
print(cluster.address, flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class RayCluster:
    """Two nodes with a worker each."""

    process: psutil.Process
    address: str
    environment: Mapping[str, str]
    gate: Path
    """While it exists, texts that say `gated` wait in the workers."""

    def worker_at(self, task: str) -> psutil.Process:
        """Wait until a worker is at such a task."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            for worker in self.process.children(recursive=True):
                if task in _title(worker):
                    return worker
            time.sleep(0.05)
        raise TimeoutError(f"no worker began {task!r}")

    def start(self, home: Path, *arguments: object) -> subprocess.Popen[bytes]:
        """Begin `ingest` on a machine that is a node."""
        environment = {**self.environment, "RAG_HOME": str(home), "RAG_COLLECTION": "notes"}
        command = [sys.executable, "-m", "ingest", *map(str, arguments)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)

    def add(self, home: Path, folder: Path) -> subprocess.Popen[bytes]:
        """Begin to ingest a folder on the cluster."""
        return self.start(
            home, "add", folder, "--engine", "ray", "--address", self.address, "--json"
        )

    def ask(self, home: Path, *arguments: object) -> Any:
        """What `ingest` says, as JSON."""
        return said(self.start(home, *arguments, "--json"))


def said(process: subprocess.Popen[bytes]) -> Any:
    """The one JSON object that a command prints."""
    return json.loads(process.communicate(timeout=180)[0])


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


@contextmanager
def running_cluster(folder: Path) -> Iterator[RayCluster]:
    """Start the nodes and end them, with all that they started."""
    environment = {
        **os.environ,
        "EMBEDDING_MODEL": MODEL,
        "EMBEDDINGS_GATE": str(folder / "gate"),
        "PYTHONPATH": str(_ROOT),
        "RAG_HOME": str(folder / "worker"),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "0123456789abcdef" * 4,
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    nodes = subprocess.Popen(
        [sys.executable, "-c", _NODES],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    process = psutil.Process(nodes.pid)
    try:
        assert nodes.stdout is not None
        address = nodes.stdout.readline().decode().strip()
        driver = {**environment, "EMBEDDINGS_GATE": ""}
        yield RayCluster(process, address, driver, folder / "gate")
    finally:
        started = process.children(recursive=True)
        nodes.communicate(timeout=60)
        for one in started:
            if one.is_running():
                one.kill()
        psutil.wait_procs(started, timeout=30)
