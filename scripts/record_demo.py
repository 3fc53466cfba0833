"""Record docs/demo.png and docs/demo.webp: a visit to the demo page in Chromium.

It runs the real program with the sample documents, in a store of its own and without a chat model,
so that it needs no key and shows the same answers each time.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from rag_api.demo.client import Api
from tests.browser import CHROMIUM
from tests.node import run_script

ROOT = Path(__file__).parents[1]
PICTURE, RECORDING = ROOT / "docs" / "demo.png", ROOT / "docs" / "demo.webp"
SIZE, SHOWN_SIZE = (1280, 800), (960, 600)
MOST_BYTES = 1_000_000
QUESTION, OFF_TOPIC = "How are citations found?", "Which zebra runs fastest?"
ANSWERED = "document.querySelector('.turn[aria-busy=false]:last-child .by')"
FOUND = "document.querySelector('section:not([hidden]) .found').scrollIntoView()"

Step = tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """Steps of `tests/clients/page.mjs`, and how long it is looked at what they lead to."""

    steps: Sequence[Step]
    milliseconds: int


def write_scenes() -> Iterator[Scene]:
    """The visit, scene by scene."""
    yield Scene([("wait", "#examples button")], 1200)
    yield from type_question(QUESTION)
    yield Scene([("press", "Ask"), ("until", ANSWERED)], 1800)
    yield Scene([("click", ".chip")], 2600)
    yield Scene([("click", ".found summary"), ("evaluate", FOUND)], 2800)
    yield from type_question(OFF_TOPIC)
    yield Scene([("press", "Ask"), ("see", "What came closest"), ("until", ANSWERED)], 2600)
    yield Scene([("press", "Conversations")], 1800)


def type_question(question: str) -> Iterator[Scene]:
    """A few letters at a time."""
    for end in range(4, len(question) + 4, 4):
        yield Scene([("write", "Your question", question[:end])], 90)
    yield Scene([], 500)


@asynccontextmanager
async def serving(home: Path) -> AsyncIterator[str]:
    """The program with the sample documents, as uploads: their names show no folder."""
    environment = {"PATH": os.environ["PATH"], "RAG_HOME": str(home), "RAG_PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rag_api", "serve"),
        env=environment | {"PYTHONPATH": str(ROOT), "CHAT_MODEL": "extractive"},
        cwd=home,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        url = await read_url(process)
        api = Api(url)
        job = await api.upload(sorted((ROOT / "data" / "sample").iterdir()), collection=None)
        async for event in api.follow(job.id):
            print(f"recording: {event.job.progress.done} of {event.job.progress.files} documents")
        yield url
    finally:
        process.terminate()
        await process.wait()


async def read_url(process: asyncio.subprocess.Process) -> str:
    """Where the program says that its docs are, without their path."""
    printed = process.stdout
    while printed is not None and (line := await printed.readline()):
        name, _, address = line.decode().strip().partition("   ")
        if name == "docs":
            return address.removesuffix("/docs")
    raise SystemExit("recording: the program did not start")


async def visit(url: str, scenes: Sequence[Scene], folder: Path) -> list[Path]:
    """Play the scenes; gives a picture of each."""
    pictures = [folder / f"{number:03}.png" for number, _ in enumerate(scenes)]
    steps: list[Step] = []
    for scene, picture in zip(scenes, pictures, strict=True):
        steps += [*scene.steps, ("picture", str(picture))]
    width, height = SIZE
    told = await run_script(
        "page.mjs", url=f"{url}/demo", chromium=CHROMIUM, steps=steps, width=width, height=height
    )
    if told["faults"]:
        raise SystemExit(f"recording: the page is at fault: {told['faults']}")
    return pictures


def write_recording(scenes: Sequence[Scene], pictures: Sequence[Path]) -> None:
    """One picture of the marked words, and all of them one after the other."""
    shutil.copy(pictures[[scene.steps for scene in scenes].index([("click", ".chip")])], PICTURE)
    first, *others = [
        Image.open(picture).convert("RGB").resize(SHOWN_SIZE, Image.Resampling.LANCZOS)
        for picture in pictures
    ]
    durations = [scene.milliseconds for scene in scenes]
    first.save(
        RECORDING, save_all=True, append_images=others, duration=durations, loop=0, quality=70
    )
    for made in (PICTURE, RECORDING):
        print(f"recording: {made.relative_to(ROOT)} has {made.stat().st_size:,} bytes")
    if RECORDING.stat().st_size > MOST_BYTES:
        raise SystemExit(f"recording: {RECORDING.name} is larger than {MOST_BYTES:,} bytes")


async def record() -> None:
    """Run the program, visit its page, write both files."""
    if CHROMIUM is None:
        raise SystemExit("recording: it needs Chromium, as 'apt-get install chromium' installs it")
    scenes = list(write_scenes())
    with TemporaryDirectory() as folder:
        async with serving(Path(folder)) as url:
            write_recording(scenes, await visit(url, scenes, Path(folder)))


if __name__ == "__main__":
    asyncio.run(record())
