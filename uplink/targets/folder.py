"""The folder target, for sites without a line: the files are carried to the provider by other means.

    out/00000000000000000042-0198….json      a batch of CloudEvents, complete as soon as it has that name
    receipts/0198….json                      the provider's receipt, if there is ever one to bring back

A file is written under another name, synced, then renamed: what has its name is whole. The receipt that the
outbox gets says "accepted" once the file and its folder are on the disk. From there on the carrier
is responsible for it; the events' ids make a file that is imported twice harmless.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from uplink.delivery.responses import ItemOutcome, ItemResult, Receipt
from uplink.errors import Unreachable
from uplink.outbox.outbox import Batch


class Settings(BaseModel):
    """The table `[target.folder]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path = Field(description="Where files are put, such as /media/carrier/out. It must be there.")
    most_files: int = Field(default=10_000, ge=1, description="Delivery waits while so many files lie there.")


class FolderTarget:
    """Writes each batch as one file."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        return f"folder {self._settings.path}"

    @property
    def clock_offset(self) -> None:
        """None: a folder has no clock."""
        return

    async def send(self, batch: Batch) -> Receipt:
        """Write `batch`; again under the same name if it was there."""
        await asyncio.to_thread(self._write_batch, batch)
        return {event: ItemResult(ItemOutcome.ACCEPTED) for event in batch.ids}

    async def aclose(self) -> None:
        """Nothing is open."""

    def _write_batch(self, batch: Batch) -> None:
        folder = self._settings.path
        file = folder / f"{_first_sequence(batch)}-{batch.key}.json"
        try:
            if not file.exists() and sum(1 for _ in folder.glob("*.json")) >= self._settings.most_files:
                raise Unreachable(
                    f"{folder} holds {self._settings.most_files} files; they are not carried away"
                )
            half_done = file.with_suffix(".part")
            with half_done.open("wb") as out:
                out.write(batch.body)
                out.flush()
                os.fsync(out.fileno())
            half_done.replace(file)
            _sync_folder(folder)
        except OSError as why:
            raise Unreachable(f"{folder} cannot be written: {why.strerror}") from why


def connect(settings: Settings) -> FolderTarget:
    """The target that `settings` describe."""
    return FolderTarget(settings)


def _first_sequence(batch: Batch) -> str:
    """The lowest agent_seq in it: files sort in the order in which they are to be read."""
    return str(json.loads(batch.body)[0]["sequence"])


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, where folders can be synced."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
