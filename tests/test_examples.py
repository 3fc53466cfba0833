"""The examples, run as they stand there against the real server."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from rag_core.errors import ChatUnavailableError
from tests.api import ScriptedChat, make_app, make_parts
from tests.browser import needs_chromium, show, statuses
from tests.cutting import interrupted
from tests.gates import GatedChat
from tests.node import run_script
from tests.servers import serving

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
PAGE = EXAMPLES / "page.html"
NEXT = EXAMPLES / "nextjs" / "app"
CONVERSATION = NEXT / "chat" / "[id]" / "conversation.tsx"
ROUTE = NEXT / "api" / "chat" / "[[...path]]" / "route.ts"
STREAMLIT = EXAMPLES / "streamlit_app.py"
STAND_INS = ROOT / "tests" / "stand_ins"

QUESTION = "What does it cost?"
QUOTE = "It costs <b>12</b> euros."
ASKED = [("write", QUESTION), ("press", "Ask")]
ANSWERED = ("see", "Sources")
PHONE = {"viewport": {"width": 375, "height": 700}, "colorScheme": "dark"}


async def show_file(url: str, *steps: tuple[str, Any], **page: object) -> dict[str, Any]:
    """The page, opened from the disk."""
    return await show(url, *steps, file=str(PAGE), search=f"?api={url}", **page)


async def show_site(url: str, *steps: tuple[str, Any]) -> dict[str, Any]:
    """The page, on a site of another origin than the API's."""
    return await show(url, *steps, html=PAGE.read_text(), search=f"?api={url}")


async def show_conversation(url: str, *steps: tuple[str, Any]) -> dict[str, Any]:
    """The component of the Next.js example."""
    mount = f"""
    import {{ createRoot }} from "react-dom/client";
    const conversation = <Conversation id="chat/1" api="{url}/api/chat" />;
    createRoot(document.querySelector("#root")!).render(conversation);
    """
    script = {"contents": CONVERSATION.read_text() + mount, "loader": "tsx"}
    html = '<div id="root"></div><script type="module" src="/script.js"></script>'
    return await show(url, *steps, html=html, script=script)


@needs_chromium
async def test_the_page_shows_the_very_words_that_a_chip_points_at() -> None:
    async with serving(make_app(make_parts()), lifespan="on") as port:
        steps = [*ASKED, ANSWERED, ("follow", "Source 1: Prices"), ("see", QUOTE)]
        seen = await show_file(f"http://127.0.0.1:{port}", *steps)

    assert "It costs 12 euros 1." in seen["text"]
    assert "1 · Prices & more, page 2" in seen["text"]
    assert seen["marked"] == [QUOTE]
    assert any("/v1/sources/d1-0" in link for link in seen["links"])


@needs_chromium
async def test_the_page_on_another_site_goes_on_after_a_cut_by_itself() -> None:
    chat = GatedChat()

    async with interrupted(chat) as proxy:
        steps = [*ASKED, ("see", "12 euros"), ("cut", ""), ("see", "and no more.")]
        seen = await show_site(proxy.url, *steps)

    assert "It costs 12 euros 1, and no more." in seen["text"]
    assert (statuses(seen), chat.answers) == ([200, 200], 1)


@needs_chromium
async def test_the_page_stops_an_answer_on_the_server() -> None:
    chat = GatedChat()

    async with interrupted(chat) as proxy:
        steps = [*ASKED, ("see", "12 euros"), ("press", "Stop"), ("see", "Stopped.")]
        seen = await show_file(proxy.url, *steps)

    assert chat.closed.is_set()
    assert "It costs 12 euros" in seen["text"]
    assert statuses(seen, "POST") == [200]


@needs_chromium
async def test_the_page_ends_an_answer_when_another_question_is_asked() -> None:
    chat = GatedChat()

    async with interrupted(chat) as proxy:
        steps = [*ASKED, ("see", "12 euros"), ("press", "Ask")]
        seen = await show_file(proxy.url, *steps, ("see", "12 euros"), ("press", "Stop"))

    assert statuses(seen, "POST")[:1] == [200]
    assert chat.answers == 2


@needs_chromium
async def test_the_page_sends_its_key_and_says_when_it_is_wrong() -> None:
    async with serving(make_app(make_parts(api_key="secret")), lifespan="on") as port:
        wrong = [*ASKED, ("see", "refused the question"), ("unfold", "Settings")]
        wrong += [("fill", ("Key", "guessed")), ("press", "Ask"), ("see", "refused the key")]
        right = [("fill", ("Key", "secret")), ("press", "Ask"), ANSWERED]
        seen = await show_file(f"http://127.0.0.1:{port}", *wrong, *right)

    assert statuses(seen) == [401, 200]
    assert statuses(seen, "POST") == [401, 200]
    assert "refused" not in seen["text"]


@needs_chromium
async def test_the_page_shows_what_came_closest_on_a_phone_in_the_dark() -> None:
    chat = ScriptedChat(texts=["The documents do not say; an array is `[1]`."])

    async with serving(make_app(make_parts(chat=chat)), lifespan="on") as port:
        steps = [*ASKED, ("see", "What came closest")]
        seen = await show_file(f"http://127.0.0.1:{port}", *steps, device=PHONE)

    assert "an array is `[1]`." in seen["text"]
    assert "1 · Prices & more" in seen["text"]
    assert seen["color"] == "rgb(22, 24, 28)"
    assert seen["overflow"] <= 0


