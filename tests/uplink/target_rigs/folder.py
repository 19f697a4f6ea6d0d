"""A folder that is taken away."""

import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from tests.uplink.target_rigs._rig import Rig
from uplink.targets import folder as folder_target


@contextlib.asynccontextmanager
async def rig(folder: Path) -> AsyncIterator[Rig]:
    out = folder / "out"
    out.mkdir()

    def kept() -> int:
        return len({event["id"] for file in out.glob("*.json") for event in json.loads(file.read_bytes())})

    async def take_away() -> None:
        shutil.rmtree(out)

    yield Rig(folder_target.connect(folder_target.Settings(path=out)), kept, take_away)
