"""A client that opens streams, reads their first event, and holds them until it is ended.

    hold_streams.py URL COUNT [BODY]

Prints a line when all are open: how many answered 200.
"""

from __future__ import annotations

import asyncio
import sys

import aiohttp

AT_ONCE = 8


async def hold(url: str, count: int, body: str | None) -> None:
    """Open the streams, some at a time, and wait for ever."""
    turns = asyncio.Semaphore(AT_ONCE)
    timeout = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def open_one() -> aiohttp.ClientResponse:
            async with turns:
                headers = {"content-type": "application/json"}
                method = "GET" if body is None else "POST"
                response = await session.request(method, url, data=body, headers=headers)
                await response.content.readany()
                return response

        held = await asyncio.gather(*(open_one() for _ in range(count)))
        print(sum(response.status == 200 for response in held), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(hold(sys.argv[1], int(sys.argv[2]), (sys.argv[3:] or [None])[0]))
