"""The inventory: decide which printer answered, independent of its address.

    serial ──────► MAC ──────► UUID ──────► engine id ──────► same address, and no contradiction   `matching`
    (checked)      (board)     (services)   (SNMP engine)     (last resort)

Promises:
- The IP address alone never identifies a printer: a DHCP move keeps the printer, an address that has
  become another printer becomes another device, and a printer with two addresses stays one.
- A serial number that a different, living printer of the site already holds is not believed.
- A new device names the one that it displaced (`replaces`), the displaced one names it until it is found
  again (`displaced_by`), and one that moved names the address it had (`moved_from`).
- A host that turned out not to be a printer is remembered, and not asked again for 30 days; for a day if it
  announces itself as one. A host named by hand is asked at once.
"""

import json
import math
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from agent.core.model import Address, Device, Sighting
from agent.discovery import address_credentials, decisions, excluded_hosts

IDENTITY_FIELDS = ("vendor", "model", "serial", "mac", "uuid", "engine_id", "firmware", "location")
DEVICE_COLUMNS = (
    "key",
    *IDENTITY_FIELDS,
    "hostname",
    "credential",
    "first_seen",
    "last_seen",
    "proof",
    "replaces",
    "moved_from",
    "displaced_by",
)  # columns that are fields of a Device

NOT_A_PRINTER = "not a printer"
OUTSIDE = "outside"
MAX_OUTSIDE = 500  # addresses outside the networks that are kept, the newest: anybody can announce them
RETRY_PAUSES = {NOT_A_PRINTER: 30 * 86400.0, "undecided": 86400.0, "no answer": 3600.0}  # until asked again
PROMISED_PAUSE = 86400.0  # at most, if it announces itself as a printer or is named by hand
MAX_SWEEP_AGE = 86400.0  # an interrupted sweep older than this starts from the beginning

