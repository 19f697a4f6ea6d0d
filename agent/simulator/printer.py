"""The MIB tree of one simulated printer at a moment.

System (RFC 3418), interfaces (RFC 2863), host resources (RFC 2790), printer (RFC 3805). The fixed
rows are made once; the moving ones from a `SimulatedState`, and only when it has changed.
"""

from collections.abc import Iterable, Mapping

from agent.simulator.ber import BerValue, Oid
from agent.simulator.mib import MibTree, counter, gauge, integer, octets, oid_value, text, ticks
from agent.simulator.model import RECEPTACLES, PrinterModel
from agent.simulator.scenario import CRITICAL, INPUT, MARKER, Scenario
from agent.simulator.timeline import RUNNING, VAGUE, ActiveAlert, SimulatedState, Timeline

SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
UPTIME: Oid = (*SYSTEM, 3, 0)
INTERFACE: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1)
DEVICE: Oid = (1, 3, 6, 1, 2, 1, 25, 3, 2, 1)
PRINTER: Oid = (1, 3, 6, 1, 2, 1, 25, 3, 5, 1)
PRT: Oid = (1, 3, 6, 1, 2, 1, 43)

ERROR_BITS = (
    "lowPaper", "noPaper", "lowToner", "noToner", "doorOpen", "jammed", "offline", "serviceRequested",
    "inputTrayMissing", "outputTrayMissing", "markerSupplyMissing", "outputNearFull", "outputFull",
    "inputTrayEmpty", "overduePreventMaint",
)  # fmt: skip
"""hrPrinterDetectedErrorState (RFC 2790): bit 0 is the most significant of the first octet."""

_AVAILABLE, _WARNED, _BROKEN = 0, 8, 16 + 3  # PrtSubUnitStatusTC: critical alerts, unavailable

MibValues = dict[Oid, BerValue]


class SimulatedPrinter:
    """A printer that a scenario moves."""

    def __init__(self, make: PrinterModel, story: Scenario) -> None:
        self.make = make
        self.life = Timeline(make, story)
        self._fixed = _fixed_values(make)
        self._shown: tuple[SimulatedState, MibTree] | None = None

    def mib_at(self, elapsed: float) -> MibTree | None:
        """Return its tree `elapsed` seconds after the fleet's start; None while it is unplugged."""
        state = self.life.state_at(elapsed)
        if state.silent:
            return None
        if self._shown is None or self._shown[0] != state:
            self._shown = state, MibTree({**self._fixed, **_moving_values(self.make, state)})
        return self._shown[1].with_changes({UPTIME: ticks(self.make.up_before + max(0.0, elapsed))})


def encode_error_bits(bits: Iterable[str]) -> bytes:
    """hrPrinterDetectedErrorState: one octet as old printers send it, two where the bits need them."""
    number = sum(0x8000 >> ERROR_BITS.index(bit) for bit in bits)
    return bytes((number >> 8, number & 0xFF)) if number & 0xFF else bytes((number >> 8,))


def _table_row(entry: Oid, index: Oid, columns: Mapping[int, BerValue]) -> MibValues:
    """One row of a table: entry.column.index -> value."""
    return {(*entry, column, *index): value for column, value in columns.items()}


def _fixed_values(make: PrinterModel) -> MibValues:
    """Return all values that no scenario moves."""
    values = {
        **_system_values(make),
        **_interface_values(make),
        **_general_values(make),
        **dict(make.private),
    }
    for row, description in enumerate(make.covers, start=1):
        values |= _table_row((*PRT, 6, 1, 1), (1, row), {2: text(description)})
    for row, drawer in enumerate(make.drawers, start=1):
        values |= _table_row((*PRT, 8, 2, 1), (1, row), _drawer_columns(make, row))
        values |= _table_row((*PRT, 13, 4, 1), (1, row), _path_columns(make, drawer.name))
    values |= _table_row((*PRT, 9, 2, 1), (1, 1), _output_columns())
    values |= _table_row((*PRT, 10, 2, 1), (1, 1), _marker_columns(make))
    for row, colour in enumerate(_list_colours(make), start=1):
        values |= _table_row((*PRT, 12, 1, 1), (1, row), {2: integer(1), 3: integer(3), 4: text(colour)})
    for row in range(1, len(make.parts) + 1):
        values |= _table_row((*PRT, 11, 1, 1), (1, row), _part_columns(make, row))
    return values


