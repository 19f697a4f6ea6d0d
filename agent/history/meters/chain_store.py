"""The hash chains on disk: one of each printer, a link for each daily read, in the caller's transaction.

meter_read    version 1: closed, only pruned      numbers 1 … n
meter_link    version 2: one row a printer-day    numbers n + 1 …
meter_checkpoint   the last link that was pruned: where verification begins
"""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.history.meters import chain
from agent.history.meters.chain import ChainBreak, ChainEnd, ChainLink

MAX_ROWS = 20_000  # rows deleted in one transaction

SCHEMA_2 = """
    CREATE TABLE meter_link (
        device TEXT NOT NULL, number INTEGER NOT NULL, at REAL NOT NULL, text TEXT NOT NULL,
        hash BLOB NOT NULL, PRIMARY KEY (device, number)
    ) WITHOUT ROWID;
    CREATE TABLE meter_chain_closed (device TEXT PRIMARY KEY, count INTEGER NOT NULL, head BLOB NOT NULL);
    INSERT INTO meter_chain_closed SELECT device, count, head FROM meter_chain;
    CREATE TABLE meter_checkpoint (device TEXT PRIMARY KEY, number INTEGER NOT NULL, head BLOB NOT NULL)
"""

_SELECT_FIRST_VERSION = """
    SELECT device, source, name, part, unit, at, raw, adjusted, epoch, trust, why, before, gap, hash
    FROM meter_read WHERE device = ? ORDER BY id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCheck:
    """The result of verifying the chain of one printer."""

    device: str
    reads: int
    head: str  # hex
    broken: ChainBreak | None


def list_devices(tx: sqlite3.Connection) -> list[str]:
    """List the printers that have counters, with a chain or before their first daily read."""
    found = tx.execute(
        "SELECT device FROM meter_chain UNION SELECT device FROM meter_counter ORDER BY device"
    )
    return [row["device"] for row in found]


def load_end(tx: sqlite3.Connection, device: str) -> ChainEnd:
    """Load the number of links in the chain of a printer, and the hash of the last one."""
    row = tx.execute("SELECT count, head FROM meter_chain WHERE device = ?", (device,)).fetchone()
    return ChainEnd(number=row["count"], head=row["head"]) if row else ChainEnd()


def load_last_time(tx: sqlite3.Connection, device: str) -> float | None:
    """Load the time of a printer's newest link."""
    row = tx.execute(
        "SELECT at FROM meter_link WHERE device = ? ORDER BY number DESC LIMIT 1", (device,)
    ).fetchone()
    return row["at"] if row else None


def append_link(tx: sqlite3.Connection, device: str, at: float, text: str) -> None:
    """Add a link to the chain of a printer."""
    end = load_end(tx, device)
    head, number = chain.hash_link(end.head, text), end.number + 1
    tx.execute("INSERT INTO meter_link VALUES (?, ?, ?, ?, ?)", (device, number, at, text, head))
    tx.execute("INSERT OR REPLACE INTO meter_chain VALUES (?, ?, ?)", (device, number, head))


def load_start(tx: sqlite3.Connection, device: str) -> ChainEnd:
    """Load the place at which the stored links of a printer begin: 0, or the last one that was pruned."""
    row = tx.execute("SELECT number, head FROM meter_checkpoint WHERE device = ?", (device,)).fetchone()
    return ChainEnd(number=row["number"], head=row["head"]) if row else ChainEnd()


def iterate_links(tx: sqlite3.Connection, device: str) -> Iterator[ChainLink]:
    """Yield the stored links of a printer, those of version 1 first."""
    first = load_start(tx, device).number + 1
    for number, (*read, stored) in enumerate(tx.execute(_SELECT_FIRST_VERSION, (device,)), start=first):
        yield ChainLink(number=number, text=chain.write_first_version(read), stored=stored)
    for row in tx.execute("SELECT * FROM meter_link WHERE device = ? ORDER BY number", (device,)):
        yield ChainLink(number=row["number"], text=row["text"], stored=row["hash"])


def verify_device(tx: sqlite3.Connection, device: str) -> ChainCheck:
    """Verify that every stored link of a printer is unchanged."""
    end = load_end(tx, device)
    broken = chain.verify_chain(iterate_links(tx, device), start=load_start(tx, device), end=end)
    return ChainCheck(device=device, reads=end.number, head=end.head.hex(), broken=broken)


def compare_with_provider(tx: sqlite3.Connection, device: str, heads: Mapping[int, str]) -> dict[int, str]:
    """Compare the heads that the provider received (number of reads to hex) with the stored chain."""
    return chain.compare_heads(iterate_links(tx, device), heads, start=load_start(tx, device))


def prune_links(tx: sqlite3.Connection, bound: float) -> int:
    """Delete links of before `bound`, oldest first, and keep the last hash as a checkpoint; return how many.

    The newest link of a printer always stays."""
    gone = 0
    for device in list_devices(tx):
        if gone < MAX_ROWS:
            gone += _prune_first_version(tx, device, bound, MAX_ROWS - gone)
            gone += _prune_device(tx, device, bound, MAX_ROWS - gone)
    return gone


def _prune_first_version(tx: sqlite3.Connection, device: str, bound: float, most: int) -> int:
    """Delete the old reads of version 1, the last one only once the chain went on in version 2."""
    rows = tx.execute(
        "SELECT id, at, hash FROM meter_read WHERE device = ? ORDER BY id LIMIT ?", (device, most + 1)
    ).fetchall()
    old = next((place for place, row in enumerate(rows) if row["at"] >= bound), len(rows))
    if old == len(rows) and load_last_time(tx, device) is None:
        old -= 1
    old = min(old, most)
    if old > 0:
        tx.execute("DELETE FROM meter_read WHERE device = ? AND id <= ?", (device, rows[old - 1]["id"]))
        _save_checkpoint(tx, device, load_start(tx, device).number + old, rows[old - 1]["hash"])
    return max(0, old)


def _prune_device(tx: sqlite3.Connection, device: str, bound: float, most: int) -> int:
    if tx.execute("SELECT 1 FROM meter_read WHERE device = ? LIMIT 1", (device,)).fetchone():
        return 0
    rows = tx.execute(
        "SELECT number, hash FROM meter_link WHERE device = ? AND at < ? AND number < ? "
        "ORDER BY number LIMIT ?",
        (device, bound, load_end(tx, device).number, most),
    ).fetchall()
    if rows:
        tx.execute("DELETE FROM meter_link WHERE device = ? AND number <= ?", (device, rows[-1]["number"]))
        _save_checkpoint(tx, device, rows[-1]["number"], rows[-1]["hash"])
    return len(rows)


def _save_checkpoint(tx: sqlite3.Connection, device: str, number: int, head: bytes) -> None:
    tx.execute("INSERT OR REPLACE INTO meter_checkpoint VALUES (?, ?, ?)", (device, number, head))
