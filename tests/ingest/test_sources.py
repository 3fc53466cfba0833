from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.reach import Reach
from ingest.report import Report
from ingest.sources import name_path, take_again
from rag_core.catalog import collections, documents
from rag_core.index import Index
from tests.ingest.remote_support import ingest, planned
from tests.pdfs import make_pdf
from tests.web import Reply, link_to, serving_site

DEEP = Reach(depth=2)


def page(words: str, etag: str) -> Reply:
    text = f"<html><body><h1>{words}</h1><p>{words} are animals.</p></body></html>"
    return Reply(text.encode(), headers={"ETag": etag})


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, len(report.failed)


async def live(index: Index) -> dict[str, documents.DocumentSummary]:
    collection = await collections.get_collection(index.catalog, "notes")
    found = await documents.list_documents(index.catalog, collection, limit=100)
    return {one.source: one for one in found}


async def test_an_unchanged_page_costs_one_answer_without_a_body(
    index: Index, tmp_path: Path
) -> None:
    async with serving_site({"/a": page("Cats", '"1"'), "/b": page("Dogs", '"1"')}) as site:
        urls = [f"{site.url}/a", f"{site.url}/b#part"]
        first = await ingest(index, tmp_path / "home", *urls)
        site.pages["/b"] = page("Wolves", '"2"')
        second = await ingest(index, tmp_path / "home", *urls)

    assert (counts(first), counts(second)) == ((2, 0, 0, 0), (0, 1, 1, 0))
    assert sorted(site.statuses) == [200, 200, 200, 304]
    assert set(await live(index)) == {f"{site.url}/a", f"{site.url}/b"}


async def test_a_server_without_validators_is_compared_by_content(
    index: Index, tmp_path: Path
) -> None:
    async with serving_site({"/a": link_to()}) as site:
        await ingest(index, tmp_path / "home", f"{site.url}/a")
        again = await ingest(index, tmp_path / "home", f"{site.url}/a")

    assert counts(again) == (0, 0, 1, 0)


async def test_new_metadata_is_stored_though_the_page_is_the_same(
    index: Index, tmp_path: Path
) -> None:
    async with serving_site({"/a": page("Cats", '"1"')}) as site:
        url = f"{site.url}/a"
        await ingest(index, tmp_path / "home", url)
        again = await ingest(index, tmp_path / "home", url, metadata={"kind": "pet"})

    assert counts(again) == (0, 1, 0, 0)
    assert (await live(index))[url].metadata == {"kind": "pet"}


async def test_a_site_that_did_not_change_is_walked_without_a_body(
    index: Index, tmp_path: Path
) -> None:
    def linked(*paths: str) -> Reply:
        return Reply(link_to(*paths, title=str(paths)).body, headers={"ETag": '"1"'})

    pages = {"/": linked("/a"), "/a": linked("/b"), "/b": linked()}
    async with serving_site(pages) as site:
        first = await ingest(index, tmp_path / "home", f"{site.url}/", reach=DEEP)
        before = len(site.asked)
        second = await ingest(index, tmp_path / "home", f"{site.url}/", reach=DEEP)

    assert (counts(first), counts(second)) == ((3, 0, 0, 0), (0, 0, 3, 0))
    assert before == 4
    assert sorted(site.statuses[before:]) == [304, 304, 304, 404]


async def test_dates_of_a_sitemap_save_requests(index: Index, tmp_path: Path) -> None:
    def listing(date: str) -> Reply:
        entry = f"<url><loc>/a</loc><lastmod>{date}</lastmod></url>"
        return Reply(f"<urlset>{entry}</urlset>".encode(), media_type="text/xml")

    async with serving_site({"/s.xml": listing("2020-01-01"), "/a": link_to()}) as site:
        for date in ("2020-01-01", "2020-01-01", "2020-01-02"):
            site.pages["/s.xml"] = listing(date)
            await ingest(index, tmp_path / "home", f"{site.url}/s.xml")

    assert site.paths().count("/a") == 2


async def test_the_type_is_what_server_and_content_say(index: Index, tmp_path: Path) -> None:
    pages = {
        "/get?id=1": Reply(make_pdf("Whales swim."), media_type="application/pdf"),
        "/readme": Reply(b"# Owls\n\nOwls fly.", media_type="text/markdown; charset=utf-8"),
        "/a.pdf": link_to(title="Not found, says an honest page"),
    }
    async with serving_site(pages) as site:
        report = await ingest(index, tmp_path / "home", *(site.url + path for path in pages))
        found = await live(index)

    assert counts(report) == (3, 0, 0, 0)
    kinds = {source.removeprefix(site.url): one.media_type for source, one in found.items()}
    assert kinds == {
        "/get?id=1": "application/pdf",
        "/readme": "text/markdown",
        "/a.pdf": "text/html",
    }


async def test_paths_and_urls_are_one_plan(tmp_path: Path) -> None:
    (tmp_path / "a b.md").write_text("# Here")
    url = (tmp_path / "a b.md").as_uri()
    async with (
        serving_site({"/a": link_to()}) as site,
        planned(tmp_path / "home", f"{site.url}/a", url, str(tmp_path / "none")) as plan,
    ):
        assert [file.source for file in plan.files] == [
            str(tmp_path / "a b.md"),
            f"{site.url}/a",
        ]
        assert [source for source, _ in plan.faults] == [str(tmp_path / "none")]


@pytest.mark.parametrize("source", ["file://host/a", "s3://bucket/a"])
def test_what_is_elsewhere_is_no_path(source: str) -> None:
    assert name_path(source) is None


async def test_a_page_in_quarantine_is_tried_again_by_its_url(index: Index, tmp_path: Path) -> None:
    broken = Reply(b"%PDF-1.7 broken", media_type="application/pdf")
    async with serving_site({"/a!/b.pdf": broken, "/b": link_to()}) as site:
        url = f"{site.url}/a!/b.pdf"
        first = await ingest(index, tmp_path / "home", url)
        again = await ingest(index, tmp_path / "home", url)
        intake = take_again([url], allow_private=True)

    assert (len(first.failed), len(again.quarantined)) == (1, 1)
    assert (intake.sources, intake.only) == ([url], {url})


async def test_a_failure_of_one_page_is_reported_with_its_url(index: Index, tmp_path: Path) -> None:
    async with serving_site({"/a": link_to(), "/b": Reply(status=503)}) as site:
        report = await ingest(index, tmp_path / "home", f"{site.url}/a", f"{site.url}/b")

    (fault,) = report.failed
    assert (fault.source, fault.error) == (f"{site.url}/b", "FetchFailedError")
    assert report.added == 1


def test_what_fetches_is_not_imported_for_paths_of_this_machine() -> None:
    code = "import sys, ingest.addition; sys.exit('aiohttp' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
