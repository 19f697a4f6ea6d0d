"""Reads what identifies a printer: the system group, hrDeviceTable, prtGeneral, 1284 ids, the maker's own."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain

from agent.collectors._identity import ieee1284, serial_numbers
from agent.collectors._identity.identity_decision import (
    NOTHING,
    Clues,
    Decision,
    Said,
    decide,
    fitting_profiles,
    vendor_of,
)
from agent.collectors._identity.ieee1284 import DeviceId
from agent.collectors._printer_mib.mib_reader import Reading
from agent.collectors._printer_mib.print_servers import ports_of
from agent.collectors._vendor.vendor_profiles import ProfileRow, Profiles
from agent.snmp.oid import dotted, encode_arcs, oid
from agent.snmp.reader import IpAddress, ObjectId, Value

SYS_DESCR = oid("1.3.6.1.2.1.1.1.0")  # RFC 3418
SYS_OBJECT_ID = oid("1.3.6.1.2.1.1.2.0")
SYS_NAME = oid("1.3.6.1.2.1.1.5.0")
SYS_LOCATION = oid("1.3.6.1.2.1.1.6.0")
HP_DEVICE_ID = oid("1.3.6.1.4.1.11.2.3.9.1.1.7.0")  # answered by printers of many makers
ENTITY_SERIAL = oid("1.3.6.1.2.1.47.1.1.1.1.11")  # entPhysicalSerialNum (RFC 6933)
ENTITY_CLASS = oid("1.3.6.1.2.1.47.1.1.1.1.5")  # entPhysicalClass
CHASSIS = 3
IF_ADDRESS = oid("1.3.6.1.2.1.2.2.1.6")  # ifPhysAddress (RFC 2863)

_FIRST_ENTITY = ENTITY_SERIAL + encode_arcs(1)
_ALONE = (SYS_DESCR, SYS_OBJECT_ID, SYS_NAME, SYS_LOCATION, HP_DEVICE_ID, _FIRST_ENTITY)
_DEVICE = {"descr": oid("1.3.6.1.2.1.25.3.2.1.3"), "object_id": oid("1.3.6.1.2.1.25.3.2.1.4")}  # hrDevice…
_GENERAL = {"name": oid("1.3.6.1.2.1.43.5.1.1.16"), "serial": oid("1.3.6.1.2.1.43.5.1.1.17")}  # prtGeneral…


async def read(reading: Reading, *, devices: bool, printer_rows: bool, profiles: Profiles) -> Decision:
    """The identity of the first printer. `devices`: hrDeviceTable says what types of device there are;
    `printer_rows`: something in it or in the Printer MIB says that one is a printer."""
    units = [reading.unit, *sorted(reading.seen - {*reading.units, reading.unit})]
    device = {name: column + encode_arcs(reading.unit) for name, column in _DEVICE.items()}
    general = {name: [column + encode_arcs(unit) for unit in units] for name, column in _GENERAL.items()}
    found = await reading.get([*_ALONE, *device.values(), *chain(*general.values())])
    ids = await _device_ids(reading, found, device["object_id"])
    macs = [raw for raw in (await reading.clue(IF_ADDRESS)).values() if isinstance(raw, bytes)]
    serial = _said(reading, found, *general["serial"])
    clues = Clues(
        sys_descr=_said(reading, found, SYS_DESCR),
        object_id=_object_id(found.get(SYS_OBJECT_ID)),
        device_object_id=_object_id(found.get(device["object_id"])),
        device_descr=_said(reading, found, device["descr"]),
        printer_name=_said(reading, found, *general["name"]),
        general_serial=serial,
        entity_serial=await _entity_serial(reading, found, serial),
        device_ids=tuple(ids),
        macs=tuple(macs),
        sys_name=_said(reading, found, SYS_NAME).text,
        location=_said(reading, found, SYS_LOCATION).text,
        devices=devices,
        printer_rows=printer_rows or bool(serial.text),
    )
    return decide(await _with_private(reading, clues, profiles), profiles)


async def _device_ids(
    reading: Reading, found: Mapping[bytes, Value], device_object: bytes
) -> list[tuple[DeviceId, bytes]]:
    """IEEE 1284 ids: of the port monitor, in hrDeviceID (where an OID belongs), of HP's tree."""
    ports = await ports_of(reading)
    texts = [*(ports.get(reading.unit) or ports.get(0, ()))]
    texts += [_said(reading, found, device_object), _said(reading, found, HP_DEVICE_ID)]
    return list(_parsed(texts))


async def _entity_serial(reading: Reading, found: Mapping[bytes, Value], serial: Said) -> Said:
    """entPhysicalSerialNum of the first entity, which is the whole; where that says nothing and the
    Printer MIB neither, that of the first chassis. A board's or a finisher's is not the printer's."""
    first = _said(reading, found, _FIRST_ENTITY)
    if first.text or serial_numbers.serial(serial.text):
        return first
    classes = await reading.clue(ENTITY_CLASS)
    places = [ENTITY_SERIAL + encode_arcs(*place) for place, value in classes.items() if value == CHASSIS]
    return _said(reading, await reading.get(places), *places) if places else NOTHING


def _parsed(texts: Iterable[Said]) -> Iterable[tuple[DeviceId, bytes]]:
    for text, source in texts:
        if text and (device_id := ieee1284.parse(text)):
            yield device_id, source


async def _with_private(reading: Reading, clues: Clues, profiles: Profiles) -> Clues:
    """The clues with the answered rows of the fitting profiles; without a fitting one, their 1284 ids
    are asked first, which may tell whose firmware it is."""
    fitting = fitting_profiles(clues, profiles, vendor_of(clues, profiles))
    if not fitting:
        ids = [row for profile in profiles for row in profile.row if row.field == "device_id"]
        clues = await _asked(reading, clues, ids)
        fitting = fitting_profiles(clues, profiles, vendor_of(clues, profiles))
        return await _asked(
            reading, clues, [row for one in fitting for row in one.row if row.field != "device_id"]
        )
    return await _asked(reading, clues, [row for profile in fitting for row in profile.row])


async def _asked(reading: Reading, clues: Clues, rows: list[ProfileRow]) -> Clues:
    """The clues with what was answered to `rows`."""
    if not rows:
        return clues
    found = await reading.get(dict.fromkeys(oid(row.oid) for row in rows))
    return _learned(
        clues, [(row, said) for row in rows if (said := _said(reading, found, oid(row.oid))).text]
    )


def _learned(clues: Clues, answered: list[tuple[ProfileRow, Said]]) -> Clues:
    ids = _parsed(said for row, said in answered if row.field == "device_id")
    private = tuple((row, said) for row, said in answered if row.field != "device_id")
    return replace(clues, private=private, device_ids=(*clues.device_ids, *ids))


def _said(reading: Reading, found: Mapping[bytes, Value], *places: bytes) -> Said:
    """The first text in `places`, with its place."""
    texts = ((_text(reading, found.get(place)), place) for place in places)
    return next((Said(text, place) for text, place in texts if text), NOTHING)


def _text(reading: Reading, value: Value) -> str:
    """Text for a person; a number that stands for one (a serial sent as INTEGER) counts."""
    if isinstance(value, int):
        return str(value)
    return "" if isinstance(value, (ObjectId, IpAddress)) else reading.text(value, "identity")


def _object_id(value: Value) -> str:
    try:
        return dotted(value) if isinstance(value, ObjectId) else ""
    except ValueError:  # no arcs in it
        return ""
