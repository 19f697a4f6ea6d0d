"""Match an identity with the devices of the inventory. Pure.

Of several devices that fit, the one that agrees in most has precedence: serial number and MAC before serial
number, then MAC, then UUID, then engine id, and last the device at the same address, unless something
contradicts.

    both have a serial number, and they differ      another printer, whatever else agrees (print server)
    another model and another MAC                   another printer
    another MAC, and the device is alive elsewhere  another printer, or its second network card: a finding
    only the engine id, and it is alive elsewhere   another printer of a kind that has one engine id
"""

from collections.abc import Mapping

from agent.core.model import Address, Device, Identity, Snapshot

ALIVE_WINDOW = 3600.0  # seconds: a device that answered within this time is there
MIN_BARE_SERIAL = 6  # characters that are left without the zeros in front
UPTIME_TOLERANCE = 2.0  # seconds between two readings of one clock
WEIGHTS = {"serial": 8, "mac": 4, "uuid": 2, "engine_id": 1}


def normalize_serial(serial: str | None) -> str:
    """Return a serial number for comparison: HP writes zeros in front of it over SNMP and none over IPP."""
    bare = (serial or "").strip().upper().lstrip("0")
    return bare if len(bare) >= MIN_BARE_SERIAL else (serial or "").strip().upper()


def agrees(device: Device, identity: Identity, attribute: str) -> bool | None:
    """Compare one attribute; None where one of the two lacks it."""
    mine, theirs = getattr(device, attribute), getattr(identity, attribute)
    if not mine or not theirs:
        return None
    if attribute == "serial":
        return normalize_serial(mine) == normalize_serial(theirs)
    return bool(mine == theirs)


def match_device(
    devices: Mapping[str, Device], identity: Identity, address: Address, now: float
) -> Device | None:
    """Choose the device that `identity`, read at `address`, belongs to; None for a new one."""
    ranked = sorted(
        ((find_agreement(device, identity), device) for device in devices.values()),
        key=lambda pair: (-pair[0], pair[1].address != address, pair[1].key),
    )
    at_address = [device for device in devices.values() if device.address == address]
    exchanged = any(agrees(device, identity, "engine_id") is False for device in at_address)
    for score, device in ranked:
        if score == WEIGHTS["engine_id"] and not exchanged and _lives_elsewhere(device, address, now):
            continue  # some makers gave all printers of a kind one engine id
        if score and not _is_another_printer(device, identity, address, now):
            return device
    return next((device for device in at_address if not _contradicts_identity(device, identity)), None)


def find_agreement(device: Device, identity: Identity) -> int:
    """Return how much agrees: the sum of WEIGHTS; 0 for nothing."""
    return sum(weight for name, weight in WEIGHTS.items() if agrees(device, identity, name))


def _contradicts_identity(device: Device, identity: Identity) -> bool:
    """Report a difference in serial, MAC, UUID, engine id, model or name, where both have a value."""
    named = device.proof == "unproved" and device.hostname and identity.name
    if named and device.hostname != identity.name:
        return True
    return any(agrees(device, identity, name) is False for name in (*WEIGHTS, "model"))


def _is_another_printer(device: Device, identity: Identity, address: Address, now: float) -> bool:
    """Report that, although something agrees, this is a different printer."""
    if agrees(device, identity, "serial") is False:
        return True
    if agrees(device, identity, "model") is False and agrees(device, identity, "mac") is not True:
        return True
    return agrees(device, identity, "uuid") is not True and claims_serial(device, identity, address, now)


def claims_serial(device: Device, identity: Identity, address: Address, now: float) -> bool:
    """Report a second claim: another MAC at another address, while the device is alive at its own."""
    return agrees(device, identity, "mac") is False and _lives_elsewhere(device, address, now)


def _lives_elsewhere(device: Device, address: Address, now: float) -> bool:
    """Report that the device answered at another address within the last hour."""
    alive = now - device.last_seen < ALIVE_WINDOW
    return bool(device.address.host) and device.address != address and alive


def is_one_printer(first: Snapshot, second: Snapshot, tolerance: float = UPTIME_TOLERANCE) -> bool:
    """Report that two readings at two addresses, taken one after the other, are of one printer.

    The serial number, the uptime (`tolerance` in seconds) and the total are the same; a missing one is not.
    """
    serials = [one.identity.serial if one.identity else None for one in (first, second)]
    totals = [_find_total(one) for one in (first, second)]
    if None in (*serials, *totals) or first.uptime is None or second.uptime is None:
        return False
    drift = (second.uptime - first.uptime) / 100 - (second.at - first.at)
    same_serial = normalize_serial(serials[0]) == normalize_serial(serials[1])
    return same_serial and totals[0] == totals[1] and abs(drift) <= tolerance


def _find_total(snapshot: Snapshot) -> int | None:
    meters = snapshot.meters or ()
    return next((meter.value for meter in meters if meter.name == "total" and not meter.part), None)