SCHEMA = (
    """
    CREATE TABLE device (
        key TEXT PRIMARY KEY, host TEXT NOT NULL, port INTEGER NOT NULL,
        vendor TEXT, model TEXT, serial TEXT, mac TEXT, uuid TEXT, firmware TEXT, location TEXT,
        credential TEXT, learned TEXT NOT NULL DEFAULT '',
        first_seen REAL NOT NULL, last_seen REAL NOT NULL
    );
    CREATE INDEX device_address ON device (host, port);
    CREATE TABLE candidate (
        host TEXT NOT NULL, port INTEGER NOT NULL, via TEXT NOT NULL, at REAL NOT NULL,
        verdict TEXT NOT NULL, asked_until REAL NOT NULL DEFAULT 0, model TEXT,
        PRIMARY KEY (host, port)
    )
    """,
    "CREATE TABLE sweep (host TEXT NOT NULL, at REAL NOT NULL)",
    "ALTER TABLE candidate ADD COLUMN announced TEXT",
    """
    ALTER TABLE device ADD COLUMN home_seen REAL NOT NULL DEFAULT 0;
    CREATE INDEX device_serial ON device (serial);
    CREATE INDEX device_mac ON device (mac);
    CREATE INDEX device_uuid ON device (uuid);
    CREATE TABLE second_address (
        host TEXT NOT NULL, port INTEGER NOT NULL, device TEXT NOT NULL, PRIMARY KEY (host, port)
    )
    """,
    "ALTER TABLE device ADD COLUMN hostname TEXT",
    address_credentials.SCRIPT,
    """
    ALTER TABLE device ADD COLUMN proof TEXT NOT NULL DEFAULT '';
    ALTER TABLE device ADD COLUMN replaces TEXT;
    ALTER TABLE device ADD COLUMN moved_from TEXT;
    ALTER TABLE device ADD COLUMN last_address TEXT;
    ALTER TABLE device ADD COLUMN bare_serial TEXT;
    CREATE INDEX device_bare_serial ON device (bare_serial);
    UPDATE device SET bare_serial = CASE WHEN length(ltrim(serial, '0')) >= 6
        THEN ltrim(upper(serial), '0') ELSE upper(serial) END
    """,
    decisions.SCHEMA,
    excluded_hosts.SCRIPT,
    "ALTER TABLE device ADD COLUMN displaced_by TEXT",
    """
    ALTER TABLE device ADD COLUMN engine_id TEXT;
    CREATE INDEX device_engine_id ON device (engine_id)
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A host that was seen and is not (or not yet) in the inventory."""

    address: Address
    via: str
    at: float
    verdict: str  # "printer", "not a printer", "undecided", "no answer", "outside"
    model: str | None = None
    announced: Mapping[str, object] = field(default_factory=dict)  # an Announcement, as JSON


def should_identify(tx: sqlite3.Connection, sighting: Sighting, *, anew: bool = False) -> bool:
    """Decide whether a sighting needs identification: not a known printer, nor a host asked in vain lately.

    A host that announces itself, or is named by hand, is asked at once after it was seen in another way; and
    one that announces another place for IPP (`anew`).
    """
    host, port = sighting.address
    row = tx.execute("SELECT * FROM candidate WHERE host = ? AND port = ?", (host, port)).fetchone()
    if find_device_at(tx, sighting.address) is not None:
        return False
    if row is None or anew or _pause_is_over(row, sighting.at):
        return True
    return bool(sighting.is_printer) and row["via"] != sighting.via


def _pause_is_over(row: sqlite3.Row, now: float) -> bool:
    """True after the pause, and for one longer than its verdict gives: the clock was set back since."""
    left = row["asked_until"] - now
    return bool(left <= 0 or left > RETRY_PAUSES.get(row["verdict"], 0.0))


def save_candidate(tx: sqlite3.Connection, sighting: Sighting, verdict: str) -> None:
    """Store the verdict on a sighting; verdicts: see `Candidate`."""
    pause = min(RETRY_PAUSES.get(verdict, 0.0), PROMISED_PAUSE if sighting.is_printer else math.inf)
    host, port = sighting.address
    announced = json.dumps(asdict(sighting.announced)) if sighting.announced else None
    tx.execute(
        "INSERT OR REPLACE INTO candidate (host, port, via, at, verdict, asked_until, model, announced) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (host, port, sighting.via, sighting.at, verdict, sighting.at + pause, sighting.model, announced),
    )
    if verdict == OUTSIDE:
        tx.execute(
            "DELETE FROM candidate WHERE rowid IN (SELECT rowid FROM candidate WHERE verdict = ? "
            "ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET ?)",
            (OUTSIDE, MAX_OUTSIDE),
        )


def load_candidates(tx: sqlite3.Connection) -> list[Candidate]:
    """Load every sighting with its verdict, by address."""
    return [
        Candidate(
            address=Address(row["host"], row["port"]),
            via=row["via"],
            at=row["at"],
            verdict=row["verdict"],
            model=row["model"],
            announced=json.loads(row["announced"]) if row["announced"] else {},
        )
        for row in tx.execute("SELECT * FROM candidate ORDER BY host, port")
    ]


def load_second_addresses(tx: sqlite3.Connection, key: str) -> list[Address]:
    """Load the further addresses at which this printer answered."""
    found = tx.execute("SELECT host, port FROM second_address WHERE device = ? ORDER BY host, port", (key,))
    return [Address(row["host"], row["port"]) for row in found]


def load_devices(tx: sqlite3.Connection) -> dict[str, Device]:
    """Load every printer of the inventory, by key."""
    return {row["key"]: device_from_row(row) for row in tx.execute("SELECT * FROM device ORDER BY key")}


def load_displaced(tx: sqlite3.Connection) -> list[Device]:
    """Load the printers at whose address another one answers, and that were not found elsewhere."""
    rows = tx.execute("SELECT * FROM device WHERE host = '' AND displaced_by IS NOT NULL ORDER BY key")
    return [device_from_row(row) for row in rows]


def load_device(tx: sqlite3.Connection, key: str) -> Device | None:
    """Load one printer by its key; None if it is not in the inventory."""
    row = tx.execute("SELECT * FROM device WHERE key = ?", (key,)).fetchone()
    return device_from_row(row) if row else None


def find_device_at(tx: sqlite3.Connection, address: Address) -> Device | None:
    """Find the printer last seen at `address`, also if that is its second address."""
    row = tx.execute(
        "SELECT * FROM device WHERE host = ? AND port = ? UNION SELECT device.* FROM device "
        "JOIN second_address ON device.key = second_address.device "
        "WHERE second_address.host = ? AND second_address.port = ?",
        (*address, *address),
    ).fetchone()
    return device_from_row(row) if row else None


def load_learned(tx: sqlite3.Connection, key: str) -> str:
    """Load how the SNMP engine asks this printer best (see `agent.snmp`); "" if not learned yet."""
    row = tx.execute("SELECT learned FROM device WHERE key = ?", (key,)).fetchone()
    return str(row["learned"]) if row else ""


def save_learned(tx: sqlite3.Connection, key: str, learned: str) -> None:
    tx.execute("UPDATE device SET learned = ? WHERE key = ? AND learned <> ?", (learned, key, learned))


def mark_seen(tx: sqlite3.Connection, key: str, address: Address, now: float) -> None:
    """Record the time of an answer at `address`."""
    tx.execute("UPDATE device SET last_seen = ? WHERE key = ?", (now, key))
    tx.execute(
        "UPDATE device SET home_seen = ? WHERE key = ? AND host = ? AND port = ?", (now, key, *address)
    )


def save_sweep_position(tx: sqlite3.Connection, host: str, now: float) -> None:
    """Store the last host of a sweep, so that it can resume there; "" when it is complete."""
    tx.execute("DELETE FROM sweep")
    if host:
        tx.execute("INSERT INTO sweep VALUES (?, ?)", (host, now))


def load_sweep_position(tx: sqlite3.Connection, now: float) -> str:
    """Load the host after which an interrupted sweep resumes; "" if the last one was completed, or is old."""
    row = tx.execute("SELECT host FROM sweep WHERE at > ? AND at <= ?", (now - MAX_SWEEP_AGE, now)).fetchone()
    return str(row["host"]) if row else ""


def device_from_row(row: sqlite3.Row) -> Device:
    return Device(address=Address(row["host"], row["port"]), **{name: row[name] for name in DEVICE_COLUMNS})
