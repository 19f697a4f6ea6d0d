"""The daily meter read to the provider: one statement of each printer a day, the basis of invoices.

    counters now ──► MeterStatement ──┬──► report ──► outbox
                        │             └──► link of the chain
                        └─ borders since the last one that was sent

Promises:
- The first read after midnight is sent, and no second one of that day. A printer that was not read that day
  has no statement: no number is made up.
- Every value sent is in the chain, one link a day: the provider can compute `head` from `previous` and the
  event. A statement that finds no room in the outbox adds no link; it is built anew with the next poll.
- A border waits until it is sent, through restarts and a full outbox: `keep_statement` is called in the
  transaction that accepts the message.
- A printer that another one displaced at its address has a closing statement at once: its last counts, and
  the border that ends them. Only such statements are further ones of a day.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from agent.core.calendars import Calendar
from agent.history.meters import chain, chain_store, ledger, named_sums
from agent.history.meters.chain import ChainEnd
from agent.history.meters.epoch_reasons import EpochReason
from agent.history.meters.ledger import CounterEpoch, MeterCounter
from agent.history.meters.named_sums import NamedSum, NullReason

MOMENT = 0.001  # seconds

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
    """
    ALTER TABLE meter_read_sent DROP COLUMN checked_read;
    CREATE TABLE meter_sum (
        device TEXT NOT NULL, name TEXT NOT NULL, sources TEXT NOT NULL, offset INTEGER NOT NULL,
        last INTEGER, PRIMARY KEY (device, name)
    ) WITHOUT ROWID
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterStatement:
    """The counters of one printer at one moment, with the borders since the last statement."""

    at: float
    day: str  # the site's local day, "2026-11-21"
    zone: str  # the site's time zone: "Europe/Berlin", or "+01:00" where it has no name
    counters: tuple[MeterCounter, ...]
    borders: tuple[CounterEpoch, ...]
    sums: tuple[NamedSum, ...]
    before: ChainEnd  # the chain without this statement

    @property
    def total_counter(self) -> MeterCounter | None:
        """Return the counter that the total rests on."""
        sources = next((one.sources for one in self.sums if one.name == "total"), ())
        return next((one for one in self.counters if one.source in sources and one.name == "total"), None)

    @property
    def billable_counts(self) -> dict[str, int]:
        """Map the named sums and the other billable counters without parts to their values.

        The engine's `life` counts the same pages as `total`, and is left out beside it."""
        names = {one.name for one in self.counters}
        left_out = {*named_sums.NAMES, *({"life"} if "total" in names else ()), "a3"}
        found = {one.name: one.value for one in self.sums if one.value is not None}
        for one in self.counters:
            if one.billable and one.part is None and one.name not in left_out:
                found.setdefault(one.name, one.adjusted)
        return found

    @property
    def text(self) -> str:
        """The link of the chain, as it is hashed: see `agent.history.meters.chain`."""
        return chain.join_fields(self._list_fields())

    @property
    def end(self) -> ChainEnd:
        """The chain with this statement."""
        return ChainEnd(number=self.before.number + 1, head=chain.hash_link(self.before.head, self.text))

    def _list_fields(self) -> Iterator[str | int | bool | None]:
        yield from (chain.VERSION, to_milliseconds(self.at), self.day, len(self.counters))
        for one in self.counters:
            yield from (one.name, one.part, one.unit, one.source, to_milliseconds(one.at), one.raw)
            yield from (one.adjusted, one.epoch, one.trust.value, one.billable)
        yield len(self.borders)
        for border in self.borders:
            yield from (border.name, border.part, border.source, border.number)
            yield from (to_milliseconds(border.opened), border.why.name.lower(), border.before)
            yield from (border.first, border.gap)
        yield len(self.sums)
        for each in self.sums:
            yield from (each.name, each.value)


