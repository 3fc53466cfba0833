from __future__ import annotations

from dataclasses import replace

import httpx2
import pytest

from rag_api.routes.access import passage_url
from rag_api.wire.source_page import WINDOW_CHARACTERS
from tests.api import DOCUMENT, PASSAGE, QUOTE, SOURCE, TEXT, MemoryLibrary, calling, make_parts


async def get(path: str, *, accept: str = "text/html", text: str = TEXT) -> httpx2.Response:
    library = MemoryLibrary(document=DOCUMENT.model_copy(update={"text": text}))
    async with calling(make_parts(library=library)) as client:
        return await client.get(path, headers={"accept": accept})


async def test_collections_say_how_much_is_in_them() -> None:
    (collection,) = (await get("/v1/collections")).json()["collections"]

    assert (collection["name"], collection["documents"]) == ("default", 1)
    assert collection["created_at"] == "2026-01-01T00:00:00Z"


async def test_a_document_comes_with_the_text_that_offsets_count_in() -> None:
    document = (await get("/v1/documents/d1")).json()

    assert document["text"][SOURCE.start : SOURCE.end] == QUOTE
    assert document["page_starts"] == [0, 8]
    assert document["metadata"] == {"team": "sales"}


async def test_a_source_shows_the_passage_in_its_place() -> None:
    response = await get("/v1/sources/d1-0")

    assert "It costs &lt;b&gt;12&lt;/b&gt; euros.</mark>" in response.text
    assert '# Price\n\n<mark id="passage">' in response.text
    assert "<title>Prices &amp; more</title>" in response.text
    assert "<p>Page 2</p>\n<p>Price</p>" in response.text
    assert "Show the whole document" not in response.text


async def test_a_source_page_runs_no_script_and_loads_nothing() -> None:
    response = await get("/v1/sources/d1-0")

    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_a_source_is_json_when_asked_for() -> None:
    response = await get("/v1/sources/d1-0", accept="application/json")

    assert response.json() == SOURCE.model_dump(mode="json")


async def test_the_url_of_a_merged_passage_shows_all_of_it() -> None:
    merged = replace(PASSAGE, start=8, end=len(TEXT), text=TEXT[8:], chunks=2)
    parts = make_parts(api_key="secret")
    path = passage_url(merged, parts=parts, base_url="").partition("#")[0]

    async with calling(parts) as client:
        page = await client.get(path)
        source = (await client.get(path, headers={"accept": "application/json"})).json()

    assert '<mark id="passage"># Price' in page.text
    assert source["text"] == TEXT[source["start"] : source["end"]] == merged.text
    assert source["page"] == 2


@pytest.mark.parametrize("place", ["start=9999", "start=5&end=5", "end=9999", "start=9&end=2"])
async def test_a_range_that_the_document_does_not_have_is_refused(place: str) -> None:
    response = await get(f"/v1/sources/d1-0?{place}")

    assert response.status_code == 400
    assert "nothing stands from" in response.json()["detail"]


@pytest.mark.parametrize(("path", "shown"), [("", False), ("?whole=true", True)])
async def test_a_long_document_is_shown_around_the_passage(
    path: str,
    shown: bool,  # noqa: FBT001
) -> None:
    text = TEXT + "x" * WINDOW_CHARACTERS * 2 + "end"

    response = await get(f"/v1/sources/d1-0{path}", text=text)

    assert ("end</main>" in response.text) is shown
    assert ('<a href="?whole=true#passage">' in response.text) is not shown


@pytest.mark.parametrize(
    ("address", "linked"),
    [("https://here/a?b&c", True), ("javascript:alert(1)", False), ('/a"><b>', False)],
)
async def test_only_web_addresses_are_linked(address: str, linked: bool) -> None:  # noqa: FBT001
    library = MemoryLibrary(source=SOURCE.model_copy(update={"source": address}))

    async with calling(make_parts(library=library)) as client:
        response = await client.get("/v1/sources/d1-0")

    assert ("<a href=" in response.text) is linked
    assert "<b>" not in response.text


async def test_a_citations_link_opens_without_the_key() -> None:
    parts = make_parts(api_key="secret")

    async with calling(parts) as client:
        headers = {"authorization": "Bearer secret"}
        found = await client.post("/v1/search", json={"query": "x"}, headers=headers)
        url = found.json()["passages"][0]["url"]
        opened = await client.get(url)
        bare = await client.get(url.partition("?")[0])
        forged = await client.get("/v1/sources/d1-0?signature=00")

    assert [opened.status_code, bare.status_code, forged.status_code] == [200, 401, 401]
