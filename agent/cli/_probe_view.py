"""One printer on a terminal: levels as bars, alerts with their meaning, and sources."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.cli._probe_clauses import find_clause
from agent.core.model import (
    Alert,
    AlertKind,
    Identity,
    Meter,
    Snapshot,
    Status,
    Supply,
    Tray,
    Vague,
    decode_availability,
)
from agent.core.units import format_duration

BAR_WIDTH = 20  # cells of a bar
LOW, EMPTY = 20, 5  # percent
_VAGUE = {Vague.OTHER: "no limit", Vague.UNKNOWN: "unknown", Vague.SOME_LEFT: "some left", Vague.LOW: "low"}
_STYLE = {AlertKind.CONDITION: "bold yellow", AlertKind.EVENT: "yellow", AlertKind.STATE: "dim"}

Cell = str | Text


def print_snapshot(snapshot: Snapshot, console: Console, *, explain: bool) -> None:
    """Print everything in `snapshot`. Texts of the printer are never read as markup."""
    identity = snapshot.identity or Identity()
    console.print(Text(_format_heading(snapshot, identity), style="bold"))
    _print_pairs(console, _identity_rows(identity))
    _print_pairs(console, _status_rows(snapshot))
    _print_table(
        console, "Alerts", ("what", "where", "severity", "for", "text", "kind"), _alert_rows(snapshot)
    )
    _print_table(console, "Supplies", ("#", "supply", "level", "", "part, serial"), _supply_rows(snapshot))
    _print_table(console, "Paper in", ("#", "tray", "level", "", "state"), _tray_rows(snapshot.inputs))
    _print_table(console, "Paper out", ("#", "bin", "room left", "", "state"), _tray_rows(snapshot.outputs))
    _print_table(console, "Meters", ("meter", "count", "unit", "trust", "source"), _meter_rows(snapshot))
    _print_table(console, "Covers", ("#", "cover", "state"), _cover_rows(snapshot))
    for problem in snapshot.problems:
        console.print(Text(f"! {problem}", style="red"))
    if explain:
        _print_table(console, "Where each value is from", ("value", "OID", "clause"), _source_rows(snapshot))


def draw_bar(percent: int | None) -> Text:
    """Format a level as a bar: "█████───────────────"."""
    if percent is None:
        return Text("·" * BAR_WIDTH, style="dim")
    full = (percent * BAR_WIDTH + 50) // 100
    style = "red" if percent <= EMPTY else "yellow" if percent <= LOW else "green"
    return Text.assemble(("█" * full, style), ("─" * (BAR_WIDTH - full), "dim"))


def _format_heading(snapshot: Snapshot, identity: Identity) -> str:
    called = " ".join(filter(None, (identity.vendor, identity.model))) or "Unknown device"
    verdict = {True: "", False: "  (not a printer)", None: "  (perhaps a printer)"}[identity.is_printer]
    return f"{called}  {snapshot.address}{verdict}"


def _identity_rows(identity: Identity) -> list[tuple[str, Cell]]:
    mac = identity.mac
    return [
        ("Serial", identity.serial or ""),
        ("Firmware", identity.firmware or ""),
        ("MAC", ":".join(mac[at : at + 2] for at in range(0, 12, 2)) if mac else ""),
        ("Name", identity.name or ""),
        ("Location", identity.location or ""),
    ]


def _status_rows(snapshot: Snapshot) -> list[tuple[str, Cell]]:
    status = snapshot.status or Status()
    errors = "none" if status.errors == () else ", ".join(status.errors or ()) or "not reported"
    state = f"{status.device or 'not reported'}, {status.printer or 'not reported'}"
    return [
        ("Status", Text(f"{state}{' (asleep)' if status.is_asleep else ''}")),
        ("Errors", Text(errors, style="" if status.errors == () else "yellow")),
        ("Panel", " | ".join(status.console)),
        ("Up for", _format_uptime(snapshot.uptime)),
        ("Certificate", snapshot.certificate or ""),
        ("Printers", _format_printers(snapshot)),
    ]


def _format_printers(snapshot: Snapshot) -> str:
    """List the printers behind a print server: "5: HP LaserJet 4000 (USEF012345); 7: Lexmark T640"."""
    if not snapshot.printers:
        return ", ".join(map(str, snapshot.units)) if len(snapshot.units) > 1 else ""
    return "; ".join(
        f"{one.index}: {' '.join(filter(None, (one.vendor, one.model))) or one.name or 'unknown'}"
        + (f" ({one.serial})" if one.serial else "")
        for one in snapshot.printers
    )


def _format_uptime(ticks: int | None) -> str:
    return "" if ticks is None else format_duration(ticks / 100)


def _alert_rows(snapshot: Snapshot) -> Iterable[Sequence[Cell]]:
    for alert in sorted(snapshot.alerts or (), key=lambda one: (one.kind is AlertKind.STATE, one.index)):
        named = f"{alert.name} ({alert.code})" + (" ?" if alert.low_confidence else "")
        yield (
            Text(named, style=_STYLE[alert.kind]),
            _format_place(alert),
            alert.severity or "",
            alert.training or "",
            alert.text,
            alert.kind.value,
        )


def _format_place(alert: Alert) -> str:
    if alert.group is None:
        return ""
    row = alert.group_index
    return f"{alert.group} {row}" if row is not None and row >= 0 else alert.group


def _supply_rows(snapshot: Snapshot) -> Iterable[Sequence[Cell]]:
    for supply in snapshot.supplies or ():
        marks = ", ".join(filter(None, (supply.part_number, supply.serial)))
        kind = " (is filled)" if supply.is_receptacle else ""
        colour = "" if supply.colour == "unknown" else f" [{supply.colour}]"
        named = f"{supply.description or supply.type or 'supply'}{colour}{kind}"
        yield supply.index, named, draw_bar(supply.percent), _format_level(supply), marks


def _format_level(row: Supply | Tray) -> str:
    if row.percent is not None:
        return f"{row.percent} %"
    if isinstance(row.level, int):
        return f"{row.level} {row.unit or ''}".rstrip()
    return _VAGUE[row.level] if isinstance(row.level, Vague) else "not reported"


def _tray_rows(trays: tuple[Tray, ...] | None) -> Iterable[Sequence[Cell]]:
    for tray in trays or ():
        state = _tray_state(tray)
        yield (
            tray.index,
            f"{tray.name or tray.type or ''}{f', {tray.media}' if tray.media else ''}",
            draw_bar(tray.percent),
            _format_level(tray),
            Text(state, style="red" if state == "broken" else ""),
        )


def _tray_state(tray: Tray) -> str:
    """Format the status of a tray; some firmware reports an empty tray as broken."""
    state = decode_availability(tray.status) or ""
    return "unavailable" if state == "broken" and tray.level == 0 else state


def _meter_rows(snapshot: Snapshot) -> Iterable[Sequence[Cell]]:
    def row(meter: Meter) -> Sequence[Cell]:
        name = f"{meter.name} {meter.part}" if meter.part else meter.name
        trust = f"{meter.trust.value} ({meter.confidence})" if meter.confidence else meter.trust.value
        return name, f"{meter.value:,}".replace(",", " "), meter.unit, trust, meter.source

    return map(row, snapshot.meters or ())


def _cover_rows(snapshot: Snapshot) -> Iterable[Sequence[Cell]]:
    for cover in snapshot.covers or ():
        style = "yellow" if cover.state in {"open", "interlock open"} else ""
        yield cover.index, cover.description, Text(cover.state or "not reported", style=style)


def _source_rows(snapshot: Snapshot) -> Iterable[Sequence[Cell]]:
    for value, source in snapshot.sources.items():
        yield value, source, find_clause(value)


def _print_pairs(console: Console, pairs: Iterable[tuple[str, Cell]]) -> None:
    grid = Table.grid(padding=(0, 2))
    filled = [(name, value) for name, value in pairs if value]
    for name, value in filled:
        grid.add_row(Text(f"  {name}", style="dim"), _as_text(value))
    if filled:
        console.print(grid)


def _print_table(
    console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> None:
    """Print a table, unless it has no rows."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(_as_text, row))
    if table.row_count:
        console.print()
        console.print(table)


def _as_text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)