def to_milliseconds(at: float) -> int:
    """Return a time in milliseconds, at the precision of the event's own text: whole seconds."""
    return int(at // 1) * 1000


def is_statement_due(tx: sqlite3.Connection, device: str, since: float) -> bool:
    """Return whether the printer has no statement since `since` (the last midnight)."""
    last = (_load_sent_time(tx, device), chain_store.load_last_time(tx, device))
    return all(at is None or at < since for at in last)


def record_place(tx: sqlite3.Connection, device: str, why: EpochReason, at: float) -> float | None:
    """Record that the printer moved or was displaced; return the time of the border.

    That is after its last statement, so that the next one tells it. None if no border was recorded: see
    `ledger.record_place`.
    """
    after = max(at, _load_last_time(tx, device) + MOMENT)
    return after if ledger.record_place(tx, device, why, after) else None


def find_closing_time(tx: sqlite3.Connection, device: str) -> float | None:
    """Find the time of the newest border by displacement that was not sent yet; None without one."""
    opened = ledger.load_epochs(tx, device, after=_load_last_time(tx, device))
    return max((one.opened for one in opened if one.why is EpochReason.DISPLACED), default=None)


def build_statement(tx: sqlite3.Connection, device: str, at: float, calendar: Calendar) -> MeterStatement:
    """Build the statement of a printer at `at`; nothing is written."""
    sent = _load_sent_time(tx, device)
    opened = ledger.load_epochs(tx, device, after=ledger.NEVER if sent is None else sent)
    counters = tuple(ledger.load_counters(tx, device, at))
    return MeterStatement(
        at=at,
        day=calendar.local_date(at).isoformat(),
        zone=calendar.zone_name(at),
        counters=counters,
        borders=tuple(one for one in opened if one.why is not EpochReason.FIRST),
        sums=named_sums.build_sums(counters, _load_sums(tx, device)),
        before=chain_store.load_end(tx, device),
    )


def keep_statement(tx: sqlite3.Connection, device: str, statement: MeterStatement, *, sent: bool) -> None:
    """Add the statement to the chain; `sent`: its message was accepted, with its borders."""
    chain_store.append_link(tx, device, statement.at, statement.text)
    for one in statement.sums:
        row = (device, one.name, json.dumps(one.sources), one.offset, one.last)
        tx.execute("INSERT OR REPLACE INTO meter_sum VALUES (?, ?, ?, ?, ?)", row)
    if sent:
        tx.execute("INSERT OR REPLACE INTO meter_read_sent VALUES (?, ?)", (device, statement.at))


def _load_last_time(tx: sqlite3.Connection, device: str) -> float:
    """Load the time of the last statement, sent or not; 0.0 without one."""
    return max(_load_sent_time(tx, device) or 0.0, chain_store.load_last_time(tx, device) or 0.0)


def _load_sent_time(tx: sqlite3.Connection, device: str) -> float | None:
    row = tx.execute("SELECT at FROM meter_read_sent WHERE device = ?", (device,)).fetchone()
    return row["at"] if row else None


def load_current_sums(db: sqlite3.Connection, device: str, at: float) -> tuple[NamedSum, ...]:
    """Load the named sums as they stand at `at`, between two daily reads; nothing is written."""
    return named_sums.build_sums([*ledger.load_counters(db, device, at)], _load_sums(db, device))


def load_told_sums(db: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """Load which named sums each printer has told so far, by device key."""
    found: dict[str, set[str]] = {}
    for row in db.execute("SELECT device, name, sources FROM meter_sum"):
        found.setdefault(row["device"], set()).update([row["name"]] if json.loads(row["sources"]) else [])
    return {device: frozenset(names) for device, names in found.items()}


def _load_sums(tx: sqlite3.Connection, device: str) -> list[NamedSum]:
    """Load what is kept of the sums: their counters, their offset and their last value."""
    return [
        NamedSum(
            name=row["name"], reason=NullReason.ABSENT, sources=tuple(json.loads(row["sources"])),
            offset=row["offset"], last=row["last"],
        )
        for row in tx.execute("SELECT * FROM meter_sum WHERE device = ?", (device,))
    ]  # fmt: skip
