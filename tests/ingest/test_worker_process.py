"""Workers that a hostile file has taken over, in place of our own."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from ingest.limits import Limits
from ingest.sandbox import Sandbox, open_sandbox
from rag_core.documents import Splitting
from rag_core.errors import DocumentError, OversizedDocumentError, UnreadableDocumentError

SHORT = Limits(seconds=1, seconds_per_mib=0, clock_per_processor=1)
START = "import os, time\n"
READ = "\nos.write(1, b'!')\nos.read(0, 65536)\n"
ANSWER = "os.write(1, len(frame).to_bytes(8, 'big') + frame)\ntime.sleep(60)"
HONEST = {
    "document": {
        "source": "s",
        "title": "T",
        "text": "One river.",
        "media_type": "text/plain",
        "markup": "plain",
    },
    "cuts": [{"start": 0, "end": 10, "tokens": 3, "page": None, "heading_path": []}],
    "content_hash": "ab" * 32,
    "size_bytes": 10,
}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with open_sandbox(tokenizer="estimate", splitting=Splitting(64), workers=1) as opened:
        yield opened


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.md"
    path.write_text("# A note\n")
    return path


async def take_over(sandbox: Sandbox, program: str, *, before: str = "") -> int:
    """Have a worker wait that runs this when it is asked; returns its process id."""
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", START + before + READ + program),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
    )
    assert worker.stdout is not None
    await worker.stdout.readexactly(1)
    sandbox.idle.append(worker)
    return worker.pid


async def answer(sandbox: Sandbox, frame: bytes) -> int:
    return await take_over(sandbox, f"frame = {frame!r}\n{ANSWER}")


async def fault(sandbox: Sandbox, note: Path) -> DocumentError:
    with pytest.raises(DocumentError) as raised:
        await sandbox.parse(note, source="s")
    assert sandbox.waiting.taken == sandbox.memory.taken == 0
    return raised.value


def is_alive(pid: int) -> bool:
    with suppress(FileNotFoundError):
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    return False


def fork(child: Path, *, first: str = "pass") -> str:
    """A program that starts a process, which writes down its id."""
    new = f"{str(child)!r} + '~'"
    write = f"open({new}, 'w').write(str(os.getpid())); os.rename({new}, {str(child)!r})"
    wait = f"while not os.path.exists({str(child)!r}): time.sleep(0.01)"
    return f"if os.fork() == 0:\n    {first}; {write}; time.sleep(60); os._exit(0)\n{wait}\n"


def eventually_ends(child: Path) -> bool:
    """Whether a process is gone: the kernel buries it when it can."""
    pid, deadline = int(child.read_text()), time.monotonic() + 30
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_alive(pid)


async def test_an_honest_answer_is_taken(sandbox: Sandbox, note: Path) -> None:
    await answer(sandbox, orjson.dumps(HONEST))

    parsed = await sandbox.parse(note, source="s")

    assert [chunk.text for chunk in parsed.chunks] == ["One river."]
    assert sandbox.waiting.taken == parsed.held_bytes > 0


async def test_an_answer_that_would_fill_the_memory_is_not_read(
    sandbox: Sandbox, note: Path
) -> None:
    pid = await take_over(sandbox, "os.write(1, (1 << 40).to_bytes(8, 'big'))\ntime.sleep(60)")

    error = await fault(sandbox, note)

    assert isinstance(error, OversizedDocumentError)
    assert not is_alive(pid)


async def test_an_answer_that_never_ends_costs_the_time_of_one_file(
    sandbox: Sandbox, note: Path
) -> None:
    sandbox.limits = SHORT
    pid = await take_over(sandbox, "os.write(1, (99).to_bytes(8, 'big') + b'{')\ntime.sleep(60)")

    error = await fault(sandbox, note)

    assert str(error) == "parsing takes more than 1 s"
    assert error.seconds >= 1
    assert not is_alive(pid)


async def test_a_worker_that_hangs_up_and_lives_on_is_ended(sandbox: Sandbox, note: Path) -> None:
    pid = await take_over(sandbox, "os.close(1)\ntime.sleep(60)")

    assert isinstance(await fault(sandbox, note), UnreadableDocumentError)
    assert not is_alive(pid)


async def test_what_a_worker_has_started_ends_with_it(
    sandbox: Sandbox, note: Path, tmp_path: Path
) -> None:
    sandbox.limits = SHORT
    child = tmp_path / "child"
    await take_over(sandbox, "time.sleep(60)", before=fork(child))

    await fault(sandbox, note)

    assert eventually_ends(child)


async def test_a_process_that_left_the_group_and_keeps_the_pipes_holds_nothing_up(
    sandbox: Sandbox, note: Path, tmp_path: Path
) -> None:
    sandbox.limits = SHORT
    child = tmp_path / "child"
    await take_over(sandbox, "os._exit(3)", before=fork(child, first="os.setsid()"))

    assert await fault(sandbox, note)

    os.kill(int(child.read_text()), 9)
    assert eventually_ends(child)


@pytest.mark.parametrize(
    "frame",
    [b"", b"no json", b'{"ready": true}', orjson.dumps({"error": "RagError", "detail": "x"})],
)
async def test_an_answer_that_is_none_costs_that_file(
    sandbox: Sandbox, note: Path, frame: bytes
) -> None:
    await answer(sandbox, frame)

    assert type(await fault(sandbox, note)) is UnreadableDocumentError


async def test_a_reason_of_any_length_is_cut(sandbox: Sandbox, note: Path) -> None:
    refusal = {"error": "EmptyDocumentError", "detail": "x" * 100_000}
    await answer(sandbox, orjson.dumps(refusal))

    assert len(str(await fault(sandbox, note))) == 1_000
