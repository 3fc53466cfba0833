from __future__ import annotations

from pathlib import Path

import pytest

from ingest.estimate import choose_sample
from ingest.origins import LocalFile
from ingest.plan import PlannedFile
from ingest.preview import Preview, preview
from rag_core.catalog import prune
from rag_core.catalog.engine import open_catalog
from rag_core.settings import Settings
from tests.ingest.mirror_support import make_mirror

MODEL = "langchain:tests.embeddings.WordEmbeddings"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return made_settings(tmp_path / "home")


def made_settings(home: Path, **changed: object) -> Settings:
    values = {"RAG_HOME": home, "EMBEDDING_MODEL": MODEL, **changed}
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve notes of about the same length."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(12):
        text = "It says so, and goes on for a while. " * (20 + number)
        (folder / f"{number:02}.md").write_text(f"# Note {number}\n\n{text}\n")
    return folder


async def see(settings: Settings, folder: Path, guard: str | None = None) -> Preview:
    return await preview(settings, make_mirror(folder, guard=guard))


async def test_a_dry_run_counts_tokens_and_what_they_cost(tmp_path: Path, folder: Path) -> None:
    settings = made_settings(tmp_path / "home", EMBEDDING_PRICE_PER_MILLION=100)

    seen = await see(settings, folder)

    estimate = seen.estimate
    assert (len(seen.added), estimate.files, estimate.sampled) == (12, 12, 12)
    assert 12 * 200 < estimate.tokens < 12 * 400
    assert seen.price == round(estimate.tokens / 1e4, 6)
    assert estimate.seconds >= 2


async def test_a_dry_run_stores_no_document_and_makes_no_collection(
    settings: Settings, folder: Path
) -> None:
    await see(settings, folder)

    async with open_catalog(settings.catalog_url) as catalog:
        assert (await prune.count_unused(catalog)).count > 0  # embedded for the estimate
        assert (await see(settings, folder)).unchanged == 0
    assert not (settings.home / "chroma").exists()


async def test_what_a_dry_run_has_embedded_is_not_counted_again(
    settings: Settings, folder: Path
) -> None:
    await see(settings, folder)

    assert (await see(settings, folder)).estimate.tokens == 0


async def test_a_file_that_would_fail_is_named(settings: Settings, folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 garbage")

    seen = await see(settings, folder)

    assert [Path(fault.source).name for fault in seen.failed] == ["broken.pdf"]
    assert seen.exit_code == 0


async def test_a_source_that_is_not_there_is_exit_code_2(
    settings: Settings, tmp_path: Path
) -> None:
    assert (await see(settings, tmp_path / "none")).exit_code == 2


def test_a_sample_takes_some_of_each_kind_from_small_to_large() -> None:
    pdfs = [planned(f"{n}.pdf", n << 20) for n in (5, 6)]
    notes = [planned(f"{n}.md", n) for n in range(100)]

    chosen = choose_sample({".md": notes, ".pdf": pdfs})

    assert [file.size_bytes >> 20 for file in chosen[".pdf"]] == [5]
    sizes = [file.size_bytes for file in chosen[".md"]]
    assert sizes == [4, 12, 20, 29, 37, 45, 54, 62, 70, 79, 87, 95]


def planned(source: str, size_bytes: int) -> PlannedFile:
    return PlannedFile(source, size_bytes, LocalFile(source))
