"""Bind an identity to a device of the inventory: a known one, a new one, or one that others are merged into.

identity, address ──► matching ──► known: update it, note a move or a second address
                              └──► new: a key of its own, and the device that it replaces
another device had the address ──► displaced: to its second address, or to none
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain, count

from agent.core.model import Address, Device, Identity
from agent.discovery import decisions, matching
from agent.discovery.inventory import (
    DEVICE_COLUMNS,
    IDENTITY_FIELDS,
    device_from_row,
    load_device,
    load_second_addresses,
    mark_seen,
)
from agent.discovery.matching import ALIVE_WINDOW, normalize_serial

MOVE_WINDOW = 86400.0  # seconds in which a displaced printer is found at its new address, if it only moved
OTHER_CREDENTIAL = "a host shows the identity of this printer, and does not answer its SNMP credential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The device that an identity belongs to, and the devices that lost an address to it."""

    device: Device
    displaced: tuple[Device, ...] = ()
    moved: bool = False  # it answered at another address before
    stranger: bool = False  # it did not answer the credential of the device


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityClaim:
    """How well a reading shows which printer answered."""

    proof: str = ""  # see `IdentityProof.kind`
    is_stranger: Callable[[Device], bool] = lambda _: False
    """Whether the reading did not answer the credential that this device must answer."""


NO_CLAIM = IdentityClaim()


def bind_identity(
    tx: sqlite3.Connection,
    identity: Identity,
    address: Address,
    *,
    now: float,
    credential: str | None = None,
    learned: str = "",
    claim: IdentityClaim = NO_CLAIM,
) -> Binding:
    """Find or create the device to which `identity`, read at `address`, belongs, and save it.

    A known printer that still answers where it was has a second address here (another network card, a
    second VLAN); one that has not answered there for an hour has moved. Neither its address nor its
    credential is replaced while it is alive at home, or by a host that does not answer its credential.
    A stranger (see `IdentityClaim`) that answered another credential is a finding: elsewhere it is a device
    of its own, and at the printer's address nothing in the record changes.
    """
    related = _find_related(tx, identity, address)
    claimed = [
        one
        for one in related.values()
        if credential and one.address.host and one.address != address and claim.is_stranger(one)
    ]
    for one in claimed:
        del related[one.key]
    old = matching.match_device(related, identity, address, now)
    key = old.key if old else _choose_key(tx, identity, address)
    if target := load_device(tx, decisions.find_merge_target(tx, key) or ""):
        return _bind_second_address(tx, target, address, now)
    displaced = _displace_others(tx, address, key)
    read = replace(_merge_device(old, identity, address, now, credential, key=key), proof=claim.proof)
    if old is None:
        replaced = next((one.key for one in displaced if not one.address.host), None)
        device = replace(read, replaces=replaced)
    elif old.address == address and claim.is_stranger(old):
        device = replace(old, last_seen=now)
        if credential:
            decisions.add_finding(tx, key, f"at:{address.host}", OTHER_CREDENTIAL, now)
    elif _keeps_address(tx, old, address, credential, now):
        device = replace(old, last_seen=now)
        tx.execute("INSERT INTO second_address VALUES (?, ?, ?)", (address.host, address.port, key))
    else:
        device = _note_move(tx, read, old)
    moved = device.moved_from != read.moved_from
    if moved:
        _withdraw_replacement(tx, device, now)
    home_seen = now if device.address == address else _load_home_seen(tx, device.key)
    _save_device(tx, device, learned, home_seen=home_seen)
    for one in claimed:
        if matching.find_agreement(one, identity):
            decisions.add_finding(tx, one.key, key, OTHER_CREDENTIAL, now)
    stranger = old is not None and claim.is_stranger(old)
    return Binding(device=device, displaced=displaced, moved=moved, stranger=stranger)


def find_known_elsewhere(
    tx: sqlite3.Connection, identity: Identity, address: Address, now: float
) -> Device | None:
    """Find the known printer whose identity a reading at another address shows."""
    device = matching.match_device(_find_related(tx, identity, address), identity, address, now)
    return device if device and device.address.host and device.address != address else None


def _keeps_address(
    tx: sqlite3.Connection, old: Device, address: Address, credential: str | None, now: float
) -> bool:
    """Report that `old` stays where it is, though it seems to answer at `address`."""
    if not old.address.host or old.address == address:
        return False
    stranger = old.credential is not None and old.credential != credential
    return stranger or now - _load_home_seen(tx, old.key) < ALIVE_WINDOW


def find_serial_claim(
    tx: sqlite3.Connection, identity: Identity, address: Address, now: float
) -> tuple[Device, str] | None:
    """Find a living device whose serial number a reading at another address gives with another MAC.

    Returns it with the key that the reading would get; None without such a device, and after a decision.
    """
    key = _choose_key(tx, identity, address)
    related = _find_related(tx, identity, address)
    if decisions.find_merge_target(tx, key) or matching.match_device(related, identity, address, now):
        return None
    claimed = (
        device
        for device in related.values()
        if matching.agrees(device, identity, "serial")
        and matching.agrees(device, identity, "model") is not False
        and matching.claims_serial(device, identity, address, now)
    )
    device = next(claimed, None)
    return (device, key) if device and not decisions.has_decision(tx, device.key, key) else None


