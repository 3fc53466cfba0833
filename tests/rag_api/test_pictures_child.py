"""Pages drawn by the real child process, of files that are well and of files that are not."""

from __future__ import annotations

import asyncio
import hashlib
import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from fpdf import FPDF
from PIL import Image

from rag_api.pictures import child
from rag_api.pictures.child import COMMAND, draw_in_child
from rag_api.pictures.errors import NoPictureError, OriginalChangedError
from rag_api.pictures.order import Drawn, Order
from tests.pdfs import make_pdf

TEXT = "The first line is here.\nThe lighthouse was built in 1871.\nThe last line."
QUOTE = "lighthouse was built"
START = TEXT.index(QUOTE)


def order(content: bytes, *, page: int = 1, width: int = 300) -> Order:
    quoted = ((START, START + len(QUOTE)),)
    return Order(hashlib.sha256(content).hexdigest(), len(content), page, TEXT, quoted, width)


async def draw(
    content: bytes, folder: Path, wanted: Order | None = None, *, command: Sequence[str] = COMMAND
) -> Drawn:
    path = folder / "original"
    path.write_bytes(content)
    with path.open("rb") as file:
        wanted = order(content) if wanted is None else wanted
        return await draw_in_child(wanted, file.fileno(), command=command)


def yellow_box(png: bytes) -> tuple[tuple[int, int], tuple[int, int, int, int] | None]:
    """The size of a picture, and what is around its marks: left, top, right, bottom."""
    with Image.open(io.BytesIO(png)) as image:
        blue = image.convert("RGB").getchannel("B").point(lambda value: 255 * (value == 60))
        return image.size, blue.getbbox()


async def test_the_quoted_words_are_marked_where_they_stand(tmp_path: Path) -> None:
    drawn = await draw(make_pdf([TEXT]), tmp_path)
    (width, _), box = yellow_box(drawn.png)

    assert (width, drawn.marked_share) == (300, 1.0)
    assert box is not None
    left, top, right, bottom = box
    assert 20 < left < right < 110  # "The " is left out, and so is "in 1871."
    assert 25 < top < bottom < 40  # the second line of three


async def test_marks_turn_with_a_page_that_is_turned_and_cropped(tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument(make_pdf([TEXT]))
    document[0].set_rotation(90)
    document[0].set_cropbox(0, 642, 400, 842)
    turned = io.BytesIO()
    document.save(turned)
    drawn = await draw(turned.getvalue(), tmp_path)
    (width, height), box = yellow_box(drawn.png)

    assert height == pytest.approx(2 * width, abs=2)
    assert box is not None
    left, top, right, bottom = box
    assert bottom - top > 3 * (right - left)


async def test_a_page_of_200_inches_is_drawn_within_the_limit(tmp_path: Path) -> None:
    pdf = FPDF(unit="in", format=(200, 200))
    pdf.add_page()
    content = bytes(pdf.output())
    wanted = replace(order(content, width=3000), ranges=())
    size, _ = yellow_box((await draw(content, tmp_path, wanted)).png)

    assert size[0] * size[1] <= 6_010_000


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (make_pdf([TEXT], password="secret"), "encrypted"),  # noqa: S106 - a test's
        (make_pdf([TEXT])[:400], "damaged"),
        (b"%PDF-1.7\n" + b"[" * 100_000, "damaged"),
        (b"", "damaged"),
    ],
)
async def test_a_file_that_cannot_be_drawn_is_a_sentence(
    content: bytes, said: str, tmp_path: Path
) -> None:
    with pytest.raises(NoPictureError, match=said):
        await draw(content, tmp_path)


async def test_a_page_past_the_end_is_a_sentence(tmp_path: Path) -> None:
    content = make_pdf([TEXT])

    with pytest.raises(NoPictureError, match="as far as this page"):
        await draw(content, tmp_path, order(content, page=2))


async def test_other_bytes_of_the_same_size_are_never_drawn(tmp_path: Path) -> None:
    content = make_pdf([TEXT])
    other = content.replace(b"%PDF-1.3", b"%PDF-1.4")

    with pytest.raises(OriginalChangedError, match="has changed"):
        await draw(other, tmp_path, order(content))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("while True: pass", "takes more than 1 s"),
        ("import os; os.abort()", "code -6"),
        ("print('no picture')", "garbage"),
        ("print('{}')", "no picture"),
        ("import sys; [sys.stdout.write('x' * 2**20) for _ in range(100)]", "more than 32 MB"),
    ],
)
async def test_a_child_that_a_file_has_taken_over_is_ended_and_not_believed(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "SECONDS", 1.0)

    with pytest.raises(NoPictureError, match=said):
        await draw(make_pdf([TEXT]), tmp_path, command=(sys.executable, "-c", script))


async def test_who_leaves_ends_the_child(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import sys, time; sys.stdin.read(); time.sleep(60)")
    drawing = asyncio.create_task(draw(make_pdf([TEXT]), tmp_path, command=command))
    await asyncio.sleep(0.1)
    drawing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(drawing, 5)
