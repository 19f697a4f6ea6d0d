"""The printers behind a print server: who each of several hrDevicePrinter rows is.

One address with several printers is read as one device with the rows of all. Each row says by its
index whose it is; here each printer is told by its own row of hrDeviceTable and prtGeneralTable, and
by the IEEE 1284 id that the port monitor has for it (ppmPrinterHrDeviceIndex, PWG 5107.1).
"""

from collections.abc import Mapping

from agent.collectors._identity import ieee1284
from agent.collectors._identity.identity_decision import Clues, Said, decide
from agent.collectors._printer_mib.mib_reader import Reading
from agent.collectors._vendor.vendor_profiles import Profiles
from agent.core.model import Unit
from agent.snmp.oid import encode_arcs, oid
from agent.snmp.reader import Value

DEVICE_DESCR = oid("1.3.6.1.2.1.25.3.2.1.3")  # hrDeviceDescr
PRINTER_NAME = oid("1.3.6.1.2.1.43.5.1.1.16")  # prtGeneralPrinterName
SERIAL = oid("1.3.6.1.2.1.43.5.1.1.17")  # prtGeneralSerialNumber
PPM_DEVICE_ID = oid("1.3.6.1.4.1.2699.1.2.1.2.1.1.3")  # ppmPrinterIEEE1284DeviceId
PPM_UNIT = oid("1.3.6.1.4.1.2699.1.2.1.2.1.1.6")  # ppmPrinterHrDeviceIndex


async def read(reading: Reading, profiles: Profiles) -> tuple[Unit, ...]:
    """Who each printer is where there are several; nothing is asked where there is one."""
    if len(reading.units) < 2:
        return ()
    columns = (DEVICE_DESCR, PRINTER_NAME, SERIAL)
    places = [column + encode_arcs(unit) for unit in reading.units for column in columns]
    found = await reading.get(places)
    ports = await ports_of(reading)
    return tuple(_unit(reading, profiles, unit, found, ports.get(unit, ())) for unit in reading.units)


async def ports_of(reading: Reading) -> dict[int, tuple[Said, ...]]:
    """The 1284 ids of the port monitor, by the hrDeviceIndex of their printer where there are several;
    0: it does not say whose."""
    texts = await reading.clue(PPM_DEVICE_ID)
    units = await reading.clue(PPM_UNIT) if len(reading.units) > 1 and texts else {}
    found: dict[int, tuple[Said, ...]] = {}
    for port, value in texts.items():
        unit = units.get(port)
        said = Said(reading.text(value, "1284 id"), PPM_DEVICE_ID + encode_arcs(*port))
        place = unit if isinstance(unit, int) else 0
        found[place] = (*found.get(place, ()), said)
    return found


def _unit(
    reading: Reading, profiles: Profiles, unit: int, found: Mapping[bytes, Value], ports: tuple[Said, ...]
) -> Unit:
    def said(column: bytes) -> Said:
        place = column + encode_arcs(unit)
        return Said(reading.text(found.get(place), "identity"), place)

    ids = ((ieee1284.parse(port.text), port.source) for port in ports)
    clues = Clues(
        device_descr=said(DEVICE_DESCR),
        printer_name=said(PRINTER_NAME),
        general_serial=said(SERIAL),
        device_ids=tuple((device_id, source) for device_id, source in ids if device_id),
        printer_rows=True,
    )
    told = decide(clues, profiles).identity
    return Unit(index=unit, vendor=told.vendor, model=told.model, serial=told.serial, name=told.name)
