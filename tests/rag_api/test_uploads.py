from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from rag_api.parts import Parts
from rag_core.catalog.jobs import Job
from rag_core.errors import CatalogUnavailableError
from rag_core.uploads import numbered, upload_folder
from tests.api import MemoryJobs, calling, make_app, make_parts
from tests.servers import serving

CONTENT = b"# Cats\n\nThey sleep.\n"


@dataclass
class Place:
    """The application, its home and its jobs."""

    client: httpx2.AsyncClient
    home: Path
    parts: Parts

    @property
    def jobs(self) -> MemoryJobs:
        assert isinstance(self.parts.jobs, MemoryJobs)
        return self.parts.jobs

    @property
    def job(self) -> Job:
        (job,) = self.jobs.kept.values()
        return job

    async def post(self, *files: tuple[str, bytes], **fields: str) -> httpx2.Response:
        sent = [("file", (name, content)) for name, content in files]
        return await self.client.post("/v1/documents", files=sent, data=fields)

    async def post_raw(self, body: bytes, boundary: str = "b") -> httpx2.Response:
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        return await self.client.post("/v1/documents", content=body, headers=headers)

    def left(self) -> list[str]:
        """What lies in the folder of uploads."""
        return [folder.name for folder in (self.home / "uploads").glob("*")]


@asynccontextmanager
async def placed(home: Path, **settings: object) -> AsyncIterator[Place]:
    parts = make_parts(RAG_HOME=home, **settings)
    app = make_app(parts)
    # Without its lifespan, whose end belongs into the task of its beginning: not so in a fixture.
    app.state.parts = parts
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:
        yield Place(client, home, parts)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(tmp_path) as made:
        yield made


async def test_an_upload_becomes_a_job_and_its_bytes_wait_on_the_disk(place: Place) -> None:
    response = await place.post(("cats.md", CONTENT), collection="pets", metadata='{"by": "me"}')

    answer, job = response.json(), place.job
    path = numbered(upload_folder(place.home, job.id), 0, "cats.md")
    assert (response.status_code, answer["id"], answer["state"]) == (202, job.id, "queued")
    assert response.headers["location"] == f"http://here/v1/jobs/{job.id}"
    assert answer["files"] == [{"source": "upload:cats.md", "size_bytes": len(CONTENT)}]
    assert (job.collection, job.metadata) == ("pets", {"by": "me"})
    assert path.read_bytes() == CONTENT


async def test_files_of_one_upload_are_one_job(place: Place) -> None:
    await place.post(("a.md", b"A"), ("letters/a.md", b"B"), ("é.md", b""))

    sources = [(file.source, file.size_bytes) for file in place.job.files]
    assert sources == [("upload:a.md", 1), ("upload:letters/a.md", 1), ("upload:é.md", 0)]
    assert (place.job.collection, place.job.metadata) == ("default", None)


async def test_an_empty_field_was_not_filled_in(place: Place) -> None:
    response = await place.post(("a.md", b"A"), collection="", metadata="")

    assert response.status_code == 202
    assert place.job.collection == "default"


@pytest.mark.parametrize("name", ["../../../evil.md", "/etc/cron.d/evil.md", "..\\evil.md"])
async def test_a_name_leads_nowhere(place: Place, name: str) -> None:
    await place.post((name, CONTENT))

    (file,) = place.job.files
    written = [path for path in place.home.rglob("*") if path.is_file()]
    assert file.name == "evil.md"
    assert written == [numbered(upload_folder(place.home, place.job.id), 0, "evil.md")]


@pytest.mark.parametrize(
    ("files", "fields", "status", "said"),
    [
        ([], {"collection": "x"}, 400, "content-type|no file|boundary|valid JSON"),
        ([("..", b"x")], {}, 400, "needs a name"),
        ([("x" * 501, b"x")], {}, 400, "needs a name"),
        ([("a.md", b"x"), ("./a.md", b"y")], {}, 400, "two files are called 'a.md'"),
        ([("a.md", b"x")], {"metadata": "no"}, 400, "'metadata' is not valid JSON"),
        ([("a.md", b"x")], {"metadata": '{"a": 1}'}, 422, "metadata.a"),
        ([("a.md", b"x")], {"metadata": '{"a": "\\u0000"}'}, 422, "NUL"),
        ([("a.md", b"x")], {"collection": "x" * 256}, 422, "collection"),
        ([("a.md", b"x")], {"colection": "x"}, 422, "colection"),
        ([("a.md", b"x")], {"metadata": "x" * 70_000}, 413, "'metadata' is too long"),
    ],
)
async def test_what_cannot_be_taken_is_named_and_leaves_nothing(
    place: Place,
    files: list[tuple[str, bytes]],
    fields: dict[str, str],
    status: int,
    said: str,
) -> None:
    response = await place.post(*files, **fields)

    assert response.status_code == status
    assert any(part in response.json()["detail"] for part in said.split("|"))
    assert (place.left(), place.jobs.kept) == ([], {})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "breaks off"),
        (b"garbage", "cannot be read"),
        (b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nxx', "breaks off"),
        (b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\nx\r\n--b--\r\n', "no file"),
        (b"--b\r\n\r\nx\r\n--b--\r\n", "no file"),
        (b"--b\r\n" + b"X: y\r\n" * 100 + b"\r\nx\r\n--b--\r\n", "cannot be read"),
    ],
)
async def test_a_broken_form_is_named_and_leaves_nothing(
    place: Place, body: bytes, said: str
) -> None:
    response = await place.post_raw(body)

    assert (response.status_code, response.json()["error"]) == (400, "InvalidRequestError")
    assert said in response.json()["detail"]
    assert place.left() == []


