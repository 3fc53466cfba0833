"""The demo page in a real Chromium, as a new visitor uses it; its pictures are kept in build/."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api import make_app, make_parts
from tests.gates import GatedChat
from tests.node import run_script
from tests.pdfs import make_pdf
from tests.rag_api.test_upload_program import serving_program
from tests.servers import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = Path(__file__).parents[2] / "build" / "demo"
HOSTILE = """\
# Zebras <script>window.pwned = 1</script>

The 🦓 zebra eats <img src=x onerror="window.pwned = 2"> ${window.pwned = 3} {{value}} grass.
"""
PAGES = ["The lighthouse was built in 1871.", "The lighthouse keeper is named Ada Winter."]
READY = ("until", "!document.querySelector('[aria-busy=true]') && document.querySelector('.turn')")
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
    assert told["hosts"] == [url.removeprefix("http://")]
    results: list[Any] = told["results"]
    return results


def ask(question: str) -> list[tuple[str, ...]]:
    return [("write", "Your question", question), ("press", "Ask"), READY]


def picture(name: str) -> tuple[str, str]:
    return "picture", str(PICTURES / f"{name}.png")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real program, with its worker and its page."""
    with serving_program(tmp_path_factory.mktemp("home")) as (_, url):
        yield url


async def test_documents_are_added_and_asked_about_at_once(program: str, tmp_path: Path) -> None:
    (tmp_path / "lighthouse.pdf").write_bytes(make_pdf(PAGES, title="Lighthouse"))
    (tmp_path / "zebras.md").write_text(HOSTILE)

    results = await visit(
        program,
        ("click", "#add button"),
        ("upload", str(tmp_path / "lighthouse.pdf")),
        ("see", "Added lighthouse.pdf"),
        *ask("Who is the lighthouse keeper?"),
        ("click", ".chip"),
        ("evaluate", MARKED),
        ("text", ".card.cited .title"),
        ("wait", "details.page[open] img"),
        ("evaluate", DRAWN),
        picture("desktop-light"),
        ("text", "details.page[open] a"),
        ("upload", str(tmp_path / "zebras.md")),
        ("see", "Added zebras.md"),
        *ask("Which zebra is the fastest runner?"),
        ("see", "What came closest"),
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


async def test_it_fits_a_phone_in_the_dark(program: str) -> None:
    wide = "document.documentElement.scrollWidth > innerWidth"
    results = await visit(
        program,
        ("wait", "#question textarea"),
        picture("phone-dark-empty"),
        *ask("Who is the lighthouse keeper?"),
        ("click", ".chip"),
        picture("phone-dark"),
        ("evaluate", wide),
        ("key", "Escape"),
        ("evaluate", "document.activeElement.className"),
        width=390,
        height=844,
        scheme="dark",
    )

    assert results == [False, "chip"]


async def test_tokens_arrive_and_the_answer_can_be_stopped_and_asked_for_again() -> None:
    chat = GatedChat()
    async with serving(make_app(make_parts(chat=chat)), lifespan="on") as port:
        results = await visit(
            f"http://127.0.0.1:{port}",
            ("wait", "#examples button"),
            ("write", "Your question", "What does it cost?"),
            ("key", "Enter"),
            ("see", "12 euros"),
            picture("streaming"),
            ("evaluate", "document.querySelector('#question textarea').value"),
            ("press", "Stop"),
            ("see", "Stopped."),
            ("text", "#log"),
            ("press", "Answer again"),
            ("see", "12 euros"),
            ("press", "Stop"),
            ("see", "Stopped."),
            ("evaluate", "document.querySelectorAll('.turn').length"),
            ("press", "New conversation"),
            ("see", "What would you like to know?"),
        )
        async with asyncio.timeout(5):
            await chat.closed.wait()

    assert results[0] == ""
    assert "and no more" not in results[1]
    assert (results[2], chat.answers) == (1, 2)


async def test_a_key_is_asked_for_and_used() -> None:
    chat = GatedChat()
    chat.gate.set()
    app = make_app(make_parts(chat=chat, api_key="secret"))
    async with serving(app, lifespan="on") as port:
        results = await visit(
            f"http://127.0.0.1:{port}",
            ("see", "asks for a key"),
            ("write", "API key", "secret"),
            ("key", "Enter"),
            ("wait", "#examples button"),
            *ask("What does it cost?"),
            ("text", ".turn"),
            ("evaluate", "document.documentElement.outerHTML.includes('secret')"),
            picture("desktop-dark"),
            scheme="dark",
        )

    assert "12 euros" in results[0]
    assert results[1] is False
