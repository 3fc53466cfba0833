from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fetch.robots import read_robots

RULES = b"""\xef\xbb\xbf# ours
User-agent: other
Disallow: /
user-agent: *
user-agent: third
Disallow: /private
Allow: /private/open   # but this
Disallow: /*.pdf$
Disallow: /search?*q=
Disallow:
crawl-delay: 2.5
Sitemap: http://h/sitemap.xml
"""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True),
        ("/private", False),
        ("/private/x", False),
        ("/private/open/x", True),
        ("/a/b.pdf", False),
        ("/a/b.pdf?x", True),
        ("/search?a&q=1", False),
        ("/search", True),
    ],
)
def test_the_longest_rule_that_fits_decides(path: str, allowed: bool) -> None:  # noqa: FBT001
    assert read_robots(RULES).allows(f"http://h{path}") is allowed


def test_a_delay_is_read() -> None:
    assert read_robots(RULES).delay_seconds == 2.5


def test_a_group_that_names_us_goes_before_the_one_for_all() -> None:
    robots = read_robots(b"User-agent: *\nDisallow: /\n\nUser-agent: RAG-ingest/2\nDisallow: /x")

    assert robots.allows("http://h/a")
    assert not robots.allows("http://h/x")


def test_a_group_without_rules_allows_us_everything() -> None:
    robots = read_robots(b"User-agent: rag-ingest\nDisallow:\n\nUser-agent: *\nDisallow: /")

    assert robots.allows("http://h/a")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_robots_file(content: bytes) -> None:
    assert read_robots(content).allows("http://h/a") in (True, False)


def test_a_hostile_rule_takes_no_time() -> None:
    robots = read_robots(b"User-agent: *\nDisallow: /" + b"*a" * 1000 + b"b")
    began = time.process_time()

    assert robots.allows("http://h/" + "a" * 2000)
    assert time.process_time() - began < 1
