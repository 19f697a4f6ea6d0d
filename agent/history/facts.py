"""The facts about one printer, loaded from its history for the rules."""

import sqlite3
from collections.abc import Collection

from agent.core.model import Device, DeviceEvent, Episode, Facts, RecentHistory, SiteFacts, Supply
from agent.history import record, serialization, windows

RECENT_WINDOW = windows.RECENT_WINDOW  # how far back occurrences count


def load_facts(
    tx: sqlite3.Connection,
    device: Device,
    now: float,
    site: SiteFacts,
    fresh: frozenset[str] | None = None,
    *,
    parts: Collection[str] | None = None,
) -> Facts:
    """Load the newest facts of a printer; parts that were never read are None.

    `fresh`: the parts that the last reading changed, from `record`; None if unknown.
    `parts`: the parts needed; the trail is read only if it is among them, or if `parts` is None.
    """
    latest = tx.execute("SELECT * FROM latest WHERE device = ?", (device.key,)).fetchone()
    if latest is None:
        return Facts(device=device, now=now, site=site)
    open_ = tuple(episode for _, episode in record.load_open_episodes(tx, device.key))
    pages = windows.load_daily_counts(tx, device.key, record.TOTAL_METER, now)
    supplies = serialization.load_supplies(latest["supplies"]) if latest["supplies"] else None
    wanted = parts is None or "trail" in parts
    trail = (
        windows.load_recent_history(tx, device.key, now, pages, supplies or ()) if wanted else RecentHistory()
    )
    return Facts(
        device=device,
        now=now,
        last_answer=latest["last_answer"],
        answers_in_a_row=latest["answers_in_a_row"],
        answering_since=latest["answering_since"],
        meters_at=latest["meters_at"],
        silences=() if latest["answers_in_a_row"] else windows.load_ended_silences(tx, device.key, now),
        status=serialization.load_status(latest["status"]) if latest["status"] else None,
        status_at=latest["status_at"],
        errors_since=serialization.load_json(latest["errors_since"]),
        open_alerts=open_ if latest["alerts_at"] is not None else None,
        alerts_at=latest["alerts_at"],
        recent_alerts=_load_recent_episodes(tx, device.key, now),
        supplies=supplies,
        supplies_at=latest["supplies_at"],
        renewed=_load_replacement_times(tx, device.key),
        happened=_load_device_events(tx, device.key, now),
        pages=pages[-1][1] if pages else None,
        pages_before=pages,
        certificate_until=latest["certificate_until"],
        speed=latest["speed"],
        epoch=latest["epoch"],
        epoch_since=latest["epoch_since"],
        trail=trail,
        fresh=fresh,
        site=site,
    )


def _load_recent_episodes(tx: sqlite3.Connection, device: str, now: float) -> tuple[Episode, ...]:
    found = tx.execute(
        "SELECT e.*, t.alert FROM alert_episode e JOIN alert_text t ON t.id = e.text "
        "WHERE device = ? AND began > ? ORDER BY began, e.id",
        (device, now - RECENT_WINDOW),
    )
    return tuple(record.episode_from_row(row) for row in found)


def _load_replacement_times(tx: sqlite3.Connection, device: str) -> dict[str, float]:
    found = tx.execute(
        "SELECT supply, renewed FROM supply_install WHERE device = ? AND renewed IS NOT NULL", (device,)
    )
    return {row["supply"]: row["renewed"] for row in found}


def _load_device_events(tx: sqlite3.Connection, device: str, now: float) -> tuple[DeviceEvent, ...]:
    found = tx.execute(
        "SELECT * FROM device_event WHERE device = ? AND at > ? AND kind NOT LIKE 'first %' "
        "ORDER BY at, kind, detail",
        (device, now - RECENT_WINDOW),
    )
    return tuple(build_device_event(row) for row in found)


def build_device_event(row: sqlite3.Row) -> DeviceEvent:
    """Build an event from its row."""
    return DeviceEvent(
        at=row["at"], what=row["kind"], detail=row["detail"], count=row["count"], noted=row["noted_at"]
    )


def load_last_supplies(tx: sqlite3.Connection, device: str) -> tuple[Supply, ...]:
    """Load the supplies as last read; empty if they never were."""
    latest = tx.execute("SELECT supplies FROM latest WHERE device = ?", (device,)).fetchone()
    return serialization.load_supplies(latest["supplies"]) if latest and latest["supplies"] else ()


def load_speed(tx: sqlite3.Connection, device: str) -> int | None:
    """Load the printer's own figure of pages an hour; None if it has none."""
    latest = tx.execute("SELECT speed FROM latest WHERE device = ?", (device,)).fetchone()
    return latest["speed"] if latest else None
