"""The demo page in a real Chromium, as a new visitor uses it; its pictures are kept in build/demo.

The step `check` has axe-core look for what people with other senses or hands could not use.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.api import make_app, make_parts
from tests.gates import GatedChat
from tests.node import run_script
from tests.pdfs import make_pdf
from tests.rag_api.test_upload_program import follow, serving_program
from tests.servers import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = Path(__file__).parents[2] / "build" / "demo"
HOSTILE = """\
# Zebras <script>window.pwned = 1</script>

The 🦓 zebra eats <img src=x onerror="window.pwned = 2"> ${window.pwned = 3} {{value}} grass.
"""
ZEBRAS = "zèbres 🦓 #1.md"
PAGES = ["The lighthouse was built in 1871.", "The lighthouse keeper is named Ada Winter."]
LIGHTHOUSE = make_pdf(PAGES, title="Lighthouse")
LARGE = "JSON.stringify({version: 1, name: 'Large', at: 1, turns: [{text: 'x'.repeat(3_999_000)}]})"
TOLD = "document.querySelector('body > [role=status]').textContent"
QUESTIONS = ["You asked: \nWhat does it cost?", "You asked: \nWhat does it cost now?"]
FOCUS = "document.activeElement.id || document.activeElement.className.split(' ')[0]"
IN_VIEW = """(() => {
  const places = [".turn:last-child .thumbs", "#composer"];
  const [thumbs, line] = places.map((one) => document.querySelector(one).getBoundingClientRect());
  return thumbs.bottom <= line.top;
})()"""
MARKED = "document.querySelector('#panel mark.current')?.innerText"
DRAWN = """(() => {
  const page = document.querySelector("details.page[open]");
  const image = page.querySelector("img");
  return [image.naturalWidth, image.alt, page.querySelector(".note").textContent];
})()"""

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs a browser: 'apt-get install chromium', or your system's own"
)


async def visit(url: str, *steps: tuple[str, ...], **page: object) -> list[Any]:
    """What the steps told, on a page without a fault that asks nobody but its own site."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    fault = str(PICTURES / "fault.png")
    told = await run_script(
        "page.mjs", url=f"{url}/demo", chromium=CHROMIUM, fault=fault, steps=steps, **page
    )
    assert told["faults"] == []
    assert told["violations"] == []
    assert told["hosts"] == [url.removeprefix("http://")]
    results: list[Any] = told["results"]
    return results


def ask(question: str) -> list[tuple[str, ...]]:
    return [("write", "Your question", question), ("press", "Ask"), answered(question)]


def answered(question: str) -> tuple[str, ...]:
    last = "[...document.querySelectorAll('.turn[aria-busy=false]:last-child .question')].at(-1)"
    return "until", f"{last}?.innerText.includes({json.dumps(question)})"


