"""The snippets of docs/frontends.md in a real Chromium, against the real server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.api import ScriptedChat, make_app, make_parts
from tests.browser import needs_chromium, show, statuses
from tests.cutting import interrupted
from tests.gates import GatedChat
from tests.servers import serving

GUIDE = Path(__file__).parents[2] / "docs" / "frontends.md"
QUESTION = "What does it cost?"
ASKED = [("write", QUESTION), ("press", "Ask")]

pytestmark = needs_chromium


def find_snippet(language: str, url: str) -> str:
    """The first one in this language, for the API at this URL."""
    found = re.search(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    assert "http://127.0.0.1:8000" in found[1]
    return found[1].replace("http://127.0.0.1:8000", url)


async def show_chat(url: str, *steps: tuple[str, str], version: str = "7") -> dict[str, Any]:
    """A page with the React component, on this version of AI SDK."""
    mount = """
    import { createRoot } from "react-dom/client";
    createRoot(document.querySelector("#root")).render(<Conversation id="chat/1" />);
    """
    script = {"contents": find_snippet("jsx", url) + mount, "loader": "jsx", "version": version}
    html = '<div id="root"></div><script type="module" src="/script.js"></script>'
    return await show(url, *steps, html=html, script=script)


async def test_a_page_without_a_library_is_answered() -> None:
    async with serving(make_app(make_parts()), lifespan="on") as port:
        url = f"http://127.0.0.1:{port}"
        html = find_snippet("html", url)
        seen = await show(url, *ASKED, ("see", "It costs 12 euros [1]."), html=html)

    assert "Prices & more" in seen["text"]
    assert statuses(seen) == [200]


async def test_a_page_without_a_library_goes_on_after_a_cut() -> None:
    chat = GatedChat()

    async with interrupted(chat) as proxy:
        html = find_snippet("html", proxy.url)
        steps = [*ASKED, ("see", "[1]"), ("cut", ""), ("see", chat.text)]
        seen = await show(proxy.url, *steps, html=html)

    assert (statuses(seen), chat.answers) == ([200, 200], 1)


async def test_an_eventsource_that_is_never_closed_asks_once_and_stops() -> None:
    chat = GatedChat()

    async with interrupted(chat) as proxy:
        html = f"""<script>
        globalThis.result = [];
        const source = new EventSource("{proxy.url}/api/ask?q=What");
        source.onmessage = (event) => result.push(event.lastEventId);
        </script>"""
        closed = ("until", "source.readyState === EventSource.CLOSED")
        begun = ("until", "result.length > 4")
        seen = await show(proxy.url, begun, ("cut", ""), closed, html=html)

    numbers = [int(event_id.split(":")[1]) for event_id in seen["result"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert (statuses(seen), chat.answers) == ([200, 200, 204], 1)


async def test_a_page_that_is_refused_says_so() -> None:
    async with serving(make_app(make_parts(api_key="secret")), lifespan="on") as port:
        url = f"http://127.0.0.1:{port}"
        html = find_snippet("html", url)
        seen = await show(url, *ASKED, ("see", "(refused)"), html=html)

    assert statuses(seen) == [401]


async def test_fetch_event_source_in_a_page_sends_the_key_and_goes_on_after_a_cut() -> None:
    chat = GatedChat()

    async with interrupted(chat, api_key="secret") as proxy:
        call = """
        globalThis.result = "";
        const onPart = ({ delta = "" }) => (result += delta);
        ask("What?", { key: "secret", onPart }).then(() => (globalThis.ended = true));
        """
        script = {"contents": find_snippet("js", proxy.url) + call, "loader": "js"}
        html = '<script type="module" src="/script.js"></script>'
        begun = ("until", "result.includes('[1]')")
        steps = [begun, ("cut", ""), ("until", "globalThis.ended")]
        seen = await show(proxy.url, *steps, html=html, script=script)

    assert (seen["result"], chat.answers) == (chat.text, 1)
    assert statuses(seen, "POST") == [200, 200]


async def test_use_chat_shows_the_answer_and_its_sources() -> None:
    async with serving(make_app(make_parts()), lifespan="on") as port:
        steps = [*ASKED, ("see", "It costs 12 euros [1]."), ("see", "Prices & more")]
        seen = await show_chat(f"http://127.0.0.1:{port}", *steps)

    assert QUESTION in seen["text"]
    assert statuses(seen, "POST") == [200]


@pytest.mark.parametrize(
    ("version", "way"),
    [
        ("7", ("press", "Go on")),
        ("6", ("press", "Go on")),
        ("7", ("reload", "")),
        ("6", ("reload", "")),
        # In the same page this one appends the replay to what it has.
        ("5", ("reload", "")),
    ],
)
async def test_use_chat_resumes_an_answer_that_was_cut(version: str, way: tuple[str, str]) -> None:
    chat = GatedChat()

    async with interrupted(chat) as proxy:
        cut = [("see", "[1]"), ("cut", ""), ("see", "Go on")]
        steps = [*ASKED, *cut, way, ("see", chat.text)]
        seen = await show_chat(proxy.url, *steps, version=version)

    assert chat.text in seen["text"]
    assert seen["text"].count("It costs") == 1
    assert chat.answers == 1


async def test_use_chat_stops_an_answer() -> None:
    chat = GatedChat()

    async with interrupted(chat) as proxy:
        steps = [*ASKED, ("see", "[1]"), ("press", "Stop"), ("see", "Ask")]
        seen = await show_chat(proxy.url, *steps)

    assert "".join(chat.before) in seen["text"]
    assert chat.closed.is_set()
    assert statuses(seen, "POST") == [200, 204]


async def test_use_chat_shows_a_failure() -> None:
    chat = ScriptedChat(model="other")
    parts = make_parts(chat=chat, api_key="secret")

    async with serving(make_app(parts), lifespan="on") as port:
        steps = [*ASKED, ("see", "the key is missing")]
        seen = await show_chat(f"http://127.0.0.1:{port}", *steps)

    assert statuses(seen, "POST") == [401]
