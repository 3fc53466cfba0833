from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ingest.reach import Reach
from tests.ingest.remote_support import names, planned
from tests.web import Reply, link_to, serving_site

SITE = {
    "/docs/": link_to("a", "/docs/b.html#part", "/blog", "http://elsewhere.example/", "x.png"),
    "/docs/a": link_to("deep/c", "b.html"),
    "/docs/b.html": link_to("/docs/"),
    "/docs/deep/c": link_to("d"),
    "/docs/deep/d": link_to(),
    "/blog": link_to(),
}


def sitemap(*paths: str, tag: str = "url") -> Reply:
    root = "urlset" if tag == "url" else "sitemapindex"
    entries = "".join(f"<{tag}><loc>{path}</loc></{tag}>" for path in paths)
    return Reply(f"<{root}>{entries}</{root}>".encode(), media_type="application/xml")


@pytest.mark.parametrize(
    ("depth", "found"),
    [
        (0, ["/docs/"]),
        (1, ["/docs/", "/docs/a", "/docs/b.html"]),
        (2, ["/docs/", "/docs/a", "/docs/b.html", "/docs/deep/c"]),
        (3, ["/docs/", "/docs/a", "/docs/b.html", "/docs/deep/c", "/docs/deep/d"]),
    ],
)
async def test_links_are_followed_so_many_steps(
    tmp_path: Path, depth: int, found: list[str]
) -> None:
    async with (
        serving_site(SITE) as site,
        planned(tmp_path, f"{site.url}/docs/", reach=Reach(depth=depth)) as plan,
    ):
        assert names(plan, site.url) == found
        assert len(site.paths()) == len(set(site.paths()))


async def test_what_links_leave_out_is_counted(tmp_path: Path) -> None:
    async with (
        serving_site(SITE) as site,
        planned(tmp_path, f"{site.url}/docs/", reach=Reach(depth=1)) as plan,
    ):
        assert plan.skipped == {
            "a link to outside of /docs/ (--any-path takes it)": 1,
            "a link to another host": 1,
            "no loader for .png": 1,
        }


async def test_other_paths_are_taken_when_that_is_asked_for(tmp_path: Path) -> None:
    async with (
        serving_site(SITE) as site,
        planned(tmp_path, f"{site.url}/docs/", reach=Reach(depth=1, any_path=True)) as plan,
    ):
        assert "/blog" in names(plan, site.url)


async def test_pages_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    async with (
        serving_site(SITE) as site,
        planned(tmp_path, f"{site.url}/docs/", reach=Reach(depth=3, max_pages=2)) as plan,
    ):
        assert len(plan.files) == 2
        assert plan.skipped["beyond the first 2 pages (--max-pages)"] == 3


async def test_robots_txt_is_obeyed_for_links_and_not_for_what_is_named(tmp_path: Path) -> None:
    pages = SITE | {
        "/robots.txt": Reply(b"User-agent: *\nDisallow: /docs/", media_type="text/plain")
    }
    async with (
        serving_site(pages) as site,
        planned(tmp_path, f"{site.url}/docs/", reach=Reach(depth=2)) as plan,
    ):
        assert names(plan, site.url) == ["/docs/"]
        assert plan.skipped["robots.txt forbids it"] == 2
        assert site.paths() == ["/docs/", "/robots.txt"]


async def test_a_robots_txt_that_cannot_be_read_forbids_and_is_reported(tmp_path: Path) -> None:
    async with (
        serving_site(SITE | {"/robots.txt": Reply(status=500)}) as site,
        planned(tmp_path, f"{site.url}/docs/", reach=Reach(depth=1)) as plan,
    ):
        assert names(plan, site.url) == ["/docs/"]
        assert [source for source, _ in plan.faults] == [f"{site.url}/robots.txt"]


async def test_pages_that_are_the_same_are_taken_once(tmp_path: Path) -> None:
    canonical = '<link rel="canonical" href="/page">'
    pages = {
        "/": link_to("/page", "/page?print", "/old"),
        "/page": link_to(),
        "/page?print": link_to(head=canonical),
        "/old": Reply(status=301, headers={"Location": "/page"}),
    }
    async with (
        serving_site(pages) as site,
        planned(tmp_path, f"{site.url}/", reach=Reach(depth=2)) as plan,
    ):
        assert names(plan, site.url) == ["/", "/page"]
        assert sum(plan.skipped.values()) == 2


