from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.hosts import find_allowed_hosts, host_name, is_allowed_host, is_allowed_origin
from rag_core.settings import Settings


def allowed(
    host: str = "127.0.0.1", public_url: str | None = None, more: str | None = None
) -> frozenset[str]:
    settings = Settings(
        RAG_HOST=host, RAG_PUBLIC_URL=public_url, RAG_ALLOWED_HOSTS=more, _env_file=None
    )
    return find_allowed_hosts(settings)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8000", "localhost"),
        ("[::1]:8000", "::1"),
        ("https://Rag.Example:8443/base", "rag.example"),
        (" api ", "api"),
        ("*", "*"),
        ("", ""),
        (":8000", ""),
        ("[::1", ""),
        ("null", "null"),
    ],
)
def test_a_host_is_named_without_port_scheme_and_path(address: str, name: str) -> None:
    assert host_name(address) == name


@given(st.text())
def test_no_header_breaks_the_check(text: str) -> None:
    assert isinstance(is_allowed_host(text, allowed()), bool)
    assert isinstance(is_allowed_origin(text, allowed()), bool)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:9", "LOCALHOST:1"])
def test_this_machine_is_always_allowed(host: str) -> None:
    assert is_allowed_host(host, allowed())


@pytest.mark.parametrize("host", ["192.168.1.5:8000", "[fe80::1]:8000", "10.0.0.1"])
def test_an_address_is_allowed_since_no_name_leads_elsewhere(host: str) -> None:
    assert is_allowed_host(host, allowed("0.0.0.0"))  # noqa: S104


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "api:8000", "", ":80"])
def test_another_name_is_refused(host: str) -> None:
    assert not is_allowed_host(host, allowed())


@pytest.mark.parametrize("host", ["box.local:8000", "rag.example", "api:8000", "b.example"])
def test_names_in_the_settings_are_allowed(host: str) -> None:
    names = allowed("box.local", "https://rag.example/base", "api, https://B.example:1,")

    assert is_allowed_host(host, names)
    assert is_allowed_origin(f"https://{host}", names)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://10.0.0.1", "null", "", "chrome-extension://localhost"],
)
def test_a_page_from_elsewhere_is_refused(origin: str) -> None:
    assert not is_allowed_origin(origin, allowed())
    assert is_allowed_origin(origin, allowed(more="*"))


def test_a_star_allows_every_host() -> None:
    assert is_allowed_host("evil.example", allowed(more="*"))
