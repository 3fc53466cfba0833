from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import orjson
import pytest

from ingest.running import refuse, run
from ingest.screen import Screen
from rag_core.errors import DocumentNotFoundError, EmptyDocumentError
from rag_core.settings import Settings

Work = Callable[[Settings, Screen], Coroutine[None, None, int]]


def failing(error: BaseException) -> Work:
    async def work(settings: Settings, screen: Screen) -> int:
        del settings, screen
        raise error

    return work


async def fail_side_by_side(settings: Settings, screen: Screen) -> int:
    del settings, screen
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(9))
        group.create_task(asyncio.to_thread(int, "seven"))
    return 0


@pytest.mark.parametrize(
    ("work", "code", "name"),
    [
        (failing(DocumentNotFoundError("x")), 2, "DocumentNotFoundError"),
        (failing(OSError("gone")), 1, "OSError"),
        (failing(KeyboardInterrupt()), 130, "InterruptedError"),
        (fail_side_by_side, 1, "ValueError"),
    ],
)
def test_a_failure_is_one_json_object_and_an_exit_code(
    work: Work, code: int, name: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(work, as_json=True) == code

    assert orjson.loads(capsysbinary.readouterr().out)["error"] == name


def test_a_failure_is_one_sentence_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    code = run(failing(EmptyDocumentError("it holds no text")), as_json=False)

    assert (code, *capfd.readouterr()) == (2, "", "ingest: it holds no text\n")


def test_a_refusal_is_printable(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    refuse("no such option: \udcff")

    assert orjson.loads(capsysbinary.readouterr().out)["detail"] == "no such option: \\udcff"
