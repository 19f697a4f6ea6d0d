"""Records to JSON and back, for the tables of history. Only the agent's records, never device bytes."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from agent.core.model import Alert, AlertKind, DeviceStatus, PrinterStatus, Status, Supply, Vague


def save_device_event(
    tx: sqlite3.Connection,
    device: str,
    at: float,
    what: str,
    detail: str = "",
    count: float = 0.0,
    *,
    noted: float | None = None,
) -> None:
    """Save an event that no single value shows: a reboot, a replaced cartridge, missed alerts.

    `noted`: when it was known, where a later reading had to confirm it.
    """
    tx.execute(
        "REPLACE INTO device_event (device, at, kind, detail, count, noted_at) VALUES (?, ?, ?, ?, ?, ?)",
        (device, at, what, detail, count, noted),
    )


def dump_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def load_json(text: str) -> Any:
    return json.loads(text)


def dump_status(status: Status) -> str:
    return dump_json(asdict(status))


def load_status(text: str) -> Status:
    raw = json.loads(text)
    return Status(
        device=DeviceStatus(raw["device"]) if raw["device"] else None,
        printer=PrinterStatus(raw["printer"]) if raw["printer"] else None,
        errors=None if raw["errors"] is None else tuple(raw["errors"]),
        console=tuple(raw["console"]),
    )


_STATUS_BY_WORD = {
    "asleep": (DeviceStatus.RUNNING, PrinterStatus.OTHER),
    "warmup": (DeviceStatus.RUNNING, PrinterStatus.WARMUP),
    "running": (DeviceStatus.RUNNING, PrinterStatus.IDLE),
    "warning": (DeviceStatus.WARNING, PrinterStatus.IDLE),
    "down": (DeviceStatus.DOWN, PrinterStatus.OTHER),
}


def format_status_word(status: Status) -> str:
    """Return a status as one of five words, or "unknown"."""
    if status.is_asleep:
        return "asleep"
    if status.device is DeviceStatus.RUNNING:
        return "warmup" if status.printer is PrinterStatus.WARMUP else "running"
    return str(status.device) if status.device in {DeviceStatus.WARNING, DeviceStatus.DOWN} else "unknown"


def parse_status_word(state: str, errors: str) -> Status:
    """Return the status that the word stands for, with its error bits."""
    device, printer = _STATUS_BY_WORD.get(state, (None, None))
    return Status(device=device, printer=printer, errors=tuple(errors.split()))


def dump_alert(alert: Alert) -> str:
    """Return an alert as JSON, without its row and its time, which differ with each occurrence."""
    return dump_json({name: value for name, value in asdict(alert).items() if name not in {"index", "ticks"}})


def load_alert(text: str, *, index: int, ticks: int | None) -> Alert:
    raw = json.loads(text)
    return Alert(**raw | {"kind": AlertKind(raw["kind"]), "index": index, "ticks": ticks})


def dump_supplies(supplies: tuple[Supply, ...]) -> str:
    return dump_json([{**asdict(supply), **_dump_amounts(supply)} for supply in supplies])


def load_supplies(text: str) -> tuple[Supply, ...]:
    return tuple(Supply(**raw | _load_amounts(raw)) for raw in json.loads(text))


def _dump_amounts(supply: Supply) -> dict[str, Any]:
    return {name: _plain_amount(getattr(supply, name)) for name in ("level", "max")}


def _plain_amount(amount: int | Vague | None) -> int | str | None:
    return amount.value if isinstance(amount, Vague) else amount


def _load_amounts(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Read amounts back: numbers as they are, other values by the name of their `Vague`."""
    return {name: Vague(raw[name]) if isinstance(raw[name], str) else raw[name] for name in ("level", "max")}
