from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import xlsxwriter

from ingest.sandbox import Limits, Sandbox, open_sandbox
from rag_core.documents import Splitting
from rag_core.errors import (
    ConfigurationError,
    DocumentError,
    EmptyDocumentError,
    OversizedDocumentError,
    UnavailableDocumentError,
    UnreadableDocumentError,
)

TOKENIZER = "estimate"
TEXT = "# Rivers\n\nThe Rhine is long.\n\n## Length\n\nIt has 1,233 km.\n"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with open_sandbox(tokenizer=TOKENIZER, splitting=Splitting(64), workers=1) as opened:
        yield opened


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "rivers.md"
    path.write_text(TEXT)
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.txt"
    path.write_text("A sentence that says little. " * 500_000)
    return path


async def fault(sandbox: Sandbox, path: Path) -> DocumentError:
    with pytest.raises(DocumentError) as raised:
        await sandbox.parse(path, source="s")
    return raised.value


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def read_environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def is_alive(pid: int) -> bool:
    try:
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        return False


async def test_a_file_comes_back_read_and_cut_at_exact_offsets(
    sandbox: Sandbox, note: Path
) -> None:
    parsed = await sandbox.parse(note, source="rivers")

    assert (parsed.document.source, parsed.document.title) == ("rivers", "Rivers")
    assert parsed.size_bytes == len(TEXT)
    assert parsed.chunks
    for chunk in parsed.chunks:
        assert parsed.document.text[chunk.start : chunk.end] == chunk.text


async def test_one_worker_serves_one_file_after_the_other(sandbox: Sandbox, note: Path) -> None:
    await sandbox.parse(note, source="first")
    (worker,) = sandbox.idle

    await sandbox.parse(note, source="second")

    assert sandbox.idle == [worker]


async def test_no_more_workers_run_than_are_allowed(note: Path) -> None:
    async with open_sandbox(tokenizer=TOKENIZER, splitting=Splitting(64), workers=2) as sandbox:
        await asyncio.gather(*(sandbox.parse(note, source="s") for _ in range(8)))

        assert len(sandbox.idle) == 2


async def test_what_cannot_be_stored_is_replaced_one_for_one(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "zero.html").write_text("<p>before &#xD800; after</p>")

    parsed = await sandbox.parse(tmp_path / "zero.html", source="s")

    assert parsed.document.text.encode()
    assert "\0" not in parsed.document.text


async def test_an_empty_file_is_refused_and_the_worker_stays(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "empty.md").write_text("")

    assert isinstance(await fault(sandbox, tmp_path / "empty.md"), EmptyDocumentError)
    assert len(sandbox.idle) == 1


async def test_a_broken_file_is_refused_with_a_reason(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\ngarbage")

    assert isinstance(await fault(sandbox, tmp_path / "broken.pdf"), UnreadableDocumentError)


async def test_a_file_that_is_gone_cannot_be_had_now(sandbox: Sandbox, tmp_path: Path) -> None:
    error = await fault(sandbox, tmp_path / "gone.md")

    assert isinstance(error, UnavailableDocumentError)
    assert "No such file" in str(error)


async def test_a_file_that_needs_too_much_memory_costs_only_itself(
    sandbox: Sandbox, large: Path, note: Path
) -> None:
    sandbox.limits = Limits(memory_bytes=8 << 20, memory_per_byte=0)

    error = await fault(sandbox, large)

    assert isinstance(error, OversizedDocumentError)
    assert str(error) == "the file needs more than 8 MB of memory"
    assert await sandbox.parse(note, source="s")


async def test_a_file_that_takes_too_long_costs_only_itself(
    sandbox: Sandbox, large: Path, note: Path
) -> None:
    sandbox.limits = Limits(seconds=0, seconds_per_mib=0)

    error = await fault(sandbox, large)

    assert str(error) == "parsing takes more than 0 s"
    sandbox.limits = Limits()
    assert await sandbox.parse(note, source="s")


async def test_processor_time_is_limited_by_the_kernel(sandbox: Sandbox, large: Path) -> None:
    sandbox.limits = Limits(seconds=1, seconds_per_mib=0, clock_per_processor=60)

    error = await fault(sandbox, large)

    assert str(error) == "parsing takes more than 1 s"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (signal.SIGABRT, OversizedDocumentError),
        (signal.SIGSEGV, UnreadableDocumentError),
        (signal.SIGKILL, UnavailableDocumentError),
    ],
)
async def test_a_crash_costs_only_the_file_that_caused_it(
    sandbox: Sandbox, large: Path, note: Path, *, number: signal.Signals, kind: type[DocumentError]
) -> None:
    await sandbox.parse(note, source="s")
    (worker,) = sandbox.idle
    failing = asyncio.create_task(fault(sandbox, large))
    await asyncio.sleep(0.2)

    os.kill(worker.pid, number)

    error = await failing
    assert type(error) is kind
    assert f"(signal {int(number)})" in str(error)
    assert await sandbox.parse(note, source="s")


async def test_a_worker_that_died_while_it_waited_costs_no_file(
    sandbox: Sandbox, note: Path
) -> None:
    await sandbox.parse(note, source="s")
    (worker,) = sandbox.idle
    worker.kill()
    await worker.wait()

    assert await sandbox.parse(note, source="s")


async def test_a_cancelled_parse_leaves_no_worker_behind(sandbox: Sandbox, large: Path) -> None:
    parsing = asyncio.create_task(sandbox.parse(large, source="s"))
    await asyncio.sleep(0.5)

    parsing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await parsing
    assert sandbox.idle == []
    assert sandbox.free._value == 1


async def test_workers_end_when_the_sandbox_closes(note: Path) -> None:
    async with open_sandbox(tokenizer=TOKENIZER, splitting=Splitting(64)) as sandbox:
        await sandbox.parse(note, source="s")
        (worker,) = sandbox.idle

    assert not is_alive(worker.pid)


def test_workers_end_when_their_parent_is_killed(note: Path) -> None:
    program = (
        "import asyncio, sys, time\nfrom pathlib import Path\nfrom ingest.sandbox import *\n"
        "async def main():\n"
        f"    async with open_sandbox(tokenizer={TOKENIZER!r}) as sandbox:\n"
        f"        await sandbox.parse(Path({str(note)!r}), source='s')\n"
        "        print(sandbox.idle[0].pid, flush=True)\n        time.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()

    assert eventually(lambda: not is_alive(pid))


async def test_parsers_do_not_see_the_keys_in_the_environment(
    sandbox: Sandbox, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")

    await sandbox.parse(note, source="s")

    assert b"secret" not in read_environment(sandbox.idle[0].pid)


async def test_a_module_in_the_working_folder_is_never_run(
    sandbox: Sandbox, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (note.parent / "orjson.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(note.parent)

    assert await sandbox.parse(note, source="s")


async def test_a_worker_that_cannot_start_says_why(note: Path) -> None:
    async with open_sandbox(tokenizer="file:/nowhere.json", splitting=Splitting(64)) as sandbox:
        with pytest.raises(ConfigurationError, match=r"nowhere\.json"):
            await sandbox.parse(note, source="s")


async def test_a_sheet_that_spans_too_much_costs_only_itself(
    sandbox: Sandbox, note: Path, tmp_path: Path
) -> None:
    path = tmp_path / "corner.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "first")
        sheet.write(1_048_575, 16_383, "last")

    assert isinstance(await fault(sandbox, path), OversizedDocumentError)
    assert (await sandbox.parse(note, source="s")).chunks
