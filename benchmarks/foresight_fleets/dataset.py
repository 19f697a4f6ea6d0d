"""A dataset of synthetic fleets, read as the service reads printers: devices, polls and alert rows, by time.

Never reads the truth: it is not opened here.
"""

import gc
import gzip
import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.core.model import Address, Alert, Device, Supply, Vague

TYPES = {"toner": "toner", "fuser": "fuser", "transfer": "transferUnit", "drum": "opc", "roller": "other"}
UNITS = {"pages": "impressions", "percent": "percent"}


@dataclass(frozen=True, slots=True)
class Poll:
    """One successful poll. `key` is the printer that answered: a swapped one is another."""

    key: str
    dev: str
    at: float
    count: int
    supplies: tuple[Supply, ...]
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """An alert row that began."""

    dev: str
    at: float
    alert: Alert


@dataclass(slots=True)
class Dataset:
    path: Path
    _read: list[Poll | Row] | None = None

    def devices(self) -> dict[str, dict[str, Any]]:
        return {line["dev"]: line for line in self._lines("devices")}

    def read(self) -> None:
        """Hold everything in memory, for several passes."""
        if self._read is None:
            self._read = list(self.stream())

    def stream(self) -> Iterator[Poll | Row]:
        """Everything that was read, in the order in which it was."""
        if self._read is not None:
            gc.freeze()
            yield from self._read
            return
        devices = self.devices()
        polls = sorted(self._lines("polls"), key=lambda line: float(line["t"]))
        events = sorted(self._lines("events"), key=lambda line: float(line["t"]))
        known: dict[tuple[Any, ...], Any] = {}
        gc.freeze()  # the service does not hold a year of polls for the collector to walk through
        yield from heapq.merge(
            (_poll(line, devices[line["d"]], known) for line in polls),
            (
                Row(line["d"], float(line["t"]), _alert(line["g"], line["x"], line["c"], line["desc"]))
                for line in events
            ),
            key=lambda it: it.at,
        )

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        with gzip.open(self.path / f"{name}.jsonl.gz", "rt") as file:
            for line in file:
                yield json.loads(line)


def device(line: dict[str, Any], key: str) -> Device:
    """The printer as the inventory would know it."""
    return Device(
        key=key, address=Address("127.0.0.1"), vendor=line["vendor"], model=line["model"], serial=key
    )


def _poll(line: dict[str, Any], dev: dict[str, Any], known: dict[tuple[Any, ...], Any]) -> Poll:
    alerts = tuple(_alert(group, index, code, "") for group, index, code in line["al"])
    key = line["d"] + (" replaced" if line.get("q") else "")
    return Poll(key, line["d"], float(line["t"]), line["p"], tuple(_supplies(line["s"], dev, known)), alerts)


def _supplies(
    levels: dict[str, list[int]], dev: dict[str, Any], known: dict[tuple[Any, ...], Any]
) -> Iterator[Supply]:
    """Supplies that say the same are the same record, as the wire codec keeps what it has decoded."""
    for row in dev["supplies"]:
        said = levels.get(str(row["i"]))
        if said is None:
            continue
        key = (dev["dev"], row["i"], *said)
        if key not in known:
            known[key] = Supply(
                index=f"1.{row['i']}",
                type=TYPES[row["kind"]],
                kind="consumed",
                colour=row["color"] or "unknown",
                level=Vague.from_raw(said[0]) or said[0],
                max=Vague.from_raw(said[1]) or said[1],
                unit=UNITS.get(row["unit"], row["unit"]),
                description=row["name"],
            )
        yield known[key]


def _alert(group: str, index: int, code: str, text: str) -> Alert:
    return Alert(index=1, name=code, group=group, group_index=index, text=text)
