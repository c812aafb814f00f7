"""The yardstick for downloads: the bare library's stream and a hash, in a process of its own, as the library comes.

Started with an address; prints `[[wall, work], sha256]`: seconds on the clock and of the processor.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time

import httpx2


async def main(address: str) -> tuple[tuple[float, float], str]:
    """Fetch it all once; a first byte before that loads what is loaded once."""
    async with httpx2.AsyncClient() as client:
        await client.get(address, headers={"range": "bytes=0-0"})
        found = hashlib.sha256()
        wall, work = time.perf_counter(), time.process_time()
        async with client.stream("GET", address) as response:
            async for piece in response.aiter_raw():
                found.update(piece)
        return (time.perf_counter() - wall, time.process_time() - work), found.hexdigest()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1]))), flush=True)
