"""A reference provider that is stopped."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from tests.uplink.target_rigs._rig import Rig
from uplink.receiver.app import create_app
from uplink.receiver.serve import serve_app
from uplink.targets import https


@contextlib.asynccontextmanager
async def rig(folder: Path) -> AsyncIterator[Rig]:
    seen: list[object] = []
    async with contextlib.AsyncExitStack() as running:
        url = await running.enter_async_context(serve_app(create_app(folder / "r.db", arrived=seen.append)))
        settings = https.Settings(url=f"{url}/v1/events", insecure_loopback=True)
        yield Rig(https.connect(settings), lambda: len(seen), running.aclose)
