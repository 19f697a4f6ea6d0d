"""The printers behind a print server: the identity of each of several hrDevicePrinter rows.

One address with several printers is read as one device with the rows of all; the index of a row gives
its printer. Each printer is identified by its own row of hrDeviceTable and prtGeneralTable, and by the
IEEE 1284 id that the port monitor has for it (ppmPrinterHrDeviceIndex, PWG 5107.1).
"""

from collections.abc import Mapping

from agent.collectors._identity import ieee1284
from agent.collectors._identity.identity_decision import IdentityEvidence, SourcedText, decide_identity
from agent.collectors._printer_mib.mib_reader import MibReader
from agent.collectors._vendor.vendor_profiles import Profiles
from agent.core.model import PrinterUnit
from agent.snmp.oid import encode_arcs, oid
from agent.snmp.reader import SnmpValue

DEVICE_DESCR = oid("1.3.6.1.2.1.25.3.2.1.3")  # hrDeviceDescr
PRINTER_NAME = oid("1.3.6.1.2.1.43.5.1.1.16")  # prtGeneralPrinterName
SERIAL = oid("1.3.6.1.2.1.43.5.1.1.17")  # prtGeneralSerialNumber
PPM_DEVICE_ID = oid("1.3.6.1.4.1.2699.1.2.1.2.1.1.3")  # ppmPrinterIEEE1284DeviceId
PPM_UNIT = oid("1.3.6.1.4.1.2699.1.2.1.2.1.1.6")  # ppmPrinterHrDeviceIndex


async def read_units(reading: MibReader, profiles: Profiles) -> tuple[PrinterUnit, ...]:
    """Read the identity of each of several printers; with one printer, no request is sent."""
    if len(reading.units) < 2:
        return ()
    columns = (DEVICE_DESCR, PRINTER_NAME, SERIAL)
    places = [column + encode_arcs(unit) for unit in reading.units for column in columns]
    found = await reading.get(places)
    ports = await read_port_ids(reading)
    return tuple(
        _identify_unit(reading, profiles, unit, found, ports.get(unit, ())) for unit in reading.units
    )


async def read_port_ids(reading: MibReader) -> dict[int, tuple[SourcedText, ...]]:
    """Read the 1284 ids of the port monitor, by the hrDeviceIndex of their printer where there are several;
    0: the printer is not given."""
    texts = await reading.walk_optional_column(PPM_DEVICE_ID)
    units = await reading.walk_optional_column(PPM_UNIT) if len(reading.units) > 1 and texts else {}
    found: dict[int, tuple[SourcedText, ...]] = {}
    for port, value in texts.items():
        unit = units.get(port)
        text = SourcedText(reading.decode_text(value, "1284 id"), PPM_DEVICE_ID + encode_arcs(*port))
        place = unit if isinstance(unit, int) else 0
        found[place] = (*found.get(place, ()), text)
    return found


def _identify_unit(
    reading: MibReader,
    profiles: Profiles,
    unit: int,
    found: Mapping[bytes, SnmpValue],
    ports: tuple[SourcedText, ...],
) -> PrinterUnit:
    def source_text(column: bytes) -> SourcedText:
        place = column + encode_arcs(unit)
        return SourcedText(reading.decode_text(found.get(place), "identity"), place)

    ids = ((ieee1284.parse(port.text), port.source) for port in ports)
    evidence = IdentityEvidence(
        device_descr=source_text(DEVICE_DESCR),
        printer_name=source_text(PRINTER_NAME),
        general_serial=source_text(SERIAL),
        device_ids=tuple((device_id, source) for device_id, source in ids if device_id),
        printer_rows=True,
    )
    found_identity = decide_identity(evidence, profiles).identity
    return PrinterUnit(
        index=unit,
        vendor=found_identity.vendor,
        model=found_identity.model,
        serial=found_identity.serial,
        name=found_identity.name,
    )
