"""Snapshots become history: written on change only, in the caller's transaction.

Promises:
- A printer that did not answer changes only its row of silence: levels, alerts and meters keep their last
  values and the times at which those were read.
- A value that did not change adds no row to its series.
- An alert episode begins and ends exactly once (see `episodes`), a silence too.
- The result names the parts of the facts that the snapshot changed.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from agent.core.model import Alert, Episode, Snapshot, Supply, Vague
from agent.history import counter_events, episodes, replacements, serialization, series, tables
from agent.history.serialization import save_device_event

SCHEMA = tables.SCHEMA
TOTAL_METER = counter_events.TOTAL_METER  # the meter that rates are computed from
ENGINE_METER = "meter.life"  # the engine's own count beside it

_TIME_COLUMNS = {"status": "status_at", "alerts": "alerts_at", "supplies": "supplies_at"}


def record_snapshot(tx: sqlite3.Connection, device: str, snapshot: Snapshot) -> frozenset[str]:
    """Write the snapshot of the printer with the key `device`; return the parts of the facts that changed.

    "reach", "status", "alerts", "supplies", "meters", "events": see `agent.rules.signals.FACT_PARTS`.
    """
    tx.execute("INSERT OR IGNORE INTO latest (device) VALUES (?)", (device,))
    before = dict(tx.execute("SELECT * FROM latest WHERE device = ?", (device,)).fetchone())
    if not snapshot.reachable:
        return _record_silence(tx, device, snapshot.at, before)
    changed = set(_record_answer(tx, device, snapshot, before))
    until = snapshot.certificate_until
    if until is not None and until != before["certificate_until"]:
        tx.execute("UPDATE latest SET certificate_until = ? WHERE device = ?", (until, device))
    rebooted = has_restarted(before["uptime"], snapshot.uptime)
    if _record_status(tx, device, snapshot, before):
        changed.add("status")
    if _record_alerts(tx, device, snapshot, rebooted=rebooted):
        changed.add("alerts")
    if not rebooted and _record_missed(tx, device, snapshot, before):
        changed.add("events")
    if _record_supplies(tx, device, snapshot, before):
        changed |= {"supplies", "events"}
    if counter_events.record_counter_events(tx, device, snapshot, before):
        changed.add("events")
    for name, value in _series_values(snapshot):
        if series.append_value(tx, device, name, snapshot.at, value) and name.startswith("meter."):
            changed.add("meters")
    return frozenset(changed)


def has_restarted(before: int | None, now: int | None) -> bool:
    """Return whether sysUpTime shows a restart of the printer or of its network card.

    TimeTicks wrap after 497.1 days (RFC 2578, 7.1.8): a fall from the last day before that is no restart.
    """
    if before is None or now is None or now >= before:
        return False
    return before < (1 << 32) - 8_640_000


def load_open_episodes(tx: sqlite3.Connection, device: str) -> list[tuple[int, Episode]]:
    """Load (row id, episode) of every open alert."""
    found = tx.execute(
        "SELECT e.*, t.alert FROM alert_episode e JOIN alert_text t ON t.id = e.text "
        "WHERE device = ? AND ended IS NULL ORDER BY e.id",
        (device,),
    )
    return [(row["id"], episode_from_row(row)) for row in found]


def episode_from_row(row: sqlite3.Row) -> Episode:
    """Build an episode from its row, joined with the text of its alert."""
    alert = serialization.load_alert(row["alert"], index=row["alert_index"], ticks=row["ticks"])
    return Episode(alert=alert, began=row["began"], ended=row["ended"])


def save_epoch(tx: sqlite3.Connection, device: str, number: int, since: float) -> None:
    """Save the epoch of the total meter and when it began (see `agent.history.meters.epochs`)."""
    tx.execute("UPDATE latest SET epoch = ?, epoch_since = ? WHERE device = ?", (number, since, device))


def _record_silence(
    tx: sqlite3.Connection, device: str, at: float, before: Mapping[str, Any]
) -> frozenset[str]:
    """Record a poll without an answer; the first one begins a period of silence."""
    if before["answers_in_a_row"] == 0:
        return frozenset()
    tx.execute("UPDATE latest SET answers_in_a_row = 0, answering_since = NULL WHERE device = ?", (device,))
    tx.execute("REPLACE INTO unreachable_period VALUES (?, ?, NULL)", (device, at))
    return frozenset({"reach"})


def _record_answer(
    tx: sqlite3.Connection, device: str, snapshot: Snapshot, before: Mapping[str, Any]
) -> Iterator[str]:
    """Record an answer; yield the parts that must be judged anew after a silence or a restart."""
    rebooted = has_restarted(before["uptime"], snapshot.uptime)
    back = before["answers_in_a_row"] == 0
    since = snapshot.at if back or rebooted else before["answering_since"]
    tx.execute(
        "UPDATE latest SET last_answer = ?, answers_in_a_row = answers_in_a_row + 1, answering_since = ?, "
        "uptime = coalesce(?, uptime), reboots = reboots + ?, all_events = coalesce(?, all_events) "
        "WHERE device = ?",
        (snapshot.at, since, snapshot.uptime, int(rebooted), snapshot.all_events, device),
    )
    yield "reach"
    if back:
        tx.execute(
            "UPDATE unreachable_period SET ended = ? WHERE device = ? AND ended IS NULL",
            (snapshot.at, device),
        )
    if rebooted:
        save_device_event(tx, device, snapshot.at, "reboot")
        yield "events"
    for part, column in _TIME_COLUMNS.items():
        anew = before[column] is None or (since is not None and before[column] < since)
        if anew and getattr(snapshot, part) is not None:
            yield part


def _record_status(
    tx: sqlite3.Connection, device: str, snapshot: Snapshot, before: Mapping[str, Any]
) -> bool:
    status, since = snapshot.status, serialization.load_json(before["errors_since"])
    if status is None:
        return False
    if status.errors is not None:
        since = {error: since.get(error, snapshot.at) for error in status.errors}
    text = serialization.dump_status(status)
    tx.execute(
        "UPDATE latest SET status = ?, status_at = ?, errors_since = ? WHERE device = ?",
        (text, snapshot.at, serialization.dump_json(since), device),
    )
    return bool(text != before["status"])


def _record_alerts(tx: sqlite3.Connection, device: str, snapshot: Snapshot, *, rebooted: bool) -> bool:
    if snapshot.alerts is None:
        return False
    open_episodes = load_open_episodes(tx, device)
    changes = episodes.match_episodes(
        [episode.alert for _, episode in open_episodes], snapshot.alerts, rebooted=rebooted
    )
    ended = [(snapshot.at, open_episodes[position][0]) for position in changes.ended]
    tx.executemany("UPDATE alert_episode SET ended = ? WHERE id = ?", ended)
    altered = [
        (open_episodes[at][0], alert) for at, alert in changes.ongoing if alert != open_episodes[at][1].alert
    ]
    for number, alert in altered:
        tx.execute(
            "UPDATE alert_episode SET text = ?, alert_index = ?, ticks = ? WHERE id = ?",
            (_alert_text_id(tx, alert), alert.index, alert.ticks, number),
        )
    for alert in changes.began:
        tx.execute(
            "INSERT INTO alert_episode (device, began, text, alert_index, ticks) VALUES (?, ?, ?, ?, ?)",
            (device, snapshot.at, _alert_text_id(tx, alert), alert.index, alert.ticks),
        )
    tx.execute("UPDATE latest SET alerts_at = ? WHERE device = ?", (snapshot.at, device))
    return bool(ended or altered or changes.began)


def _record_missed(
    tx: sqlite3.Connection, device: str, snapshot: Snapshot, before: Mapping[str, Any]
) -> bool:
    """Record the alerts that prtAlertAllEvents counted and no reading of the table showed."""
    if snapshot.alerts is None or snapshot.all_events is None or before["all_events"] is None:
        return False
    shown = tx.execute(
        "SELECT count(*) AS n FROM alert_episode WHERE device = ? AND began = ?", (device, snapshot.at)
    ).fetchone()
    missed = snapshot.all_events - before["all_events"] - shown["n"]
    if missed > 0:
        save_device_event(tx, device, snapshot.at, "missed", count=missed)
    return bool(missed > 0)


def _alert_text_id(tx: sqlite3.Connection, alert: Alert) -> int:
    """Return the row id of an alert's text, which is stored once for all of its occurrences."""
    text = serialization.dump_alert(alert)
    row = tx.execute("SELECT id FROM alert_text WHERE alert = ?", (text,)).fetchone()
    if row is not None:
        return int(row["id"])
    return tx.execute("INSERT INTO alert_text (alert) VALUES (?)", (text,)).lastrowid or 0


