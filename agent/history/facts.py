"""What history knows of one printer at one moment, put together for the rules."""

import sqlite3

from agent.history import record, rows
from agent.model import Device, Episode, Facts, Happening, SiteFacts, Supply

RECENT = 30 * 86400.0  # how far back occurrences count


def facts(
    tx: sqlite3.Connection,
    device: Device,
    now: float,
    site: SiteFacts,
    fresh: frozenset[str] | None = None,
) -> Facts:
    """Everything that was last known; what was never read stays None.

    `fresh`: the parts that the last reading changed, as `record` said; None if that is not known.
    """
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
        answering_since=latest["answering_since"],
        status=rows.load_status(latest["status"]) if latest["status"] else None,
        status_at=latest["status_at"],
        errors_since=rows.load(latest["errors_since"]),
        open_alerts=open_ if latest["alerts_at"] is not None else None,
        alerts_at=latest["alerts_at"],
        recent_alerts=_recent(tx, device.key, now),
        supplies=rows.load_supplies(latest["supplies"]) if latest["supplies"] else None,
        supplies_at=latest["supplies_at"],
        renewed=_renewed(tx, device.key),
        happened=_happened(tx, device.key, now),
        pages=pages[-1][1] if pages else None,
        pages_before=pages,
        fresh=fresh,
        site=site,
    )


def _recent(tx: sqlite3.Connection, device: str, now: float) -> tuple[Episode, ...]:
    found = tx.execute(
        "SELECT o.*, s.alert FROM occurrence o JOIN said s ON s.id = o.said "
        "WHERE device = ? AND began > ? ORDER BY began, o.id",
        (device, now - RECENT),
    )
    return tuple(record.episode(row) for row in found)


def _renewed(tx: sqlite3.Connection, device: str) -> dict[str, float]:
    found = tx.execute(
        "SELECT supply, renewed FROM supply_life WHERE device = ? AND renewed IS NOT NULL", (device,)
    )
    return {row["supply"]: row["renewed"] for row in found}


def _happened(tx: sqlite3.Connection, device: str, now: float) -> tuple[Happening, ...]:
    found = tx.execute(
        "SELECT * FROM happening WHERE device = ? AND at > ? ORDER BY at, what, detail",
        (device, now - RECENT),
    )
    return tuple(
        Happening(at=row["at"], what=row["what"], detail=row["detail"], count=row["count"]) for row in found
    )


def _pages(tx: sqlite3.Connection, device: str, now: float) -> tuple[tuple[float, int], ...]:
    """The total meter: the first reading of each of the last 30 days, then the newest."""
    track = tx.execute(
        "SELECT id FROM track WHERE device = ? AND name = ?", (device, record.TOTAL)
    ).fetchone()
    if track is None:
        return ()
    found = tx.execute(
        "SELECT min(at) AS at, value FROM reading WHERE track = ? AND at > ? "
        "GROUP BY cast(at / 86400 AS INTEGER) ORDER BY at",
        (track["id"], now - RECENT),
    ).fetchall()
    newest = tx.execute(
        "SELECT at, value FROM reading WHERE track = ? ORDER BY at DESC LIMIT 1", (track["id"],)
    ).fetchall()
    readings = {row["at"]: row["value"] for row in (*found, *newest)}
    return tuple(sorted(readings.items()))


def supplies(tx: sqlite3.Connection, device: str) -> tuple[Supply, ...]:
    """The supplies as they were last read; none if they never were."""
    latest = tx.execute("SELECT supplies FROM latest WHERE device = ?", (device,)).fetchone()
    return rows.load_supplies(latest["supplies"]) if latest and latest["supplies"] else ()
