"""What history knows of one printer at one moment, put together for the rules."""

import sqlite3

from agent.history import record, rows
from agent.model import Device, Episode, Facts, SiteFacts, Supply

RECENT = 30 * 86400.0  # how far back occurrences count


def facts(tx: sqlite3.Connection, device: Device, now: float, site: SiteFacts) -> Facts:
    """Everything that was last known; what was never read stays None."""
    latest = tx.execute("SELECT * FROM latest WHERE device = ?", (device.key,)).fetchone()
    if latest is None:
        return Facts(device=device, now=now, site=site)
    open_ = tuple(episode for _, episode in record.open_episodes(tx, device.key))
    pages = _pages(tx, device.key, now)
    return Facts(
        device=device,
        now=now,
        last_answer=latest["last_answer"],
        answers_in_a_row=latest["answers_in_a_row"],
        status=rows.load_status(latest["status"]) if latest["status"] else None,
        status_at=latest["status_at"],
        errors_since=rows.load(latest["errors_since"]),
        open_alerts=open_ if latest["alerts_at"] is not None else None,
        alerts_at=latest["alerts_at"],
        recent_alerts=_recent(tx, device.key, now),
        supplies=rows.load_supplies(latest["supplies"]) if latest["supplies"] else None,
        supplies_at=latest["supplies_at"],
        pages=pages[-1][1] if pages else None,
        pages_before=pages,
        site=site,
    )


def _recent(tx: sqlite3.Connection, device: str, now: float) -> tuple[Episode, ...]:
    found = tx.execute(
        "SELECT * FROM episode WHERE device = ? AND began > ? ORDER BY began, id", (device, now - RECENT)
    )
    return tuple(
        Episode(alert=rows.load_alert(row["alert"]), began=row["began"], ended=row["ended"]) for row in found
    )


def _pages(tx: sqlite3.Connection, device: str, now: float) -> tuple[tuple[float, int], ...]:
    """The total meter: the first reading of each of the last 30 days, then the newest."""
    found = tx.execute(
        "SELECT min(at) AS at, value FROM series WHERE device = ? AND name = ? AND at > ? "
        "GROUP BY cast(at / 86400 AS INTEGER) ORDER BY at",
        (device, record.TOTAL, now - RECENT),
    ).fetchall()
    newest = tx.execute(
        "SELECT at, value FROM series WHERE device = ? AND name = ? ORDER BY at DESC LIMIT 1",
        (device, record.TOTAL),
    ).fetchall()
    readings = {row["at"]: row["value"] for row in (*found, *newest)}
    return tuple(sorted(readings.items()))


def supplies(tx: sqlite3.Connection, device: str) -> tuple[Supply, ...]:
    """The supplies as they were last read; none if they never were."""
    latest = tx.execute("SELECT supplies FROM latest WHERE device = ?", (device,)).fetchone()
    return rows.load_supplies(latest["supplies"]) if latest and latest["supplies"] else ()
