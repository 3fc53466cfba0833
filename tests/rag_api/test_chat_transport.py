import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx2
import pytest

from rag_api.chat.transport import StreamTransport

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@asynccontextmanager
async def asking(
    *replies: bytes, close: bool = False
) -> AsyncIterator[tuple[httpx2.AsyncClient, list[int]]]:
    """A client of a bare server that gives these bytes; and the requests of each connection."""
    requests: list[int] = []
    served: list[asyncio.Event] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(0)
        while await reader.readuntil(b"\r\n\r\n"):
            requests[-1] += 1
            for reply in replies:
                writer.write(reply)
                await writer.drain()
                await asyncio.sleep(0.01)
            if close:
                break

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done = asyncio.Event()
        served.append(done)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await answer(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        done.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        transport = StreamTransport(httpx2.create_ssl_context())
        base_url = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(transport=transport, base_url=base_url) as client:
            yield client, requests
        await asyncio.gather(*(done.wait() for done in served))


async def test_chunks_that_arrive_together_are_one_piece() -> None:
    body = b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"

    async with asking(CHUNKED + body) as (client, _), client.stream("GET", "/") as response:
        pieces = [piece async for piece in response.aiter_bytes()]

    assert pieces == [b"abcd"]


async def test_a_connection_that_was_read_to_the_end_is_used_again() -> None:
    async with asking(CHUNKED, b"2\r\nab\r\n0\r\n\r\n") as (client, requests):
        texts = [(await client.get("/")).text for _ in range(3)]

    assert texts == ["ab"] * 3
    assert requests == [3]


async def test_a_connection_that_was_left_in_the_middle_is_not_used_again() -> None:
    async with asking(CHUNKED, b"2\r\nab\r\n") as (client, requests):
        for _ in range(2):
            async with client.stream("GET", "/") as response:
                await anext(response.aiter_bytes())

    assert requests == [1, 1]


async def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    reply = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab"

    async with asking(reply, close=True) as (client, requests):
        for _ in range(2):
            assert (await client.get("/")).text == "ab"
            await asyncio.sleep(0.05)

    assert requests == [1, 1]


async def test_a_body_of_no_stated_length_ends_with_the_connection() -> None:
    async with asking(b"HTTP/1.1 200 OK\r\n\r\n", b"all of it", close=True) as (client, _):
        assert (await client.get("/")).text == "all of it"


async def test_an_interim_response_is_passed_over() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"

    async with asking(interim, b"HTTP/1.1 204 No\r\nx: y\r\n\r\n") as (client, _):
        response = await client.get("/")

    assert (response.status_code, dict(response.headers)) == (204, {"x": "y"})


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"", "too early"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab", "too early"),
        (CHUNKED + b"5\r\nab", "too early"),
        (b"220 smtp ready\r\n\r\n", "does not speak HTTP"),
    ],
)
async def test_what_is_no_whole_answer_is_an_error(reply: bytes, said: str) -> None:
    async with asking(reply, close=True) as (client, _):
        with pytest.raises(httpx2.RemoteProtocolError, match=said):
            await client.get("/")


async def test_a_port_without_a_server_is_a_connect_error() -> None:
    transport = StreamTransport(httpx2.create_ssl_context())

    async with httpx2.AsyncClient(transport=transport) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get("http://127.0.0.1:9/")
