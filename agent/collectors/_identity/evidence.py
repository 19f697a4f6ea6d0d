"""Reads what identifies a printer: the system group, hrDeviceTable, prtGeneral, 1284 ids, the maker's own."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain

from agent.collectors._identity import ieee1284, serial_numbers
from agent.collectors._identity.identity_decision import (
    NO_TEXT,
    IdentityDecision,
    IdentityEvidence,
    SourcedText,
    decide_identity,
    detect_vendor,
    select_profiles,
)
from agent.collectors._identity.identity_proof import ENGINE_ID, IF_ADDRESS, find_engine_id
from agent.collectors._identity.ieee1284 import DeviceId
from agent.collectors._printer_mib.mib_reader import MibReader
from agent.collectors._printer_mib.print_servers import read_port_ids
from agent.collectors._vendor.vendor_profiles import ProfileRow, Profiles
from agent.snmp.oid import encode_arcs, format_oid, oid
from agent.snmp.reader import IpAddress, ObjectId, SnmpValue

SYS_DESCR = oid("1.3.6.1.2.1.1.1.0")  # RFC 3418
SYS_OBJECT_ID = oid("1.3.6.1.2.1.1.2.0")
SYS_NAME = oid("1.3.6.1.2.1.1.5.0")
SYS_LOCATION = oid("1.3.6.1.2.1.1.6.0")
HP_DEVICE_ID = oid("1.3.6.1.4.1.11.2.3.9.1.1.7.0")  # answered by printers of many makers
ENTITY_SERIAL = oid("1.3.6.1.2.1.47.1.1.1.1.11")  # entPhysicalSerialNum (RFC 6933)
ENTITY_CLASS = oid("1.3.6.1.2.1.47.1.1.1.1.5")  # entPhysicalClass
CHASSIS = 3

_FIRST_ENTITY = ENTITY_SERIAL + encode_arcs(1)
_SCALARS = (SYS_DESCR, SYS_OBJECT_ID, SYS_NAME, SYS_LOCATION, HP_DEVICE_ID, _FIRST_ENTITY, ENGINE_ID)
_DEVICE_COLUMNS = {
    "descr": oid("1.3.6.1.2.1.25.3.2.1.3"),
    "object_id": oid("1.3.6.1.2.1.25.3.2.1.4"),
}  # hrDevice…
_GENERAL_COLUMNS = {
    "name": oid("1.3.6.1.2.1.43.5.1.1.16"),
    "serial": oid("1.3.6.1.2.1.43.5.1.1.17"),
}  # prtGeneral…


async def read_identity(
    reading: MibReader, *, devices: bool, printer_rows: bool, profiles: Profiles
) -> IdentityDecision:
    """Read the identity of the first printer. `devices`: hrDeviceTable has rows with a type;
    `printer_rows`: one of them, or a row of the Printer MIB, is a printer's."""
    units = [reading.unit, *sorted(reading.seen - {*reading.units, reading.unit})]
    device = {name: column + encode_arcs(reading.unit) for name, column in _DEVICE_COLUMNS.items()}
    general = {
        name: [column + encode_arcs(unit) for unit in units] for name, column in _GENERAL_COLUMNS.items()
    }
    found = await reading.get([*_SCALARS, *device.values(), *chain(*general.values())])
    ids = await _read_device_ids(reading, found, device["object_id"])
    cards = await reading.walk_optional_column(IF_ADDRESS)
    reading.answers.update({IF_ADDRESS + encode_arcs(*index): raw for index, raw in cards.items()})
    macs = [raw for raw in cards.values() if isinstance(raw, bytes)]
    serial = _first_text(reading, found, *general["serial"])
    evidence = IdentityEvidence(
        sys_descr=_first_text(reading, found, SYS_DESCR),
        object_id=_format_object_id(found.get(SYS_OBJECT_ID)),
        device_object_id=_format_object_id(found.get(device["object_id"])),
        device_descr=_first_text(reading, found, device["descr"]),
        printer_name=_first_text(reading, found, *general["name"]),
        general_serial=serial,
        entity_serial=await _read_entity_serial(reading, found, serial),
        device_ids=tuple(ids),
        macs=tuple(macs),
        sys_name=_first_text(reading, found, SYS_NAME).text,
        location=_first_text(reading, found, SYS_LOCATION).text,
        devices=devices,
        mib_rows=bool(reading.seen) or bool(serial.text),
        printer_rows=printer_rows or bool(serial.text),
    )
    decision = decide_identity(await _add_private_rows(reading, evidence, profiles), profiles)
    identity = decision.identity
    if identity.serial or identity.mac or not identity.is_printer:
        return decision
    return replace(decision, identity=replace(identity, engine_id=find_engine_id(found.get(ENGINE_ID))))


