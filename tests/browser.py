"""A page in a real Chromium, which does what a test says; driven by tests/clients/browser.mjs."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.node import run_script

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="needs a browser: 'apt-get install chromium', or your system's own"
)


async def show(url: str, *steps: tuple[str, Any], **page: object) -> dict[str, Any]:
    """What is seen of a page after these steps; it asks the API at this URL."""
    told = await run_script("browser.mjs", api=url, chromium=CHROMIUM, steps=steps, **page)
    seen: dict[str, Any] = told
    assert seen["faults"] == []
    return seen


def statuses(seen: dict[str, Any], method: str = "GET") -> list[int]:
    """Of the API's answers to the page, in their order."""
    return [one["status"] for one in seen["requests"] if one["method"] == method]
