"""Chooses the least score of a collection, and keeps it there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingest.evaluate.compile import calibrate
from ingest.evaluate.evaluation import Evaluation
from ingest.evaluate.judging import Judged
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.least_score import set_least_score


async def keep_calibration(
    catalog: Catalog,
    collection: Collection,
    evaluation: Evaluation,
    judged: Sequence[Judged],
    *,
    keep: float,
) -> Evaluation:
    """Choose it by what was just searched, store it, and say so in the evaluation.

    Raises:
        InvalidRequestError: too few of the questions are answerable.
        CatalogUnavailableError: it cannot be stored.
    """
    chosen = calibrate(judged, keep=keep)
    await set_least_score(catalog, collection, chosen.least_score)
    if evaluation.abstention is None:
        return evaluation
    return replace(evaluation, abstention=replace(evaluation.abstention, chosen=chosen))
