from __future__ import annotations

import asyncio

from rag_api.routes.health import check_part
from rag_core.errors import VectorsUnavailableError
from tests.api import calling, make_parts, with_check


async def test_the_process_runs() -> None:
    async with calling(make_parts()) as client:
        response = await client.get("/healthz")
        head = await client.head("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert head.status_code == 200


async def test_every_part_is_asked() -> None:
    async with calling(make_parts()) as client:
        response = await client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["ready"] is True
    assert list(response.json()["parts"]) == ["catalog", "vectors"]


async def test_a_part_that_fails_is_named() -> None:
    parts = with_check(make_parts(), "vectors", VectorsUnavailableError("no route"))

    async with calling(parts) as client:
        response = await client.get("/readyz")

    health = response.json()["parts"]
    assert response.status_code == 503
    assert (health["vectors"]["ok"], health["vectors"]["detail"]) == (False, "no route")
    assert health["catalog"]["ok"] is True


async def test_a_part_that_hangs_is_given_up() -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    health = await check_part(hang, timeout_seconds=0.01)

    assert not health.ok
    assert health.detail == "no answer within 0.01 seconds"