def _system_values(make: PrinterModel) -> MibValues:
    return {
        (*SYSTEM, 1, 0): text(make.descr),
        (*SYSTEM, 2, 0): oid_value(make.object_id),
        UPTIME: ticks(0),
        (*SYSTEM, 4, 0): text(""),
        (*SYSTEM, 5, 0): text(f"PRN{make.mac[-6:].upper()}"),
        (*SYSTEM, 6, 0): text(make.location),
        (*SYSTEM, 7, 0): integer(72),
    }


def _interface_values(make: PrinterModel) -> MibValues:
    """A loopback without a MAC, as many printers list it first, and the network card."""
    rows = (("lo", 24, 16436, 10_000_000, b""), ("eth0", 6, 1500, 1_000_000_000, bytes.fromhex(make.mac)))
    values: MibValues = {(1, 3, 6, 1, 2, 1, 2, 1, 0): integer(len(rows))}
    for row, (label, kind, mtu, speed, mac) in enumerate(rows, start=1):
        up = {7: integer(1), 8: integer(1)}
        described = {1: integer(row), 2: text(label), 3: integer(kind), 4: integer(mtu), 5: gauge(speed)}
        values |= _table_row(INTERFACE, (row,), {**described, 6: octets(mac), **up})
    return values


def _general_values(make: PrinterModel) -> MibValues:
    """hrDeviceTable and the fixed columns of prtGeneralTable and prtLocalizationTable."""
    device = {
        1: integer(1),
        2: oid_value((1, 3, 6, 1, 2, 1, 25, 3, 1, 5)),  # hrDevicePrinter
        3: text(make.name),
        4: oid_value(make.object_id),
        6: counter(0),
    }
    general = {1: counter(3), 2: integer(1), 6: integer(1), 7: integer(1), 8: integer(1), 9: integer(1)}
    general |= {10: integer(1), 11: integer(1), 12: integer(40), 16: text(make.model)}
    if make.serial is not None:
        general[17] = text(make.serial)
    return {
        **_table_row(DEVICE, (1,), device),
        **_table_row((*PRT, 5, 1, 1), (1,), general),
        **_table_row((*PRT, 7, 1, 1), (1, 1), {2: text("en"), 3: text("US"), 4: integer(106)}),
    }


def _drawer_columns(make: PrinterModel, row: int) -> dict[int, BerValue]:
    drawer = make.drawers[row - 1]
    return {
        2: integer(drawer.kind),
        3: integer(4),  # micrometres
        4: integer(297_000),
        5: integer(210_000),
        6: integer(297_000),
        7: integer(210_000),
        8: integer(8),  # sheets
        9: integer(drawer.capacity),
        12: text(drawer.media),
        13: text(drawer.name),
        14: text(make.vendor),
        18: text(drawer.name),
        19: integer(5),  # security: not present
    }


def _path_columns(make: PrinterModel, label: str) -> dict[int, BerValue]:
    sheets_an_hour = integer(make.speed * 60)
    return {2: integer(8), 3: integer(4), 4: sheets_an_hour, 9: integer(3), 10: text(label), 11: integer(0)}


def _output_columns() -> dict[int, BerValue]:
    described = {2: integer(4), 3: integer(8), 4: integer(250), 5: integer(VAGUE), 6: integer(0)}
    return {**described, 7: text("Output tray"), 12: text("Output tray")}


