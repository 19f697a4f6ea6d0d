"""Events of the total meter and of the serial number that no single value shows.

    1000 … 5, 6             backwards: it fell, and the next reading does not take that back
    1000 … 900000, 1001     nothing: an odd reading, on the way up and on the way back
    1000 … 900000, 900001   jumped: it rose faster than the printer prints, and stayed there
    16777214 … 3, 4         rolled: some HP counters begin again after 16,777,215
    A01 … B77               serial: another serial number under the same network board

An event of a counter is recorded once a second reading agrees, with the time of the first. The speed of a
printer is its own figure (prtMediaPathMaxSpeed, RFC 3805), or else 6,000 pages an hour.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any

from agent.core.model import Snapshot
from agent.history import identity_events, series
from agent.history.serialization import save_device_event

TOTAL_METER = "meter.total"
ROLLOVER = 1 << 24
USUAL_SPEED = 6000  # pages an hour: 100 a minute, faster than nearly every office printer
PLAUSIBLE_SPEEDS = range(120, 30_001)  # pages an hour: 2 to 500 a minute
HOUR = 3600.0  # a job is counted when it ends: over a shorter time speed cannot be judged


def record_counter_events(
    tx: sqlite3.Connection, device: str, snapshot: Snapshot, before: Mapping[str, Any]
) -> bool:
    """Record the events in a snapshot before its values join their series; return whether there was one."""
    _learn_speed(tx, device, snapshot)
    renamed = _record_serial(tx, device, snapshot, before) | identity_events.record_changes(
        tx, device, snapshot
    )
    now = next((it.value for it in snapshot.meters or () if it.name == "total" and not it.part), None)
    if now is None:
        return renamed
    tx.execute("UPDATE latest SET meters_at = ? WHERE device = ?", (snapshot.at, device))
    last = [
        (at, value)
        for at, value in series.load_last_values(tx, device, TOTAL_METER, 3)
        if isinstance(value, int)
    ]
    if not last:
        return renamed
    most = max_pages_an_hour(before["speed"])
    confirmed = _confirm_leap(tx, device, snapshot.at, now, last) | _record_fall(
        tx, device, snapshot.at, now, last, most
    )
    _note_leap(tx, device, snapshot.at, now, last, before)
    return renamed or confirmed


def max_pages_an_hour(speed: int | None) -> int:
    """Return the pages an hour that are possible: the printer's own figure, if plausible."""
    return speed if speed is not None and speed in PLAUSIBLE_SPEEDS else USUAL_SPEED


def _learn_speed(tx: sqlite3.Connection, device: str, snapshot: Snapshot) -> None:
    speeds = [
        it.speed for it in snapshot.media_paths or () if it.speed is not None and it.speed in PLAUSIBLE_SPEEDS
    ]
    if speeds:
        tx.execute("UPDATE latest SET speed = ? WHERE device = ?", (max(speeds), device))


def _record_serial(
    tx: sqlite3.Connection, device: str, snapshot: Snapshot, before: Mapping[str, Any]
) -> bool:
    serial = snapshot.identity.serial if snapshot.identity else None
    if not serial or serial == before["serial"]:
        return False
    tx.execute("UPDATE latest SET serial = ? WHERE device = ?", (serial, device))
    if before["serial"] is None:
        return False
    save_device_event(tx, device, snapshot.at, "serial", f"{before['serial']} → {serial}")
    return True


def _note_leap(
    tx: sqlite3.Connection,
    device: str,
    at: float,
    now: int,
    last: list[tuple[float, int]],
    before: Mapping[str, Any],
) -> None:
    """Note a rise beyond what can be printed; it counts once the next reading agrees.

    A return to the value before an odd reading does not count.
    """
    if before["meters_at"] is None:
        return
    most = max_pages_an_hour(before["speed"]) * max(1.0, (at - before["meters_at"]) / HOUR)
    back = any(0 <= now - value <= most for _, value in last[:2])
    if now - last[0][1] > most and not back:
        save_device_event(tx, device, at, "counter", "leapt", round((now - last[0][1]) / most, 2))


def _confirm_leap(
    tx: sqlite3.Connection, device: str, noted: float, now: int, last: list[tuple[float, int]]
) -> bool:
    """Record a leap of the last reading as a jump, if this reading, at `noted`, agrees with it."""
    at, high = last[0]
    place = (device, at)
    row = tx.execute(
        "SELECT count FROM device_event "
        "WHERE device = ? AND at = ? AND kind = 'counter' AND detail = 'leapt'",
        place,
    ).fetchone()
    if row is None:
        return False
    tx.execute(
        "DELETE FROM device_event WHERE device = ? AND at = ? AND kind = 'counter' AND detail = 'leapt'",
        place,
    )
    if now < high:
        return False
    save_device_event(tx, device, at, "counter", "jumped", row["count"], noted=noted)
    return True


def _record_fall(
    tx: sqlite3.Connection, device: str, noted: float, now: int, last: list[tuple[float, int]], most: int
) -> bool:
    """Record a fall of the total, if this reading, at `noted`, agrees with it."""
    if len(last) < 2:
        return False
    (at, fallen), (_, high), *earlier = last
    if not fallen <= now < high:
        return False
    if earlier and earlier[0][1] <= fallen and high - earlier[0][1] > most:
        return False  # back where it was: the high one was the odd one
    rolled = high > ROLLOVER - ROLLOVER // 100 and now < ROLLOVER // 100
    what = "rolled" if rolled else "backwards"
    save_device_event(tx, device, at, "counter", what, high - now, noted=noted)
    return True
