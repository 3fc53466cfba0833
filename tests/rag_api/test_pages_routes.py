"""Pages as pictures over HTTP: who may see them, and of which file they are."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from rag_api.pictures.errors import DrawingBusyError
from rag_api.pictures.gallery import AT_ONCE, MOST_WAITING, Gallery
from rag_api.pictures.order import Drawn, Order
from rag_core.catalog.originals import Original
from rag_core.originals import kept_path
from tests.api import DOCUMENT, MemoryLibrary, calling, make_parts
from tests.pdfs import make_pdf

PAGES = ["The lighthouse was built in 1871.", "Its keeper is named Ada Winter."]
TEXT = "\n\n".join(PAGES)
STARTS = (0, len(PAGES[0]) + 2)
QUOTED = f"start={TEXT.index('Ada')}&end={len(TEXT) - 1}"
CONTENT = make_pdf(PAGES)


@asynccontextmanager
async def serving_pdf(
    home: Path, source: str, /, **more: object
) -> AsyncIterator[httpx2.AsyncClient]:
    """An API whose one document was read from the PDF."""
    told = {
        "source": source,
        "media_type": "application/pdf",
        "content_hash": hashlib.sha256(CONTENT).hexdigest(),
        "size_bytes": len(CONTENT),
        "text": TEXT,
        "page_starts": STARTS,
    }
    library = MemoryLibrary(document=DOCUMENT.model_copy(update=told | more))
    async with calling(make_parts(library=library, RAG_HOME=home, api_key="secret")) as client:
        client.headers["authorization"] = "Bearer secret"
        yield client


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "lighthouse.pdf"
    path.write_bytes(CONTENT)
    return path


async def test_a_page_is_opened_by_its_signed_address_without_the_key(
    original: Path, tmp_path: Path
) -> None:
    async with serving_pdf(tmp_path, str(original)) as client:
        address = (await client.get("/v1/documents/d1")).json()["page_url"].replace("{page}", "2")
        del client.headers["authorization"]
        page = await client.get(f"{address}&{QUOTED}")
        again = await client.get(
            f"{address}&{QUOTED}", headers={"If-None-Match": page.headers["ETag"]}
        )
        other = await client.get(address.replace("/d1/", "/d2/"))
        bare = await client.get("/v1/documents/d1/pages/2")

    assert (page.status_code, page.headers["content-type"]) == (200, "image/png")
    assert page.headers["X-Marked-Share"] == "1.00"
    assert page.headers["Cache-Control"] == "private, max-age=3600"
    assert (again.status_code, again.content) == (304, b"")
    assert (other.status_code, bare.status_code) == (401, 401)


async def test_a_kept_upload_is_drawn(tmp_path: Path) -> None:
    kept = kept_path(tmp_path, hashlib.sha256(CONTENT).digest())
    kept.parent.mkdir(parents=True)
    kept.write_bytes(CONTENT)
    async with serving_pdf(tmp_path, "upload:lighthouse.pdf") as client:
        page = await client.get("/v1/documents/d1/pages/1?width=200")

    assert page.status_code == 200
    assert "X-Marked-Share" not in page.headers


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("pages/3", 404, "no page 3: the document has pages 1 to 2"),
        ("pages/0", 422, "page: "),
        ("pages/1?width=9999", 422, "width: "),
        ("pages/1?start=1", 400, "'start' is given 1 times and 'end' 0 times"),
        ("pages/2?start=0&end=5", 400, "page 2 has the characters 35 to 66"),
        ("pages/1?start=9&end=9", 400, "nothing of 9 to 9 stands there"),
    ],
)
async def test_a_request_that_cannot_be_is_a_sentence(
    query: str, status: int, said: str, original: Path, tmp_path: Path
) -> None:
    async with serving_pdf(tmp_path, str(original)) as client:
        answer = await client.get(f"/v1/documents/d1/{query}")

    assert answer.status_code == status
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("told", "status", "said"),
    [
        ({"media_type": "text/markdown"}, 404, "only pages of PDFs have pictures"),
        ({"source": "/gone.pdf"}, 410, "'/gone.pdf' is not there any more"),
        ({"source": "upload:a.pdf"}, 410, "is not kept: upload it again"),
        ({"source": "https://a.example/b.pdf"}, 404, "only files on this machine's disks"),
        ({"source": "/a.zip!/b.pdf"}, 404, "only files on this machine's disks"),
        ({"source": "../../etc/passwd"}, 404, "only files on this machine's disks"),
        ({"source": "/etc/passwd"}, 409, "'/etc/passwd' has changed"),
        ({"source": "/dev/zero"}, 410, "'/dev/zero' is not there"),
    ],
)
async def test_a_document_whose_file_is_not_at_hand_has_no_picture(
    told: dict[str, object], status: int, said: str, tmp_path: Path
) -> None:
    async with serving_pdf(tmp_path, "/gone.pdf", **told) as client:
        answer = await client.get("/v1/documents/d1/pages/1")
        document = (await client.get("/v1/documents/d1")).json()

    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert document["page_url"] is None or status == 409


def swap(path: Path, content: bytes) -> None:
    """Have the path lead to another file."""
    other = path.with_name("other.pdf")
    other.write_bytes(content)
    path.unlink()
    path.symlink_to(other)


async def test_a_file_that_was_changed_or_swapped_is_never_shown(
    original: Path, tmp_path: Path
) -> None:
    swap(original, CONTENT.replace(b"%PDF-1.3", b"%PDF-1.4"))
    async with serving_pdf(tmp_path, str(original)) as client:
        answer = await client.get("/v1/documents/d1/pages/1")

    assert answer.status_code == 409
    assert "ingest it again" in answer.json()["detail"]


class SlowDraw:
    """Draws when it is told to; counts."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.drawn = self.running = self.most = 0

    async def __call__(self, order: Order, file: int) -> Drawn:
        os.fstat(file)  # it is open
        self.drawn += 1
        self.running += 1
        self.most = max(self.most, self.running)
        await self.go.wait()
        self.running -= 1
        return Drawn(b"%d" % order.page, 1.0)


async def test_many_who_ask_together_are_served_in_turn_and_the_rest_refused(
    original: Path, tmp_path: Path
) -> None:
    draw = SlowDraw()
    gallery = Gallery(tmp_path, draw)
    digest = hashlib.sha256(CONTENT).digest()
    source = Original(str(original), "application/pdf", digest, len(CONTENT), STARTS)

    def ask(page: int) -> asyncio.Task[Drawn]:
        wanted = Order(digest.hex(), len(CONTENT), page, TEXT, (), 100)
        return asyncio.create_task(gallery.find_picture(wanted, source))

    asked = [ask(1 + number // 2) for number in range(2 * MOST_WAITING)]
    await asyncio.sleep(0.1)
    refused = ask(MOST_WAITING + 1)
    await asyncio.wait({refused})
    draw.go.set()
    drawn = await asyncio.gather(*asked)

    assert isinstance(refused.exception(), DrawingBusyError)
    assert [one.png for one in drawn] == [b"%d" % (1 + n // 2) for n in range(2 * MOST_WAITING)]
    assert (draw.drawn, draw.most) == (MOST_WAITING, AT_ONCE)
