from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fetch.web_urls import find_host, find_name, is_url, is_web_url, normalise_url, show_url
from rag_core.errors import FetchRefusedError


@pytest.mark.parametrize(
    ("given_url", "normal"),
    [
        ("HTTP://Example.COM:80/a/../b#part", "http://example.com/b"),
        ("https://example.com:443", "https://example.com/"),
        ("https://example.com:8443/%7euser", "https://example.com:8443/~user"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
        ("http://example.com/a?b=c&d", "http://example.com/a?b=c&d="),
        ("http://[::1]:80/", "http://[::1]/"),
    ],
)
def test_a_url_has_one_normal_form(given_url: str, normal: str) -> None:
    assert normalise_url(given_url).rstrip("=") == normal.rstrip("=")


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http:///a",
        "http://a b/",
        "http://h:99999/",
        "http://[fe80::1%25eth0]/",
        "http://[::1",
        "ftp://example.com/",
        "javascript:alert(1)",
        "http://example.com/" + "a" * 3000,
    ],
)
def test_what_leads_nowhere_or_hides_where_is_refused(url: str) -> None:
    with pytest.raises(FetchRefusedError):
        normalise_url(url)


def test_credentials_are_refused_and_not_repeated() -> None:
    with pytest.raises(FetchRefusedError) as refused:
        normalise_url("https://somebody:secret@example.com/a")

    assert "secret" not in str(refused.value)
    assert show_url("s3://key:secret@bucket/a@b") == "s3://bucket/a@b"


def test_a_link_is_read_in_its_page() -> None:
    assert normalise_url("../c?d#e", base="http://h/a/b/") == "http://h/a/c?d"
    assert normalise_url("//other/x", base="https://h/a") == "https://other/x"


def test_urls_are_told_from_paths() -> None:
    assert is_url("s3://bucket/key")
    assert is_url("zip::http://host/a.zip")
    assert not is_url("./a:b//c")
    assert not is_url("/srv/http://x")
    assert is_web_url("HTTPS://h/")
    assert not is_web_url("file:///etc/passwd")


def test_a_host_is_its_scheme_name_and_port() -> None:
    assert find_host("http://h:8000/a?b") == "http://h:8000"


def test_the_last_part_of_a_url_names_its_file() -> None:
    assert find_name("http://h/a/b%2Fc.pdf?x=/y.zip") == "c.pdf"
    assert find_name("http://h/") == ""
    assert find_name("http://h/a%00b.md") == "a_b.md"


@given(st.text(max_size=40))
def test_any_text_is_a_normal_url_or_refused(text: str) -> None:
    try:
        normal = normalise_url(f"http://{text}")
    except FetchRefusedError:
        return
    assert normalise_url(normal) == normal
