"""The daily meter read to the provider: one statement of each printer a day, the basis of invoices.

    counters now ──► chained ──► MeterStatement ──► report ──► outbox
                        └─ borders since the last one

Promises:
- The first read after midnight is sent, and no second one of that day. A printer that was not read that day
  has no statement: no number is made up.
- Every value sent is in the chain, and `head` is the hash up to there: `meters verify` checks it years later.
- A border waits until it is sent, through restarts and a full outbox: `mark_sent` is called in the
  transaction that accepts the message.
"""

import sqlite3
from dataclasses import dataclass

from agent.history.meters import ledger
from agent.history.meters.epochs import EpochReason
from agent.history.meters.ledger import CounterEpoch, MeterCounter

SCHEMA = (
    """
    CREATE TABLE meter_told (
        device TEXT PRIMARY KEY, at REAL NOT NULL,  -- of the read that was told last
        border INTEGER NOT NULL                     -- the last link that was looked through for borders
    ) WITHOUT ROWID
    """,
    """
    ALTER TABLE meter_told RENAME TO meter_read_sent;
    ALTER TABLE meter_read_sent RENAME COLUMN border TO checked_read
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterStatement:
    """The counters of one printer at one moment, with the borders since the last statement."""

    at: float
    counters: tuple[MeterCounter, ...]
    borders: tuple[CounterEpoch, ...]
    head: str  # hash of the chain's last link, hex
    reads: int  # links in the chain
    last: int  # the newest link looked through for borders

    @property
    def total_counter(self) -> MeterCounter | None:
        """Return the counter of all pages, the standard's own before a maker's."""
        return next(
            (one for one in _standard_first(self.counters) if one.name == "total" and not one.part), None
        )

    @property
    def billable_counts(self) -> dict[str, int]:
        """Map the names of the billable counters to their adjusted values."""
        found: dict[str, int] = {}
        for one in _standard_first(self.counters):
            if one.billable and one.part is None:
                found.setdefault(one.name, one.adjusted)
        return found


def is_statement_due(tx: sqlite3.Connection, device: str, since: float) -> bool:
    """Return whether the printer has no statement since `since` (the last midnight)."""
    row = tx.execute("SELECT at FROM meter_read_sent WHERE device = ?", (device,)).fetchone()
    return row is None or row["at"] < since


def build_statement(tx: sqlite3.Connection, device: str, at: float) -> MeterStatement:
    """Chain the counters at `at` and build the statement."""
    ledger.chain_counters(tx, device)
    row = tx.execute("SELECT checked_read FROM meter_read_sent WHERE device = ?", (device,)).fetchone()
    last = tx.execute("SELECT coalesce(max(id), 0) FROM meter_read WHERE device = ?", (device,)).fetchone()[0]
    count, head = ledger.load_head(tx, device)
    opened = ledger.load_epochs(tx, device, after=row["checked_read"] if row else 0)
    return MeterStatement(
        at=at,
        counters=tuple(ledger.load_counters(tx, device, at)),
        borders=tuple(one for one in opened if one.why is not EpochReason.FIRST),
        head=head.hex(),
        reads=count,
        last=last,
    )


def mark_sent(tx: sqlite3.Connection, device: str, statement: MeterStatement) -> None:
    """Note that the message with `statement` was accepted."""
    row = (device, statement.at, statement.last)
    tx.execute("INSERT OR REPLACE INTO meter_read_sent VALUES (?, ?, ?)", row)


def _standard_first(counters: tuple[MeterCounter, ...]) -> list[MeterCounter]:
    """Sort the counters of the standard MIBs (1.3.6.1.2.1) first."""
    return sorted(counters, key=lambda one: not one.source.startswith("1.3.6.1.2.1."))
