"""The inventory: decide which printer answered, independent of its address.

    serial ──────► MAC ──────► UUID ──────► same address, and no contradiction
    (checked)      (board)     (services)   (last resort)

Promises:
- The IP address alone never identifies a printer: a DHCP move keeps the printer, an address that has
  become another printer becomes another device, and a printer with two addresses stays one.
- A serial number that a different, living printer of the site already holds is not believed.
- A host that turned out not to be a printer is remembered, and not asked again for 30 days.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from agent.core.model import Address, Device, Identity, Sighting
from agent.discovery import address_credentials

IDENTITY_FIELDS = ("vendor", "model", "serial", "mac", "uuid", "firmware", "location")  # from an Identity
DEVICE_COLUMNS = (
    "key",
    *IDENTITY_FIELDS,
    "hostname",
    "credential",
    "first_seen",
    "last_seen",
)  # columns that are fields of a Device

NOT_A_PRINTER = "not a printer"
OUTSIDE = "outside"
MAX_OUTSIDE = 500  # addresses outside the networks that are kept, the newest: anybody can announce them
RETRY_PAUSES = {NOT_A_PRINTER: 30 * 86400.0, "undecided": 86400.0, "no answer": 3600.0}  # until asked again
MAX_SWEEP_AGE = 86400.0  # an interrupted sweep older than this starts from the beginning
ALIVE_WINDOW = 3600.0  # a device that answered within this time is there

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


def should_identify(tx: sqlite3.Connection, sighting: Sighting) -> bool:
    """Decide whether a sighting needs identification: not a known printer, nor a host asked in vain lately.

    A host that announces itself as a printer is asked even if a sweep could not classify it.
    """
    host, port = sighting.address
    row = tx.execute("SELECT * FROM candidate WHERE host = ? AND port = ?", (host, port)).fetchone()
    if find_device_at(tx, sighting.address) is not None:
        return False
    if row is None or _pause_is_over(row, sighting.at):
        return True
    return bool(sighting.is_printer) and row["verdict"] != NOT_A_PRINTER and row["via"] != sighting.via


def _pause_is_over(row: sqlite3.Row, now: float) -> bool:
    """True after the pause, and for one longer than its verdict gives: the clock was set back since."""
    left = row["asked_until"] - now
    return bool(left <= 0 or left > RETRY_PAUSES.get(row["verdict"], 0.0))


def save_candidate(tx: sqlite3.Connection, sighting: Sighting, verdict: str) -> None:
    """Store the verdict on a sighting; verdicts: see `Candidate`."""
    pause = RETRY_PAUSES.get(verdict, 0.0)
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


def bind_identity(
    tx: sqlite3.Connection,
    identity: Identity,
    address: Address,
    *,
    now: float,
    credential: str | None = None,
    learned: str = "",
) -> Device:
    """Find or create the device to which `identity`, read at `address`, belongs, and save it.

    A known printer that still answers where it was has a second address here (another network card, a
    second VLAN); one that has not answered there for an hour has moved.
    """
    related = _find_related(tx, identity, address)
    old = match_device(related, identity, address, now)
    for squatter in related.values():
        if squatter.address == address and (old is None or squatter.key != old.key):
            tx.execute("UPDATE device SET host = '', port = 0 WHERE key = ?", (squatter.key,))
    tx.execute("DELETE FROM second_address WHERE host = ? AND port = ?", (address.host, address.port))
    device = _merge_device(old, identity, address, now, credential, key=_choose_key(tx, identity, address))
    if (
        old
        and old.address.host
        and old.address != address
        and now - _load_home_seen(tx, old.key) < ALIVE_WINDOW
    ):
        device = replace(device, address=old.address)
        tx.execute("INSERT INTO second_address VALUES (?, ?, ?)", (address.host, address.port, device.key))
    _save_device(
        tx, device, learned, home_seen=now if device.address == address else _load_home_seen(tx, device.key)
    )
    return device


def load_second_addresses(tx: sqlite3.Connection, key: str) -> list[Address]:
    """Load the further addresses at which this printer answered."""
    found = tx.execute("SELECT host, port FROM second_address WHERE device = ? ORDER BY host, port", (key,))
    return [Address(row["host"], row["port"]) for row in found]


def _find_related(tx: sqlite3.Connection, identity: Identity, address: Address) -> dict[str, Device]:
    """Load the devices that share a serial, MAC, UUID or address with this one: the possible matches."""
    found = tx.execute(
        "SELECT * FROM device WHERE serial = ? UNION SELECT * FROM device WHERE mac = ? "
        "UNION SELECT * FROM device WHERE uuid = ? UNION SELECT * FROM device WHERE host = ? AND port = ? "
        "ORDER BY key",
        (identity.serial, identity.mac, identity.uuid, address.host, address.port),
    )
    return {row["key"]: _device_from_row(row) for row in found}


def _load_home_seen(tx: sqlite3.Connection, key: str) -> float:
    """Load the time of the last answer at the printer's own address."""
    row = tx.execute("SELECT home_seen FROM device WHERE key = ?", (key,)).fetchone()
    return float(row["home_seen"]) if row else 0.0