@needs_chromium
async def test_the_page_tells_of_a_failure() -> None:
    async with serving(make_app(make_parts()), lifespan="on") as port:
        url = f"http://127.0.0.1:{port}"
        steps = [("unfold", "Settings"), ("fill", ("Collection", "none")), *ASKED]
        lost = [("fill", ("Address", "http://127.0.0.1:1")), ("fill", ("Key", "any"))]
        lost += [("press", "Ask"), ("see", "does not answer")]
        seen = await show_file(url, *steps, ("see", "no collection 'none'"), *lost)

    assert statuses(seen) == [200]


@needs_chromium
async def test_the_conversation_links_its_markers_and_shows_passages() -> None:
    async with serving(make_app(make_parts()), lifespan="on") as port:
        steps = [*ASKED, ("see", "1 · Prices & more"), ("unfold", "Prices"), ("see", QUOTE)]
        seen = await show_conversation(f"http://127.0.0.1:{port}", *steps)

    assert "It costs 12 euros [1]." in seen["text"]
    assert len([link for link in seen["links"] if "/v1/sources/d1-0" in link]) == 2


@needs_chromium
async def test_the_conversation_is_stopped() -> None:
    chat = GatedChat()

    async with interrupted(chat) as proxy:
        steps = [*ASKED, ("see", "12 euros"), ("press", "Stop"), ("see", "Ask")]
        seen = await show_conversation(proxy.url, *steps)

    assert chat.closed.is_set()
    assert statuses(seen, "POST") == [200, 204]


@needs_chromium
async def test_the_conversation_goes_on_when_it_is_loaded_again() -> None:
    chat = GatedChat()

    async with interrupted(chat) as proxy:
        cut = [("see", "12 euros"), ("cut", ""), ("see", "Go on"), ("reload", "")]
        seen = await show_conversation(proxy.url, *ASKED, *cut, ("see", "and no more."))

    assert seen["text"].count("It costs") == 1
    assert chat.answers == 1


async def test_the_route_of_the_conversation_adds_the_key() -> None:
    message = '{"id": "chat/1", "messages": [{"role": "user", "parts": [%s]}]}'
    part = f'{{"type": "text", "text": "{QUESTION}"}}'
    requests = [
        {"method": "POST", "path": "/api/chat", "body": message % part},
        {"method": "GET", "path": "/api/chat/chat%2F1/stream"},
        {"method": "POST", "path": "/api/chat/chat%2F1/stop", "body": ""},
        {"method": "POST", "path": "/api/chat", "body": "{}"},
    ]
    async with serving(make_app(make_parts(api_key="secret")), lifespan="on") as port:
        given = {"api": f"http://127.0.0.1:{port}", "key": "secret", "route": str(ROUTE)}
        told = await run_script("nextjs.mjs", **given, requests=requests)

    asked, resumed, stopped, wrong = told["answers"]
    assert asked["text"].endswith("data: [DONE]\n\n")
    assert asked["type"].startswith("text/event-stream")
    assert [one["status"] for one in (resumed, stopped, wrong)] == [204, 204, 422]
    assert "messages" in wrong["text"]


async def run_streamlit(url: str, *, key: str = "secret") -> list[str]:
    """What the Streamlit example draws for one question."""
    ours = {"PYTHONPATH": str(STAND_INS), "RAG_URL": url, "RAG_API_KEY": key}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        STREAMLIT,
        env={**os.environ, **ours, "QUESTION": QUESTION},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    drawn, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()
    return drawn.decode().splitlines()


async def test_streamlit_links_its_markers_and_shows_passages() -> None:
    async with serving(make_app(make_parts(api_key="secret")), lifespan="on") as port:
        drawn = await run_streamlit(f"http://127.0.0.1:{port}")

    source = rf"http://127\.0\.0\.1:{port}/v1/sources/d1-0\S*#passage"
    assert drawn[:3] == ["title: Ask the documents", "Collection: default", f"write: {QUESTION}"]
    answer = rf"markdown: It costs 12 euros \[:blue-badge\[1\]\]\({source}\)\."
    assert re.fullmatch(answer, drawn[3])
    assert drawn[4:6] == [r"expander: 1 · Prices \& more\, page 2", f"text: {QUOTE}"]
    assert re.fullmatch(f"link_button: Show in the document {source}", drawn[6])


@pytest.mark.parametrize(
    ("key", "told"), [("guessed", "error: The API does not answer"), ("secret", "error: it broke")]
)
async def test_streamlit_tells_of_a_failure(key: str, told: str) -> None:
    chat = ScriptedChat(texts=(), failure=ChatUnavailableError("it broke"))

    async with serving(make_app(make_parts(chat=chat, api_key="secret")), lifespan="on") as port:
        drawn = await run_streamlit(f"http://127.0.0.1:{port}", key=key)

    assert drawn[-1].startswith(told)
