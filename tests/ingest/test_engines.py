from __future__ import annotations

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest.cluster.crew import _reach
from ingest.cluster.rounds import _error
from ingest.engines import LOCAL, RayEngine, choose_engine
from rag_core.errors import (
    EmbeddingRejectedError,
    InvalidRequestError,
    RagError,
    UnavailableError,
)

WITHOUT_RAY = """
import sys
sys.modules["ray"] = None
sys.argv = ["ingest", "add", ".", "--engine", "ray"]
from ingest.cli import main
main()
"""


def test_the_engine_is_the_one_that_was_asked_for() -> None:
    assert choose_engine("local", None) is LOCAL
    assert choose_engine("ray", "head:6379") == RayEngine("head:6379")


def test_an_address_without_ray_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="goes with --engine ray only"):
        choose_engine("local", "head:6379")


def test_without_ray_the_error_names_the_extra() -> None:
    command = [sys.executable, "-c", WITHOUT_RAY]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "--engine ray needs the extra 'ray'" in done.stderr
    assert "pip install '.[ray]'" in done.stderr


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:x", "127.0.0.1:1"])
def test_an_address_where_nobody_is_is_an_error_at_once(address: str) -> None:
    with pytest.raises(UnavailableError, match=f"{address}.*HOST:PORT"):
        _reach(address)


def test_an_address_where_something_else_answers_is_an_error_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as threads:
        port = server.getsockname()[1]
        reaching = threads.submit(_reach, f"127.0.0.1:{port}")
        line, _ = server.accept()
        with line:
            line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            with pytest.raises(UnavailableError, match="something else answers"):
                reaching.result()


def test_an_error_of_a_worker_is_the_same_error_here() -> None:
    assert isinstance(_error("EmbeddingRejectedError", "no"), EmbeddingRejectedError)
    assert str(_error("EmbeddingRejectedError", "no")) == "no"


@pytest.mark.parametrize("name", ["NewerError", "OverloadedError"])
def test_an_error_of_a_worker_that_cannot_be_made_here_keeps_its_text(name: str) -> None:
    error = _error(name, "too many")

    assert isinstance(error, RagError)
    assert str(error) == "too many"
