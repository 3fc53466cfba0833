"""A cited passage as Open WebUI's own event, which shows its text and how well it fits."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rag_api.events import PassageView

OPEN_WEBUI_MODEL = "rag-openwebui"
"""Who asks this model by streamed chat completions gets these events in place of annotations."""


class _Object(BaseModel):
    model_config = ConfigDict(frozen=True)


class SourceIdentity(_Object):
    """Which source it is."""

    id: str
    name: str
    url: str


class SourceMetadata(_Object):
    """What sources are told apart by."""

    source: str = Field(description="The passage's id; a URL here would be shown as its name.")
    source_url: str
    name: str


class SourceData(_Object):
    """One passage, in lists as long as one."""

    source: SourceIdentity
    document: tuple[str]
    metadata: tuple[SourceMetadata]
    distances: tuple[float] = Field(description="Its score, shown in per cent.")


class SourceEvent(_Object):
    """One source; the marker `[n]` leads to the n-th that arrives."""

    type: Literal["source"]
    data: SourceData


def view_source(passage: PassageView, *, name: str) -> SourceEvent:
    """Describe a passage; no other one of the answer has its name."""
    metadata = SourceMetadata(source=passage.chunk_id, source_url=passage.url, name=name)
    data = SourceData(
        source=SourceIdentity(id=passage.chunk_id, name=name, url=passage.url),
        document=(passage.text,),
        metadata=(metadata,),
        distances=(passage.fused_score,),
    )
    return SourceEvent(type="source", data=data)
