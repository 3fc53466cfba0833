import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from rag_core.errors import (
    ConfigurationError,
    RagError,
    VectorsBrokenError,
    VectorsMissingError,
    VectorsUnavailableError,
)
from rag_core.vectors.server import ServerAddress
from rag_core.vectors.wire import Wire


class _Server(HTTPServer):
    """Answers every request with the next answer of a script; None closes the connection."""

    script: list[tuple[int, bytes] | None]
    seen: list[tuple[str, str, str | None]]


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self.server.seen.append((self.command, self.path, self.headers["Authorization"]))
        answer = self.server.script.pop(0)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer[0])
        self.send_header("Content-Length", str(len(answer[1])))
        self.end_headers()
        self.wfile.write(answer[1])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its given name
        pass


@contextmanager
def scripted(*script: tuple[int, bytes] | None) -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Answer) as server:
        server.script, server.seen = list(script), []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def address_of(server: _Server, path: str = "") -> Iterator[ServerAddress]:
    yield ServerAddress("127.0.0.1", server.server_address[1], path=path)


@pytest.fixture
async def opened() -> AsyncIterator[list[Wire]]:
    wires: list[Wire] = []
    yield wires
    for wire in wires:
        await wire.close()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, ConfigurationError),
        (403, ConfigurationError),
        (404, VectorsMissingError),
        (500, VectorsBrokenError),
        (400, VectorsUnavailableError),
        (429, VectorsUnavailableError),
        (503, VectorsUnavailableError),
    ],
)
async def test_a_status_is_an_error_of_ours(
    opened: list[Wire], status: int, error: type[RagError]
) -> None:
    with scripted((status, b"so it is")) as server, address_of(server) as address:
        opened.append(Wire(address, {}, None))

        with pytest.raises(error, match=f"answers {status}: so it is") as caught:
            await opened[0].call("GET", "/heartbeat")
        await opened[0].close()

    assert type(caught.value) is error


async def test_what_is_not_json_is_an_error_of_ours(opened: list[Wire]) -> None:
    with scripted((200, b"<html>")) as server, address_of(server) as address:
        opened.append(Wire(address, {}, None))

        with pytest.raises(VectorsUnavailableError, match="not in JSON"):
            await opened[0].call("GET", "/heartbeat")
        await opened[0].close()


async def test_token_and_path_before_chromas_own_are_sent(opened: list[Wire]) -> None:
    with scripted((200, b"1")) as server, address_of(server, "/behind") as address:
        opened.append(Wire(address, {"Authorization": "Bearer key"}, None))

        answer = await opened[0].call("GET", "/version")
        await opened[0].close()

    assert answer == 1
    assert server.seen == [("GET", "/behind/api/v2/version", "Bearer key")]


async def test_a_connection_closed_without_an_answer_is_said_in_words(opened: list[Wire]) -> None:
    with scripted(None) as server, address_of(server) as address:
        opened.append(Wire(address, {}, None))

        with pytest.raises(VectorsUnavailableError, match="the connection failed"):
            await opened[0].call("GET", "/version")
        await opened[0].close()


async def test_a_server_of_ours_is_found_again_where_it_now_is(opened: list[Wire]) -> None:
    with scripted((200, b"2")) as server, address_of(server) as address:

        async def find() -> ServerAddress:
            return address

        opened.append(Wire(ServerAddress("127.0.0.1", 9), {}, find))

        answer = await opened[0].call("GET", "/version")
        await opened[0].close()

    assert answer == 2


async def test_closing_breaks_off_what_is_under_way() -> None:
    with scripted() as server, address_of(server) as address:
        wire = Wire(address, {}, None)

        await wire.close()
        await wire.close()

    assert server.seen == []


async def test_a_collection_that_is_being_deleted_is_missing(opened: list[Wire]) -> None:
    said = b"Error getting collection: Missing field: [Missing metadata segment]"
    with scripted((412, said)) as server, address_of(server) as address:
        opened.append(Wire(address, {}, None))

        with pytest.raises(VectorsMissingError, match="answers 412"):
            await opened[0].call("GET", "/upsert")
        await opened[0].close()