def _bind_second_address(tx: sqlite3.Connection, device: Device, address: Address, now: float) -> Binding:
    """Book an answer at a further address of a merged device."""
    displaced = _displace_others(tx, address, device.key)
    if device.address != address:
        tx.execute("INSERT OR REPLACE INTO second_address VALUES (?, ?, ?)", (*address, device.key))
    mark_seen(tx, device.key, address, now)
    return Binding(device=replace(device, last_seen=now), displaced=displaced)


def _displace_others(tx: sqlite3.Connection, address: Address, key: str) -> tuple[Device, ...]:
    """Take `address` from the other devices that had it; a second address becomes their own."""
    tx.execute("DELETE FROM second_address WHERE host = ? AND port = ?", address)
    rows = tx.execute("SELECT key FROM device WHERE host = ? AND port = ? AND key <> ?", (*address, key))
    return tuple(_displace_device(tx, row["key"], address, key) for row in rows.fetchall())


def _displace_device(tx: sqlite3.Connection, key: str, address: Address, newcomer: str) -> Device:
    """Take its address from a device; it answers at its second one now, or is displaced by `newcomer`."""
    elsewhere = next(iter(load_second_addresses(tx, key)), Address("", 0))
    moved_from = address.host if elsewhere.host else None
    tx.execute(
        "UPDATE device SET host = ?, port = ?, last_address = ?, moved_from = coalesce(?, moved_from), "
        "displaced_by = ? WHERE key = ?",
        (*elsewhere, address.host, moved_from, None if moved_from else newcomer, key),
    )
    tx.execute("DELETE FROM second_address WHERE host = ? AND port = ?", elsewhere)
    row = tx.execute("SELECT * FROM device WHERE key = ?", (key,)).fetchone()
    return device_from_row(row)


def _note_move(tx: sqlite3.Connection, device: Device, old: Device) -> Device:
    """Note where a device was, if it answers elsewhere now."""
    row = tx.execute("SELECT last_address FROM device WHERE key = ?", (device.key,)).fetchone()
    before = old.address.host or (row["last_address"] if row else None)
    return device if before in {None, device.address.host} else replace(device, moved_from=before)


def _withdraw_replacement(tx: sqlite3.Connection, device: Device, now: float) -> None:
    """Forget that a newcomer replaces `device`, which is found elsewhere within a day: it only moved."""
    tx.execute(
        "UPDATE device SET replaces = NULL WHERE replaces = ? AND first_seen > ?",
        (device.key, now - MOVE_WINDOW),
    )


def _find_related(tx: sqlite3.Connection, identity: Identity, address: Address) -> dict[str, Device]:
    """Load the devices that share a serial, MAC, UUID or address with this one: the possible matches."""
    found = tx.execute(
        "SELECT * FROM device WHERE bare_serial = ? UNION SELECT * FROM device WHERE mac = ? "
        "UNION SELECT * FROM device WHERE uuid = ? UNION SELECT * FROM device WHERE engine_id = ? "
        "UNION SELECT * FROM device WHERE host = ? AND port = ? "
        "ORDER BY key",
        (
            normalize_serial(identity.serial) or None,
            identity.mac,
            identity.uuid,
            identity.engine_id,
            *address,
        ),
    )
    return {row["key"]: device_from_row(row) for row in found}


def _load_home_seen(tx: sqlite3.Connection, key: str) -> float:
    """Load the time of the last answer at the printer's own address."""
    row = tx.execute("SELECT home_seen FROM device WHERE key = ?", (key,)).fetchone()
    return float(row["home_seen"]) if row else 0.0


def _save_device(tx: sqlite3.Connection, device: Device, learned: str, *, home_seen: float) -> None:
    columns = ["host", "port", "learned", "home_seen", "last_address", "bare_serial", *DEVICE_COLUMNS]
    own = (getattr(device, name) for name in DEVICE_COLUMNS)
    bare = normalize_serial(device.serial) or None
    tx.execute(
        f"INSERT OR REPLACE INTO device ({', '.join(columns)}) "  # noqa: S608 - our own column names
        f"VALUES ({', '.join('?' * len(columns))})",
        (*device.address, learned, home_seen, device.address.host, bare, *own),
    )


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
        if old.serial:  # as it was first read: HP writes zeros in front of it on one way and not on the other
            read.pop("serial", None)
        return replace(old, address=address, last_seen=now, displaced_by=None, **read)
    return Device(key=key, address=address, first_seen=now, last_seen=now, **read)


def _choose_key(tx: sqlite3.Connection, identity: Identity, address: Address) -> str:
    """Choose the first of serial, MAC, UUID, engine id that is no key yet; else model and address."""
    proofs = {"sn": identity.serial, "mac": identity.mac, "uuid": identity.uuid, "eng": identity.engine_id}
    for prefix, value in proofs.items():
        key = f"{prefix}:{value}"
        if value and load_device(tx, key) is None:
            return key
    place = f"at:{identity.model or 'printer'}@{address}"
    further = (f"{place}#{number}" for number in count(2))
    return next(key for key in chain([place], further) if load_device(tx, key) is None)