def _save_device(tx: sqlite3.Connection, device: Device, learned: str, *, home_seen: float) -> None:
    columns = ["host", "port", "learned", "home_seen", *DEVICE_COLUMNS]
    own = (getattr(device, name) for name in DEVICE_COLUMNS)
    tx.execute(
        f"INSERT OR REPLACE INTO device ({', '.join(columns)}) "  # noqa: S608 - our own column names
        f"VALUES ({', '.join('?' * len(columns))})",
        (*device.address, learned, home_seen, *own),
    )


def match_device(
    devices: Mapping[str, Device], identity: Identity, address: Address, now: float
) -> Device | None:
    """Match one of `devices` by serial, then MAC, then UUID, then by its old address unless contradicted."""
    for attribute in ("serial", "mac", "uuid"):
        value = getattr(identity, attribute)
        for device in devices.values():
            if (
                value
                and getattr(device, attribute) == value
                and not _is_another_printer(device, identity, address, now)
            ):
                return device
    at_address = [device for device in devices.values() if device.address == address]
    return next((device for device in at_address if not _contradicts_identity(device, identity)), None)


def _contradicts_identity(device: Device, identity: Identity) -> bool:
    """Report a difference in serial, MAC, UUID or model, where both have a value."""
    pairs = [(getattr(device, name), getattr(identity, name)) for name in ("serial", "mac", "uuid", "model")]
    return any(mine and theirs and mine != theirs for mine, theirs in pairs)


def _is_another_printer(device: Device, identity: Identity, address: Address, now: float) -> bool:
    """Report that the same serial, MAC or UUID nevertheless belongs to a different printer.

    Two printers of one site with one serial number exist (placeholders, refurbished boards): another
    model, or another MAC while the first is alive at its own address.
    """
    if device.model and identity.model and device.model != identity.model and device.mac != identity.mac:
        return True
    if device.uuid and device.uuid == identity.uuid:
        return False
    both_have_mac = bool(device.mac and identity.mac and device.mac != identity.mac)
    alive_elsewhere = device.address != address and now - device.last_seen < ALIVE_WINDOW
    return both_have_mac and alive_elsewhere


def _merge_device(
    old: Device | None,
    identity: Identity,
    address: Address,
    now: float,
    credential: str | None,
    *,
    key: str,
) -> Device:
    """Update the device record; a field that was not read this time keeps its last value."""
    read = {name: getattr(identity, name) for name in IDENTITY_FIELDS if getattr(identity, name)}
    if identity.name:
        read["hostname"] = identity.name
    if credential:
        read["credential"] = credential
    if old:
        return replace(old, address=address, last_seen=now, **read)
    return Device(key=key, address=address, first_seen=now, last_seen=now, **read)


def _choose_key(tx: sqlite3.Connection, identity: Identity, address: Address) -> str:
    """Choose the first of serial, MAC, UUID that is no key yet; else model and address together."""
    for prefix, value in (("sn", identity.serial), ("mac", identity.mac), ("uuid", identity.uuid)):
        key = f"{prefix}:{value}"
        if value and not tx.execute("SELECT 1 FROM device WHERE key = ?", (key,)).fetchone():
            return key
    return f"at:{identity.model or 'printer'}@{address}"


def load_devices(tx: sqlite3.Connection) -> dict[str, Device]:
    """Load every printer of the inventory, by key."""
    return {row["key"]: _device_from_row(row) for row in tx.execute("SELECT * FROM device ORDER BY key")}


def load_device(tx: sqlite3.Connection, key: str) -> Device | None:
    """Load one printer by its key; None if it is not in the inventory."""
    row = tx.execute("SELECT * FROM device WHERE key = ?", (key,)).fetchone()
    return _device_from_row(row) if row else None


def find_device_at(tx: sqlite3.Connection, address: Address) -> Device | None:
    """Find the printer last seen at `address`, also if that is its second address."""
    row = tx.execute(
        "SELECT * FROM device WHERE host = ? AND port = ? UNION SELECT device.* FROM device "
        "JOIN second_address ON device.key = second_address.device "
        "WHERE second_address.host = ? AND second_address.port = ?",
        (*address, *address),
    ).fetchone()
    return _device_from_row(row) if row else None


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


def _device_from_row(row: sqlite3.Row) -> Device:
    return Device(address=Address(row["host"], row["port"]), **{name: row[name] for name in DEVICE_COLUMNS})
