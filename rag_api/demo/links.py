"""A passage → links to its place in the document, and to the document where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Protocol


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
        """Where the browser finds it.

        The API names the address that it was asked at, which is ours; below the same site, the
        path alone leads the reader there too. What RAG_PUBLIC_URL begins with stays.
        """
        if self.same_site and placed.url.startswith(f"{self.api_url}/"):
            return placed.url.removeprefix(self.api_url)
        return placed.url if placed.url.startswith(("http://", "https://")) else "#"

    def write(self, placed: Placed) -> str:
        """The links, as HTML."""
        links = [_link(self.address(placed), "Show in the document")]
        # Only these: a document's source may be anything, "javascript:" too.
        if placed.source.startswith(("http://", "https://")):
            links.append(_link(placed.source, "Open the original"))
        else:
            links.append(f'<span class="path">{escape(placed.source)}</span>')
        return " ".join(links)


def _link(address: str, text: str) -> str:
    return f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{text}</a>'
