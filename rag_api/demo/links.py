"""A passage → links to its place in the document, and to the document where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Protocol
from urllib.parse import urlsplit


class Placed(Protocol):
    """What has an address and a source: a passage, a citation, a near miss."""

    @property
    def url(self) -> str:
        """Shows it in its place."""

    @property
    def source(self) -> str:
        """Path or URL of its document."""


@dataclass(frozen=True, slots=True)
class Links:
    """How addresses that the API gives become ones that the reader's browser can open."""

    api_url: str
    same_site: bool
    """Whether the page is at the API's own address, however a browser reached that."""

    def address(self, placed: Placed) -> str:
        """Where the browser finds it."""
        return self.reach(placed.url)

    def reach(self, url: str) -> str:
        """How the browser reaches an address of the API.

        The API names the address that it was asked at, which is ours; below the same site, the
        path alone leads the reader there too. What RAG_PUBLIC_URL begins with stays.
        """
        if self.same_site and url.startswith(f"{self.api_url}/"):
            return url.removeprefix(self.api_url)
        return url if url.startswith(("http://", "https://")) else "#"

    def write(self, placed: Placed, *, page: int | None) -> str:
        """The links, as HTML; that to a PDF on the web leads to this page of it."""
        links = [_link(self.address(placed), "Show in the document")]
        # Only these: a document's source may be anything, "javascript:" too.
        if placed.source.startswith(("http://", "https://")):
            links.append(_link(_at_page(placed.source, page), "Open the original"))
        else:
            links.append(f'<span class="path">{escape(placed.source)}</span>')
        return " ".join(links)


def _at_page(url: str, page: int | None) -> str:
    parts = urlsplit(url)
    if page is None or not parts.path.lower().endswith(".pdf"):
        return url
    return parts._replace(fragment=f"page={page}").geturl()


def _link(address: str, text: str) -> str:
    return f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{text}</a>'
