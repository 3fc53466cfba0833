"""What a visitor does beside the conversation → what changes on the page."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from rag_api.demo.client import Api
from rag_api.demo.drawing import Update
from rag_api.demo.examples import MOST_EXAMPLES, WIDE_QUERY, write_examples
from rag_api.demo.faults import CallError
from rag_api.demo.uploads import render_fault, render_job, render_sending

_MOST_PASSAGES = 50
_NO_MODEL = "extractive"


@dataclass(frozen=True, slots=True)
class Actions:
    """The choice of what is asked, and uploads, with the API that they ask."""

    api: Api

    async def open_page(
        self, key: str | None, collection: str | None, model: str | None
    ) -> tuple[Update, ...]:
        """Collections and models to choose from, the key's field if one is wanted, what is wrong.

        What was chosen stays so, where it is still there.
        """
        api = self.api.with_key(key)
        try:
            found, models = await api.list_collections(), await api.list_models()
        except CallError as error:
            wanted = gr.update(visible=True) if error.unauthorized else gr.skip()
            return gr.skip(), gr.skip(), wanted, render_fault(str(error))
        names = sorted((one.name for one in found), key=_default_first)
        return (
            gr.update(
                choices=[(_describe(one.name, one.documents), one.name) for one in found],
                value=_keep(collection, names),
            ),
            gr.update(
                choices=[(_name_model(one), one) for one in models],
                value=_keep(model, models),
                visible=len(models) > 1,
            ),
            gr.skip(),
            "",
        )

    async def offer_examples(self, key: str | None, collection: str | None) -> list[Update]:
        """Questions to begin with, on as many buttons."""
        questions: list[str] = []
        if collection:
            try:
                found = await self.api.with_key(key).search(
                    WIDE_QUERY, collection=collection, top_k=_MOST_PASSAGES
                )
                questions = write_examples(found.passages)
            except CallError:
                questions = []
        missing = [gr.update(visible=False)] * (MOST_EXAMPLES - len(questions))
        return [*(gr.update(value=one, visible=True) for one in questions), *missing]

    async def upload(
        self, files: list[str] | None, key: str | None, collection: str | None
    ) -> AsyncGenerator[tuple[Update, Update], None]:
        """Send files to the API and follow their job; gives its line, and empties the field."""
        paths = [Path(file) for file in files or []]
        if not paths:
            yield gr.skip(), gr.skip()
            return
        yield render_sending([path.name for path in paths]), gr.skip()
        api = self.api.with_key(key)
        try:
            job = await api.upload(paths, collection=collection)
            yield render_job(job), None
            async for event in api.follow(job.id):
                yield render_job(event.job), gr.skip()
        except CallError as error:
            yield render_fault(str(error)), None


def _describe(name: str, documents: int) -> str:
    return f"{name} ({documents:,} document{'' if documents == 1 else 's'})"


def _default_first(name: str) -> tuple[bool, str]:
    return name != "default", name


def _keep(chosen: str | None, names: Sequence[str]) -> str | None:
    return chosen if chosen in names else next(iter(names), None)


def _name_model(name: str) -> str:
    return "no model, only quotes" if name == _NO_MODEL else name