async def _read_device_ids(
    reading: MibReader, found: Mapping[bytes, SnmpValue], device_object: bytes
) -> list[tuple[DeviceId, bytes]]:
    """Read the IEEE 1284 ids: of the port monitor, in hrDeviceID (where an OID belongs), of HP's tree."""
    ports = await read_port_ids(reading)
    texts = [*(ports.get(reading.unit) or ports.get(0, ()))]
    texts += [_first_text(reading, found, device_object), _first_text(reading, found, HP_DEVICE_ID)]
    return list(_parse_device_ids(texts))


async def _read_entity_serial(
    reading: MibReader, found: Mapping[bytes, SnmpValue], serial: SourcedText
) -> SourcedText:
    """Read entPhysicalSerialNum of the first entity, which is the whole device; where that and the Printer
    MIB have no serial, that of the first chassis. A board's or a finisher's is not the printer's."""
    first = _first_text(reading, found, _FIRST_ENTITY)
    if first.text or serial_numbers.clean_serial(serial.text):
        return first
    classes = await reading.walk_optional_column(ENTITY_CLASS)
    places = [ENTITY_SERIAL + encode_arcs(*place) for place, value in classes.items() if value == CHASSIS]
    return _first_text(reading, await reading.get(places), *places) if places else NO_TEXT


def _parse_device_ids(texts: Iterable[SourcedText]) -> Iterable[tuple[DeviceId, bytes]]:
    for text, source in texts:
        if text and (device_id := ieee1284.parse(text)):
            yield device_id, source


async def _add_private_rows(
    reading: MibReader, evidence: IdentityEvidence, profiles: Profiles
) -> IdentityEvidence:
    """Add the answered rows of the fitting profiles; without a fitting one, the 1284 ids of all profiles
    are read first, which may reveal the maker of the firmware."""
    fitting = select_profiles(evidence, profiles, detect_vendor(evidence, profiles))
    if not fitting:
        ids = [row for profile in profiles for row in profile.row if row.field == "device_id"]
        evidence = await _ask_rows(reading, evidence, ids)
        fitting = select_profiles(evidence, profiles, detect_vendor(evidence, profiles))
        return await _ask_rows(
            reading, evidence, [row for one in fitting for row in one.row if row.field != "device_id"]
        )
    return await _ask_rows(reading, evidence, [row for profile in fitting for row in profile.row])


async def _ask_rows(
    reading: MibReader, evidence: IdentityEvidence, rows: list[ProfileRow]
) -> IdentityEvidence:
    """Read `rows` and add the answers to the evidence."""
    if not rows:
        return evidence
    found = await reading.get(dict.fromkeys(oid(row.oid) for row in rows))
    return _add_answers(
        evidence, [(row, said) for row in rows if (said := _first_text(reading, found, oid(row.oid))).text]
    )


def _add_answers(
    evidence: IdentityEvidence, answered: list[tuple[ProfileRow, SourcedText]]
) -> IdentityEvidence:
    ids = _parse_device_ids(said for row, said in answered if row.field == "device_id")
    private = tuple((row, said) for row, said in answered if row.field != "device_id")
    return replace(evidence, private=private, device_ids=(*evidence.device_ids, *ids))


def _first_text(reading: MibReader, found: Mapping[bytes, SnmpValue], *places: bytes) -> SourcedText:
    """Find the first text in `places`, with its place."""
    texts = ((_decode_text(reading, found.get(place)), place) for place in places)
    return next((SourcedText(text, place) for text, place in texts if text), NO_TEXT)


def _decode_text(reading: MibReader, value: SnmpValue) -> str:
    """Decode a text; a number in place of one (a serial sent as INTEGER) counts."""
    if isinstance(value, int):
        return str(value)
    return "" if isinstance(value, (ObjectId, IpAddress)) else reading.decode_text(value, "identity")


def _format_object_id(value: SnmpValue) -> str:
    try:
        return format_oid(value) if isinstance(value, ObjectId) else ""
    except ValueError:  # no arcs in it
        return ""