def picture(name: str) -> tuple[str, str]:
    return "picture", str(PICTURES / f"{name}.png")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real program, with its worker and its page."""
    with serving_program(tmp_path_factory.mktemp("home")) as (_, url):
        yield url


async def test_documents_are_added_and_asked_about_at_once(program: str, tmp_path: Path) -> None:
    (tmp_path / "lighthouse.pdf").write_bytes(LIGHTHOUSE)
    (tmp_path / ZEBRAS).write_text(HOSTILE)

    results = await visit(
        program,
        ("click", "#add button"),
        ("upload", str(tmp_path / "lighthouse.pdf")),
        ("see", "Added lighthouse.pdf"),
        ("wait", "#add > [aria-expanded=false]"),
        *ask("Who is the lighthouse keeper?"),
        ("click", ".chip"),
        ("evaluate", MARKED),
        ("text", ".card.cited .title"),
        ("wait", "details.page[open] img"),
        ("evaluate", DRAWN),
        picture("desktop-light"),
        ("text", "details.page[open] a"),
        ("upload", str(tmp_path / ZEBRAS)),
        ("see", f"Added {ZEBRAS}"),
        *ask("Which zebra is the fastest runner?"),
        ("see", "What came closest"),
        ("until", IN_VIEW),
        ("check",),
        ("click", ".nearest a:has-text('Zebras')"),
        ("text", "#panel .card.current .text"),
        ("evaluate", "window.pwned ?? 'unharmed'"),
        ("text", ".found summary"),
        picture("escaped"),
    )

    assert "The lighthouse keeper is named Ada Winter." in results[0]
    assert "pages 1, 2" in results[1]
    assert results[2] == [1200, "Page 2 of Lighthouse, with the cited words marked", ""]
    assert results[3] == "Open page 2 large"
    assert "🦓 zebra eats <img src=x" in results[4]
    assert results[5:] == ["unharmed", "How this was found"]


async def test_it_is_used_by_keys_alone_and_fits_a_phone_in_the_dark(program: str) -> None:
    files = {"file": ("lighthouse.pdf", LIGHTHOUSE)}
    job = httpx2.post(f"{program}/v1/documents", files=files).json()
    follow(f"{program}/v1/jobs/{job['id']}/events")

    results = await visit(
        program,
        ("wait", "#examples button"),
        ("check",),
        ("type", "Who is the lighthouse keeper?"),
        ("key", "Enter"),
        answered("Who is the lighthouse keeper?"),
        ("evaluate", TOLD),
        ("key", *5 * ["Shift+Tab"]),
        ("evaluate", FOCUS),
        ("key", "Enter"),
        ("evaluate", MARKED),
        ("click", ".found summary"),
        ("check",),
        ("key", "Escape"),
        ("evaluate", FOCUS),
        ("look", 390, 844, "dark"),
        ("reload",),
        ("click", ".chip"),
        ("wait", "details.page[open] img"),
        ("check",),
        picture("phone-dark"),
        ("evaluate", "document.documentElement.scrollWidth > innerWidth"),
        ("press", "Back to the answer"),
        ("evaluate", FOCUS),
        ("press", "Add documents"),
        ("press", "Conversations"),
        ("check",),
        picture("phone-dark-conversations"),
        ("key", "Escape"),
        ("press", "New conversation"),
        ("press", "Add documents"),
        ("check",),
        picture("phone-dark-empty"),
    )

    told, *others = results
    assert "The lighthouse keeper is named Ada Winter." in told
    assert others == ["chip", others[1], "chip", False, "chip"]
    assert "Ada Winter" in others[1]


@pytest.fixture
async def gated() -> AsyncIterator[tuple[GatedChat, str, str]]:
    """A chat model that waits, the page that it answers on, and what lets it go on when called."""
    chat = GatedChat()
    parts = make_parts(chat=chat)
    larger = replace(parts.answerer, chat=replace(chat, model="larger"))
    app = make_app(replace(parts, others={"larger": larger}))

    async def go_on(scope: Scope, receive: Receive, send: Send) -> None:
        chat.gate.set()
        await Response()(scope, receive, send)

    async with serving(app, lifespan="on") as page, serving(go_on) as gate:
        yield chat, f"http://127.0.0.1:{page}", f"http://127.0.0.1:{gate}"


async def test_tokens_arrive_and_an_answer_can_be_stopped_left_and_come_back_to(
    gated: tuple[GatedChat, str, str],
) -> None:
    chat, url, gate = gated
    results = await visit(
        url,
        ("wait", "#examples button"),
        ("write", "Your question", "What does it cost?"),
        ("key", "Enter"),
        ("see", "12 euros"),
        picture("streaming"),
        ("evaluate", "document.querySelector('#question textarea').value"),
        ("check",),
        ("press", "Stop"),
        ("see", "Stopped."),
        ("text", "#log"),
        ("press", "Answer again"),
        ("until", "document.querySelector('.answer.answering')"),
        ("reload",),
        ("see", "12 euros"),
        ("wait", "#stop"),
        ("call", gate),
        ("see", "no more."),
        ("see", "Answered by tiny"),
        ("evaluate", "document.querySelectorAll('.turn').length"),
        ("click", ".chip"),
        ("evaluate", MARKED),
    )

    assert results[0] == ""
    assert "and no more" not in results[1]
    assert results[2:] == [1, "It costs <b>12</b> euros."]
    assert chat.answers == 2


async def test_conversations_are_kept_in_the_browser_and_another_model_is_chosen(
    gated: tuple[GatedChat, str, str],
) -> None:
    chat, url, _ = gated
    chat.gate.set()
    results = await visit(
        url,
        ("wait", "#examples button"),
        ("evaluate", f"localStorage.setItem('rag-demo/1/large', {LARGE})"),
        ("evaluate", "localStorage.setItem('rag-demo/choice', '[1')"),
        *ask("What does it cost?"),
        ("press", "New conversation"),
        ("evaluate", "localStorage.setItem('rag-demo/1/old', '{')"),
        ("see", "What would you like to know?"),
        ("click", "#model input"),
        ("click", "[role=option]:has-text('larger')"),
        *ask("And in dollars?"),
        ("see", "Answered by larger"),
        ("press", "Conversations"),
        ("text", "#conversations .said"),
        ("texts", "#conversations .name"),
        ("press", "Rename “What does it cost?”"),
        ("write", "Name of the conversation", "Prices"),
        ("key", "Enter"),
        ("press", "Delete “A conversation that cannot be read”"),
        picture("conversations"),
        ("press", "Delete “And in dollars?”"),
        ("press", "Undo: keep “And in dollars?”"),
        ("texts", "#conversations .name"),
        ("click", "#conversations button.open:has-text('Prices')"),
        ("see", "Answered by tiny"),
        ("click", ".chip"),
        ("evaluate", MARKED),
        *ask("What does it cost now?"),
        ("texts", ".question"),
        ("reload",),
        ("see", "What does it cost now?"),
        ("evaluate", "document.querySelector('#model input').value"),
    )

    names = ["And in dollars?", "What does it cost?", "A conversation that cannot be read"]
    assert results[3].startswith("The oldest conversations were deleted")
    assert results[4] == names
    assert results[5:8] == [["And in dollars?", "Prices"], "It costs <b>12</b> euros.", QUESTIONS]
    assert results[8] == "larger"


async def test_a_key_is_asked_for_and_used() -> None:
    chat = GatedChat()
    chat.gate.set()
    app = make_app(make_parts(chat=chat, api_key="secret"))
    async with serving(app, lifespan="on") as port:
        results = await visit(
            f"http://127.0.0.1:{port}",
            ("see", "asks for a key"),
            ("check",),
            ("write", "API key", "secret"),
            ("key", "Enter"),
            ("wait", "#examples button"),
            *ask("What does it cost?"),
            ("check",),
            ("text", ".turn"),
            ("evaluate", "document.documentElement.outerHTML.includes('secret')"),
            picture("desktop-dark"),
            ("reload",),
            ("see", "asks for a key"),
            scheme="dark",
        )

    assert "12 euros" in results[0]
    assert results[1] is False