async def test_a_page_is_taken_under_the_name_that_it_gives_itself(tmp_path: Path) -> None:
    pages = {
        "/": link_to("/page?print"),
        "/page?print": link_to(head='<link rel="canonical" href="/page">'),
    }
    async with (
        serving_site(pages) as site,
        planned(tmp_path, f"{site.url}/", reach=Reach(depth=2)) as plan,
    ):
        assert names(plan, site.url) == ["/", "/page"]


async def test_a_page_that_fails_costs_that_page(tmp_path: Path) -> None:
    async with (
        serving_site({"/": link_to("/a", "/b"), "/a": link_to("/c")}) as site,
        planned(tmp_path, f"{site.url}/", reach=Reach(depth=2)) as plan,
    ):
        assert names(plan, site.url) == ["/", "/a", "/c"]
        assert [(source, type(error).__name__) for source, error in plan.faults] == [
            (f"{site.url}/b", "FetchMissingError")
        ]


async def test_a_start_that_redirects_moves_the_scope(tmp_path: Path) -> None:
    moved = Reply(status=302, headers={"Location": "/docs/"})
    async with (
        serving_site(SITE | {"/": moved}) as site,
        planned(tmp_path, f"{site.url}/", reach=Reach(depth=1)) as plan,
    ):
        assert names(plan, site.url) == ["/", "/docs/a", "/docs/b.html"]


async def test_a_sitemap_gives_its_pages(tmp_path: Path) -> None:
    listed = sitemap("/docs/a", "/docs/a#part", "http://elsewhere.example/", "ftp://h/", "/x.zip")
    async with (
        serving_site({"/sitemap.xml": listed}) as site,
        planned(tmp_path, f"{site.url}/sitemap.xml") as plan,
    ):
        assert names(plan, site.url) == ["/docs/a"]
        assert sum(plan.skipped.values()) == 3
        assert site.paths() == ["/sitemap.xml", "/robots.txt"]


async def test_an_index_of_sitemaps_gives_the_pages_of_all(tmp_path: Path) -> None:
    packed = Reply(gzip.compress(sitemap("/b").body), media_type="application/gzip")
    pages = {
        "/sitemap.xml": sitemap("/1.xml", "/2.xml.gz", "/3.xml", "/sitemap.xml", tag="sitemap"),
        "/1.xml": sitemap("/a"),
        "/2.xml.gz": packed,
    }
    async with (
        serving_site(pages) as site,
        planned(tmp_path, f"{site.url}/sitemap.xml") as plan,
    ):
        assert names(plan, site.url) == ["/a", "/b"]
        assert [source for source, _ in plan.faults] == [f"{site.url}/3.xml"]


async def test_a_huge_sitemap_is_read_up_to_the_limit(tmp_path: Path) -> None:
    huge = sitemap(*(f"/{number}" for number in range(50_000)))
    async with (
        serving_site({"/sitemap.xml": huge}) as site,
        planned(tmp_path, f"{site.url}/sitemap.xml", reach=Reach(max_pages=20)) as plan,
    ):
        assert len(plan.files) == 20
        assert plan.skipped == {"beyond --max-pages of a sitemap": 49_980}


async def test_a_list_with_entities_is_a_file_like_others(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE urlset [<!ENTITY a "aaaa">]><urlset><url><loc>/&a;</loc></url></urlset>'
    async with (
        serving_site({"/a.xml": Reply(bomb.encode(), media_type="text/xml")}) as site,
        planned(tmp_path, f"{site.url}/a.xml") as plan,
    ):
        assert names(plan, site.url) == ["/a.xml"]


@pytest.mark.parametrize(
    "source", ["http://u:secret@h/", "gopher://h/", "http://2130706433/", "zip::http://h/a.zip"]
)
async def test_what_cannot_be_fetched_is_a_fault_of_that_source(
    tmp_path: Path, source: str
) -> None:
    async with planned(tmp_path, source) as plan:
        ((shown, error),) = plan.faults

    assert "secret" not in f"{shown} {error}"


async def test_nothing_fetched_is_left_behind(tmp_path: Path) -> None:
    async with (
        serving_site(SITE) as site,
        planned(tmp_path, f"{site.url}/docs/", reach=Reach(depth=3)),
    ):
        pass

    assert [path.name for path in (tmp_path / "fetched").iterdir()] == ["lock"]