def _record_supplies(
    tx: sqlite3.Connection, device: str, snapshot: Snapshot, before: Mapping[str, Any]
) -> bool:
    if snapshot.supplies is None:
        return False
    last = serialization.load_supplies(before["supplies"]) if before["supplies"] else ()
    supplies = replacements.keep_marks(last, snapshot.supplies)
    text = serialization.dump_supplies(supplies)
    tx.execute(
        "UPDATE latest SET supplies = ?, supplies_at = ? WHERE device = ?", (text, snapshot.at, device)
    )
    replaced = [_record_install(tx, device, supply, snapshot.at) for supply in supplies]
    return text != before["supplies"] or any(replaced)


def _record_install(tx: sqlite3.Connection, device: str, supply: Supply, at: float) -> bool:
    """Update the cartridge in its slot; return whether it was found to be replaced."""
    if supply.is_receptacle:  # makers differ: room left, or how full it is
        return False
    row = tx.execute(
        "SELECT * FROM supply_install WHERE device = ? AND supply = ?", (device, supply.index)
    ).fetchone()
    life = (
        replacements.SupplyInstall(**{name: row[name] for name in replacements.SupplyInstall.__slots__})
        if row
        else replacements.SupplyInstall()
    )
    now = replacements.update_install(life, supply.percent, supply.serial, at)
    if now != life:
        tx.execute(
            "REPLACE INTO supply_install "
            "(device, supply, serial, level, renewed, rose_at, rose_from, rose_seen) VALUES (:device, "
            ":supply, :serial, :level, :renewed, :rose_at, :rose_from, :rose_seen)",
            {"device": device, "supply": supply.index, **asdict(now)},
        )
    if now.renewed is None or now.renewed == life.renewed:
        return False
    save_device_event(tx, device, now.renewed, "replaced", supply.index, noted=at)
    return True


def _series_values(snapshot: Snapshot) -> Iterator[tuple[str, int | str | None]]:
    """Yield (name, value) of the series that a snapshot adds to: state, meters and levels.

    Printing or idle is not kept: it changes with every job, and no rule looks back at it.
    """
    if snapshot.status is not None:
        yield "state", serialization.format_status_word(snapshot.status)
        if snapshot.status.errors is not None:
            yield "errors", " ".join(sorted(snapshot.status.errors))
    for meter in snapshot.meters or ():
        yield f"meter.{meter.name}" + (f".{meter.part}" if meter.part else ""), meter.value
    for supply in snapshot.supplies or ():
        level = supply.level
        yield f"supply.{supply.index}", level.value if isinstance(level, Vague) else level