def _marker_columns(make: PrinterModel) -> dict[int, BerValue]:
    colours = integer(len(_list_colours(make)))
    technology = integer(12 if make.ink else 4)  # inkjetAqueous, electrophotographicLaser
    return {2: technology, 3: integer(7), 6: colours, 7: integer(0), 8: integer(3), 9: integer(600)}


def _part_columns(make: PrinterModel, row: int) -> dict[int, BerValue]:
    part, colours = make.parts[row - 1], _list_colours(make)
    return {
        2: integer(1),
        3: integer(colours.index(part.colour) + 1 if part.colour else 0),
        4: integer(4 if part.kind in RECEPTACLES else 3),
        5: integer(part.kind),
        6: text(part.description),
        7: integer(part.unit),
        8: integer(part.largest),
    }


def _list_colours(make: PrinterModel) -> list[str]:
    """The colours of its parts, each once, in order: the rows of prtMarkerColorantTable."""
    return list(dict.fromkeys(part.colour for part in make.parts if part.colour))


def _moving_values(make: PrinterModel, state: SimulatedState) -> MibValues:
    """Return all values that the scenario moves, but for sysUpTime."""
    values: MibValues = {
        (*DEVICE, 5, 1): integer(state.device),
        (*PRINTER, 1, 1): integer(state.printer),
        (*PRINTER, 2, 1): octets(encode_error_bits(state.bits)),
        (*PRT, 5, 1, 1, 18, 1): counter(state.critical_events),
        (*PRT, 5, 1, 1, 19, 1): counter(state.all_events),
        (*PRT, 10, 2, 1, 4, 1, 1): counter(make.life + state.pages),
        (*PRT, 10, 2, 1, 5, 1, 1): counter(make.life % 1000 + state.pages),
        (*PRT, 10, 2, 1, 15, 1, 1): integer(_sub_unit_status(state, MARKER, 1)),
        (*PRT, 16, 5, 1, 2, 1, 1): text(state.panel),
        **_lamp_values(state),
    }
    for row in range(1, len(make.covers) + 1):
        values[(*PRT, 6, 1, 1, 3, 1, row)] = integer(3 if row in state.open_covers else 4)
    for row, sheets in enumerate(state.sheets, start=1):
        values[(*PRT, 8, 2, 1, 10, 1, row)] = integer(sheets)
        values[(*PRT, 8, 2, 1, 11, 1, row)] = integer(_sub_unit_status(state, INPUT, row))
    for row, level in enumerate(state.levels, start=1):
        values[(*PRT, 11, 1, 1, 9, 1, row)] = integer(level)
    for standing in state.active_alerts:
        values |= _alert_values(make, standing)
    return values


def _lamp_values(state: SimulatedState) -> MibValues:
    """prtConsoleLightTable: one orange "Attention" lamp, lit while the printer needs attention."""
    lit = 0 if state.device == RUNNING else 1000
    columns = {2: integer(lit), 3: integer(0), 4: integer(10), 5: text("Attention")}
    return _table_row((*PRT, 17, 6, 1), (1, 1), columns)


def _sub_unit_status(state: SimulatedState, group: int, row: int) -> int:
    """PrtSubUnitStatusTC of one drawer or marker: a sum of availability and alerts."""
    severities = {
        standing.row.severity
        for standing in state.active_alerts
        if (standing.row.group, standing.row.group_index) == (group, row)
    }
    if CRITICAL in severities:
        return _BROKEN
    return _WARNED if severities else _AVAILABLE


def _alert_values(make: PrinterModel, standing: ActiveAlert) -> MibValues:
    """A row of prtAlertTable. Its time is sysUpTime when it was raised."""
    row = standing.row
    columns = {
        2: integer(row.severity),
        3: integer(row.training),
        4: integer(row.group),
        5: integer(row.group_index),
        6: integer(row.location),
        7: integer(row.code),
        8: text(row.text),
        9: ticks(make.up_before + standing.since),
    }
    return _table_row((*PRT, 18, 1, 1), (1, standing.index), columns)
