"""The state of a printer: RFC 2790's device and printer status with error bits, covers, console, lights."""

from collections.abc import Iterable

from agent.collectors._printer_mib import labels
from agent.collectors._printer_mib.mib_reader import MibReader, MibRow, MibTable
from agent.core.model import Cover, DeviceStatus, Light, PrinterStatus, Status
from agent.snmp.oid import encode_arcs, oid
from agent.snmp.reader import SnmpValue

DEVICE_STATUS = oid("1.3.6.1.2.1.25.3.2.1.5")  # hrDeviceStatus
PRINTER_STATUS = oid("1.3.6.1.2.1.25.3.5.1.1")  # hrPrinterStatus
ERROR_STATE = oid("1.3.6.1.2.1.25.3.5.1.2")  # hrPrinterDetectedErrorState

_DEVICE = dict(enumerate(DeviceStatus, start=1))  # unknown, running, warning, testing, down
_PRINTER = dict(enumerate(PrinterStatus, start=1))  # other, unknown, idle, printing, warmup

CONSOLE = MibTable.from_columns("console", "1.3.6.1.2.1.43.16.5.1", text=2)
COVERS = MibTable.from_columns("covers", "1.3.6.1.2.1.43.6.1.1", description=2, state=3)
LIGHTS = MibTable.from_columns("lights", "1.3.6.1.2.1.43.17.6.1", on=2, off=3, colour=4, description=5)


def status_oids(unit: int) -> dict[str, bytes]:
    """List the status objects of the printer at hrDeviceIndex `unit`."""
    index = encode_arcs(unit)
    return {"device": DEVICE_STATUS + index, "printer": PRINTER_STATUS + index, "errors": ERROR_STATE + index}


def build_status(reading: MibReader, found: dict[str, SnmpValue], console: tuple[str, ...]) -> Status | None:
    """Build the status from the values of `status_oids`; None where the printer has none of them."""
    if not console and not found.keys() & {"device", "printer", "errors"}:
        return None
    device = reading.parse_number(found.get("device"), "hrDeviceStatus")
    printer = reading.parse_number(found.get("printer"), "hrPrinterStatus")
    return Status(
        device=_DEVICE.get(device) if device is not None else None,
        printer=_PRINTER.get(printer) if printer is not None else None,
        errors=_read_errors(reading, found.get("errors")),
        console=console,
    )


def _read_errors(reading: MibReader, value: SnmpValue) -> tuple[str, ...] | None:
    """Read the bits as octets, never as text: a blank is 0x20, lowToner. Empty: no error detected."""
    if value is None:
        return None
    if not isinstance(value, bytes):
        reading.note_problem(f"hrPrinterDetectedErrorState: not an octet string: {value}")
        return None
    return decode_error_bits(value)


def decode_error_bits(octets: bytes) -> tuple[str, ...]:
    """Name the bits that are set; printers after RFC 1514 send one octet only."""
    return tuple(
        name
        for bit, name in enumerate(labels.ERROR_BITS)
        if bit // 8 < len(octets) and octets[bit // 8] & 0x80 >> bit % 8
    )


def build_console(rows: Iterable[MibRow]) -> tuple[str, ...]:
    """Build prtConsoleDisplayBufferText: the lines of the panel that are not blank."""
    return tuple(text for row in rows if (text := row.read_text("text")))


def build_covers(rows: Iterable[MibRow]) -> tuple[Cover, ...]:
    return tuple(
        Cover(
            index=row.index,
            description=row.read_text("description"),
            state=row.read_label("state", labels.COVER_STATE),
        )
        for row in rows
    )


async def read_lights(reading: MibReader) -> tuple[Light, ...]:
    return tuple(
        Light(
            index=row.index,
            description=row.read_text("description"),
            colour=row.read_label("colour", labels.CONSOLE_COLOUR),
            state=_light_state(row.read_number("on"), row.read_number("off")),
        )
        for row in await reading.read_table(LIGHTS)
    )


def _light_state(on: int | None, off: int | None) -> str | None:
    """Name the state by prtConsoleOnTime and OffTime in ms: both above zero is flashing, both zero is off."""
    if on is None or off is None:
        return None
    if on and off:
        return "flashing"
    return "on" if on else "off"