@pytest.mark.parametrize("boundary", ["", "x" * 300])
async def test_a_boundary_that_is_none_is_named(place: Place, boundary: str) -> None:
    response = await place.post_raw(b"x", boundary)

    assert response.status_code == 400
    assert "oundary" in response.json()["detail"]


async def test_an_upload_over_the_limit_is_refused_also_when_it_names_no_length(
    tmp_path: Path,
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.md"\r\n\r\n'
        for _ in range(20):
            yield b"x" * 100_000

    async with placed(tmp_path, RAG_MAX_UPLOAD_MB=1) as place:
        declared = await place.post(("a.md", b"x" * 1_200_000))
        chunked = await place.post_raw(pieces())  # type: ignore[arg-type]

        for response in (declared, chunked):
            assert (response.status_code, response.json()["error"]) == (413, "RequestTooLargeError")
            assert "RAG_MAX_UPLOAD_MB" in response.json()["detail"]
        assert place.left() == []


async def test_an_upload_may_be_larger_than_other_bodies(place: Place) -> None:
    large = b"x" * 5_000_000

    response = await place.post(("a.md", large))

    assert response.status_code == 202
    assert place.job.files[0].size_bytes == len(large)


async def test_a_folder_that_cannot_be_written_is_a_503(tmp_path: Path) -> None:
    (tmp_path / "uploads").touch()

    async with placed(tmp_path) as place:
        response = await place.post(("a.md", CONTENT))

    assert (response.status_code, response.json()["error"]) == (503, "UploadsUnavailableError")
    assert "RAG_HOME" in response.json()["detail"]


async def test_files_whose_job_cannot_be_stored_do_not_stay(place: Place) -> None:
    place.jobs.failure = CatalogUnavailableError("it is away")

    response = await place.post(("a.md", CONTENT))

    assert response.status_code == 503
    assert place.left() == []


async def test_a_url_becomes_a_job(place: Place) -> None:
    body = {"url": "https://example.org/a.md", "collection": "pets", "metadata": {"by": "me"}}

    response = await place.client.post("/v1/documents", json=body)

    assert response.status_code == 202
    assert (place.job.url, place.job.collection) == (body["url"], "pets")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "s3://bucket/key", "a.md", "", "http://a b"])
async def test_other_urls_are_refused(place: Place, url: str) -> None:
    response = await place.client.post("/v1/documents", json={"url": url})

    assert (response.status_code, response.json()["error"]) == (422, "InvalidRequestError")
    assert response.json()["detail"].startswith("url: must begin with http:// or https://")


async def test_a_password_in_a_url_is_refused_before_it_is_kept(place: Place) -> None:
    response = await place.client.post("/v1/documents", json={"url": "https://me:s3cret@a.org/b"})

    assert response.status_code == 422
    assert response.json()["detail"].startswith("url: has a name or password in it")
    assert "s3cret" not in response.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"a=b", b"[" * 100_000])
async def test_what_is_neither_a_form_nor_json_is_told_so(place: Place, body: bytes) -> None:
    response = await place.client.post("/v1/documents", content=body)

    assert response.status_code in {400, 422}
    assert response.json()["error"] == "InvalidRequestError"


async def test_an_upload_needs_the_key(tmp_path: Path) -> None:
    async with placed(tmp_path, api_key="secret") as place:
        response = await place.post(("a.md", CONTENT))

        assert (response.status_code, place.left()) == (401, [])


async def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    parts = make_parts(RAG_HOME=tmp_path)
    head = (
        "POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
        'Content-Disposition: form-data; name="f"; filename="a.md"\r\n\r\n'
    )

    async with serving(make_app(parts), lifespan="on") as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + b"x" * 1000)
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        await asyncio.sleep(0.1)

    assert list((tmp_path / "uploads").glob("*")) == []
    assert parts.jobs == MemoryJobs()


async def test_a_removed_document_is_gone() -> None:
    async with calling(make_parts()) as client:
        removed = await client.delete("/v1/documents/d1")
        again = await client.delete("/v1/documents/d1")
        read = await client.get("/v1/documents/d1")

    assert (removed.status_code, removed.content) == (204, b"")
    assert [again.status_code, read.status_code] == [404, 404]
