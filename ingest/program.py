"""Names what decides whether a file can be read: our loaders, their libraries, limits and OCR."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

from ingest.limits import Limits
from ingest.ocr import find_tessdata
from rag_core.catalog.addresses import parse_address
from rag_core.settings import Settings

_LIBRARIES = (
    "charset-normalizer",
    "html-to-markdown",
    "liteparse",
    "lxml",
    "olefile",
    "pypdfium2",
    "python-calamine",
    "striprtf",
)
_HASH_CHARACTERS = 8
_HERE = Path(__file__).parent


def name_program(limits: Limits) -> str:
    """Such as `0.1.0+1f2e3d4c, 1024 of 2892 MB, 60 s, OCR eng`; another may read what this cannot.

    The version alone would not do: a loader that was mended in a checkout has the same.
    """
    tessdata = find_tessdata()
    ocr = f"OCR {tessdata.languages}" if tessdata else "no OCR"
    memory = f"{limits.memory(0) >> 20} of {limits.total_bytes >> 20} MB"
    return f"{version('rag')}+{_hash_loaders()}, {memory}, {limits.seconds:g} s, {ocr}"


def _hash_loaders() -> str:
    digest = hashlib.sha256()
    for name in _LIBRARIES:
        digest.update(f"{name} {version(name)}\n".encode())
    others = (_HERE / "ocr.py", _HERE / "sandbox_worker.py")
    for file in (*sorted((_HERE / "load").glob("*.py")), *others):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:_HASH_CHARACTERS]


def describe_run(settings: Settings) -> dict[str, object]:
    """What of program, machine and settings decides how an ingest goes; nothing secret."""
    limits = Limits()
    return {
        "version": f"{version('rag')}, Python {platform.python_version()}, {platform.platform()}",
        "home": settings.home,
        "catalog": parse_address(settings.catalog_url).shown,
        "vectors": "a server of its own" if settings.chroma_url is None else "CHROMA_URL",
        "embedding": f"{settings.embedding_model}, {settings.embedding_precision}",
        "parsers": f"{limits.workers} at once; {name_program(limits)}",
    }
