"""Settings → the host names under which callers may reach `/mcp`, and the pages that may call it.

A page from elsewhere can make its own name lead to this machine (DNS rebinding) and have the user's
browser call what listens here. Such a request names the page's host: whoever knows the names that
are ours can tell it.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from ipaddress import ip_address
from urllib.parse import urlsplit

from rag_core.settings import Settings

ANY = "*"
"""In RAG_ALLOWED_HOSTS: every host and every page."""

_LOCAL = ("localhost", "127.0.0.1", "::1")


def find_allowed_hosts(settings: Settings) -> frozenset[str]:
    """The names of this machine itself, of RAG_HOST, RAG_PUBLIC_URL and RAG_ALLOWED_HOSTS."""
    named = [settings.host, settings.public_url or "", *(settings.allowed_hosts or "").split(",")]
    return frozenset(_LOCAL) | {name for name in map(host_name, named) if name}


def host_name(address: str) -> str:
    """The host of a URL or of `host:port`, in lower case; empty when there is none."""
    address = address.strip()
    try:
        return urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return ""


def is_allowed_host(host: str, allowed: AbstractSet[str]) -> bool:
    """Whether a request with this Host header may pass; its port does not count.

    Every IP address may: nobody can make another one lead here.
    """
    name = host_name(host)
    return ANY in allowed or name in allowed or _is_ip_address(name)


def is_allowed_origin(origin: str, allowed: AbstractSet[str]) -> bool:
    """Whether a page with this Origin header may call."""
    of_page = origin.startswith(("http://", "https://"))
    return ANY in allowed or (of_page and host_name(origin) in allowed)


def _is_ip_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
