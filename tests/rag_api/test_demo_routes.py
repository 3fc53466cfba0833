"""`/demo`: the relay, and the child behind it."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx2
import pytest

from rag_api.demo_child import find_environment, keeping_demo
from tests.api import calling, make_app, make_parts
from tests.servers import serving, until

CHILD = """
import http.server, socket, sys
listener = int(sys.argv[sys.argv.index("--listener") + 1])

class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.say(f"{self.path} {self.headers['host']} {self.headers['authorization']}")

    def do_POST(self):
        self.say(self.rfile.read(int(self.headers["content-length"])).decode())

    def say(self, text):
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.send_header("x-page", "yes")
        self.end_headers()
        self.wfile.write(text.encode())

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page, bind_and_activate=False)
server.socket = socket.socket(fileno=listener)
server.serve_forever()
"""


@pytest.fixture
def small_page(tmp_path: Path) -> tuple[str, ...]:
    """The command of a page that starts in no time, in place of Gradio's."""
    page = tmp_path / "page.py"
    page.write_text(CHILD)
    return sys.executable, str(page)


async def get(url: str) -> httpx2.Response:
    async with httpx2.AsyncClient() as client:
        return await client.get(url)


async def open_page(client: httpx2.AsyncClient) -> httpx2.Response:
    """The page, once it has started."""
    for _ in range(100):
        response = await client.get("/demo/a?b=c%20d")
        if response.status_code == 200:
            return response
        assert "The page is starting" in response.text
        assert response.headers["retry-after"] == "1"
    raise AssertionError(response.text)


async def test_the_page_is_relayed_as_it_is_and_the_key_is_not(small_page: tuple[str, ...]) -> None:
    async with serving(make_app(make_parts(), demo=small_page), lifespan="on") as port:
        url = f"http://127.0.0.1:{port}"
        headers = {"authorization": "Bearer secret", "host": "box.local"}
        async with httpx2.AsyncClient(base_url=url, headers=headers) as client:
            got = await open_page(client)
            posted = await client.post("/demo/x", content="a body")

    assert (got.text, got.headers["x-page"]) == ("/demo/a?b=c%20d box.local None", "yes")
    assert posted.text == "a body"


async def test_a_page_that_ended_starts_again(small_page: tuple[str, ...]) -> None:
    async with keeping_demo(make_parts().settings, command=small_page) as child:
        first = await child.address("http://api", patience_seconds=10)
        assert child._process is not None
        child._process.kill()
        await until(lambda: child._process is not None and child._process.returncode is not None)
        second = await child.address("http://api", patience_seconds=10)

    assert first is not None
    assert second not in {None, first}
    assert child._process.returncode is not None


async def test_a_page_ends_when_the_server_begins_to_stop_and_does_not_come_back(
    small_page: tuple[str, ...],
) -> None:
    async with keeping_demo(make_parts().settings, command=small_page) as child:
        await child.address("http://api", patience_seconds=10)
        child.let_go()
        await until(lambda: child._process is not None and child._process.returncode is not None)

        assert await child.address("http://api", patience_seconds=10) is None


async def test_a_page_that_does_not_start_is_tried_again(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(1)")

    async with keeping_demo(make_parts().settings, command=(sys.executable, str(broken))) as child:
        assert await child.address("http://api", patience_seconds=10) is None


async def test_the_child_is_given_no_key_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "model's")
    monkeypatch.setenv("RAG_API_KEY", "api's")
    settings = make_parts(RAG_DEMO_KEY="demo's").settings

    environment = find_environment(settings)

    assert environment["RAG_DEMO_KEY"] == "demo's"
    assert not {"OPENAI_API_KEY", "RAG_API_KEY"} & environment.keys()


async def test_the_path_without_a_slash_leads_to_the_page() -> None:
    async with calling(make_parts()) as client:
        response = await client.get("/demo")

    assert (response.status_code, response.headers["location"]) == (307, "demo/")


async def test_without_gradio_a_sentence_says_how_to_get_it() -> None:
    async with serving(make_app(make_parts(), demo=None), lifespan="on") as port:
        response = await get(f"http://127.0.0.1:{port}/demo/")

    assert response.status_code == 501
    assert "make install-demo" in response.text


async def test_other_pages_may_not_post_to_it() -> None:
    async with calling(make_parts()) as client:
        headers = {"origin": "http://evil.example"}
        refused = await client.post("/demo/gradio_api/queue/join", headers=headers)

    assert (refused.status_code, refused.json()["error"]) == (403, "OriginNotAllowedError")


async def test_with_a_key_of_its_own_it_is_not_reached_by_a_name_that_is_not_ours() -> None:
    async with calling(make_parts(api_key="secret", RAG_DEMO_KEY="secret")) as client:
        refused = await client.get("/demo/", headers={"host": "evil.example"})

    assert (refused.status_code, refused.json()["error"]) == (421, "HostNotAllowedError")


async def test_uploads_to_the_page_may_be_larger_than_other_bodies(
    small_page: tuple[str, ...],
) -> None:
    async with serving(make_app(make_parts(), demo=small_page), lifespan="on") as port:
        client = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}")
        async with client:
            await open_page(client)
            files = {"files": ("a.txt", b"x" * 3_000_000)}
            taken = await client.post("/demo/gradio_api/upload", files=files)
            refused = await client.post("/demo/other", files=files)

    assert (taken.status_code, refused.status_code) == (200, 413)
