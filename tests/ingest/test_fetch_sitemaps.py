from __future__ import annotations

import gzip
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.fetch.sitemaps import Listed, Sitemap, is_settled, read_sitemap
from rag_core.errors import OversizedDocumentError, UnreadableDocumentError

NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
FETCHED = datetime(2026, 11, 25, 12, tzinfo=UTC)


def read(tmp_path: Path, content: bytes | str, *, most: int = 10) -> Sitemap | None:
    path = tmp_path / "sitemap.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_sitemap(path, most=most)


def urls(*locations: str) -> str:
    entries = "".join(f"<url><loc>{one}</loc></url>" for one in locations)
    return f"<urlset {NAMESPACE}>{entries}</urlset>"


def test_pages_are_listed_with_their_dates(tmp_path: Path) -> None:
    page = (
        "<url><loc> http://h/a?b&amp;c </loc><lastmod>2026-11-01</lastmod><x><loc>n</loc></x></url>"
    )

    sitemap = read(tmp_path, f"<urlset {NAMESPACE}>{page}<url><loc>http://h/b</loc></url></urlset>")

    listed = (Listed("http://h/a?b&c", "2026-11-01"), Listed("http://h/b", None))
    assert sitemap == Sitemap(is_index=False, entries=listed, left_out=0)


def test_an_index_lists_sitemaps_and_may_be_packed(tmp_path: Path) -> None:
    index = f"<sitemapindex {NAMESPACE}><sitemap><loc>http://h/1</loc></sitemap></sitemapindex>"

    sitemap = read(tmp_path, gzip.compress(index.encode()))

    assert sitemap == Sitemap(is_index=True, entries=(Listed("http://h/1", None),), left_out=0)


def test_more_than_are_wanted_are_counted(tmp_path: Path) -> None:
    sitemap = read(tmp_path, urls(*map(str, range(1000))), most=10)

    assert sitemap is not None
    assert (len(sitemap.entries), sitemap.left_out) == (10, 990)


@pytest.mark.parametrize(
    "content",
    [
        "<html><body>no</body></html>",
        "plain text",
        b"",
        b"\x1f\x8bbroken",
        f'<!DOCTYPE urlset [<!ENTITY a "{"b" * 50}">]>{urls("&a;")}',
        '<!DOCTYPE urlset SYSTEM "file:///etc/passwd"><urlset/>',
    ],
)
def test_what_is_no_plain_sitemap_is_none(tmp_path: Path, content: bytes | str) -> None:
    assert read(tmp_path, content) is None


def test_a_sitemap_that_breaks_off_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocumentError):
        read(tmp_path, urls("http://h/a")[:-5])
    with pytest.raises(UnreadableDocumentError):
        read(tmp_path, urls("&unknown;"))


def test_a_bomb_ends_at_the_limit(tmp_path: Path) -> None:
    bomb = gzip.compress(urls("http://h/a").encode()[:-9] + b" " * (51 << 20), compresslevel=1)

    with pytest.raises(OversizedDocumentError):
        read(tmp_path, bomb)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100))
def test_any_bytes_are_a_sitemap_or_none_or_damaged(tmp_path: Path, content: bytes) -> None:
    with suppress(UnreadableDocumentError):
        read(tmp_path, f"<urlset {NAMESPACE}>".encode() + content)


@pytest.mark.parametrize(
    ("lastmod", "settled"),
    [
        ("2026-11-20", True),
        ("2026-11-24", False),
        ("2026-11-25", False),
        ("2026-11-25T11:00:00Z", True),
        ("2026-11-25T13:00:00+02:00", True),
        ("2026-11-25T13:00:00Z", False),
        ("2026-11-25T11:00:00", True),
        ("yesterday", False),
    ],
)
def test_a_date_settles_what_was_fetched_well_after_it(lastmod: str, settled: bool) -> None:  # noqa: FBT001
    assert is_settled(lastmod, fetched_at=FETCHED) is settled
