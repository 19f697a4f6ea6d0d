"""The time by which history expires: wall time, but never a week ahead of where it was a day ago.

    wall time   ──────────┐            a clock that is set a year forward for an hour
                          └────────────────
    expiry      ───────┐┌┘             costs a week of the oldest history, not a year of it
                       └─ at most MAX_STEP a day

After the agent was off for months it catches up, a week a day. A clock that is set back takes it back.
"""

import sqlite3

DAY = 86400.0
MAX_STEP = 7 * DAY  # that the expiry time moves at most in a day
MIN_INTERVAL = 0.8 * DAY  # of wall time between two steps: restarts do not add up


def advance_expiry(expiry: float, moved_at: float, wall: float) -> tuple[float, float]:
    """Return the new expiry time, and the wall time at which it last moved."""
    if wall < moved_at or wall < expiry:
        return min(expiry, wall), wall
    if wall - moved_at < MIN_INTERVAL:
        return expiry, moved_at
    return min(wall, expiry + MAX_STEP), wall


def move_expiry(tx: sqlite3.Connection, wall: float) -> float:
    """Move the saved expiry time forward to `wall`, as far as it may go; return it."""
    rows = tx.execute("SELECT kind, done_until FROM retention_progress WHERE kind LIKE 'expiry%'")
    saved = {row["kind"]: float(row["done_until"]) for row in rows}
    expiry, moved_at = advance_expiry(saved.get("expiry", wall), saved.get("expiry_moved", wall), wall)
    tx.executemany(
        "REPLACE INTO retention_progress VALUES (?, ?)", [("expiry", expiry), ("expiry_moved", moved_at)]
    )
    return expiry
