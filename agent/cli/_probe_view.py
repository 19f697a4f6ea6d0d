"""One printer on the screen of a technician: levels as bars, alerts with what they are, and where from."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.cli._probe_clauses import clause
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
    availability,
)
from agent.core.units import spell

WIDTH = 20  # cells of a bar
LOW, EMPTY = 20, 5  # percent
_VAGUE = {Vague.OTHER: "no limit", Vague.UNKNOWN: "unknown", Vague.SOME_LEFT: "some left"}
_STYLE = {AlertKind.CONDITION: "bold yellow", AlertKind.EVENT: "yellow", AlertKind.STATE: "dim"}

Cell = str | Text


def show(snapshot: Snapshot, console: Console, *, explain: bool) -> None:
    """Everything in `snapshot`. Texts of the printer are never read as markup."""
    identity = snapshot.identity or Identity()
    console.print(Text(_name(snapshot, identity), style="bold"))
    _pairs(console, _who(identity))
    _pairs(console, _how(snapshot))
    _table(console, "Alerts", ("what", "where", "severity", "for", "text", "kind"), _alerts(snapshot))
    _table(console, "Supplies", ("#", "supply", "level", "", "part, serial"), _supplies(snapshot))
    _table(console, "Paper in", ("#", "tray", "level", "", "state"), _trays(snapshot.inputs))
    _table(console, "Paper out", ("#", "bin", "room left", "", "state"), _trays(snapshot.outputs))
    _table(console, "Meters", ("meter", "count", "unit", "trust", "source"), _meters(snapshot))
    _table(console, "Covers", ("#", "cover", "state"), _covers(snapshot))
    for problem in snapshot.problems:
        console.print(Text(f"! {problem}", style="red"))
    if explain:
        _table(console, "Where each value is from", ("value", "OID", "clause"), _explained(snapshot))


def bar(percent: int | None) -> Text:
    """A level as a bar: "█████───────────────"."""
    if percent is None:
        return Text("·" * WIDTH, style="dim")
    full = (percent * WIDTH + 50) // 100
    style = "red" if percent <= EMPTY else "yellow" if percent <= LOW else "green"
    return Text.assemble(("█" * full, style), ("─" * (WIDTH - full), "dim"))


def _name(snapshot: Snapshot, identity: Identity) -> str:
    called = " ".join(filter(None, (identity.vendor, identity.model))) or "Unknown device"
    verdict = {True: "", False: "  (not a printer)", None: "  (perhaps a printer)"}[identity.is_printer]
    return f"{called}  {snapshot.address}{verdict}"


def _who(identity: Identity) -> list[tuple[str, Cell]]:
    mac = identity.mac
    return [
        ("Serial", identity.serial or ""),
        ("Firmware", identity.firmware or ""),
        ("MAC", ":".join(mac[at : at + 2] for at in range(0, 12, 2)) if mac else ""),
        ("Name", identity.name or ""),
        ("Location", identity.location or ""),
    ]


def _how(snapshot: Snapshot) -> list[tuple[str, Cell]]:
    status = snapshot.status or Status()
    errors = "none" if status.errors == () else ", ".join(status.errors or ()) or "not told"
    state = f"{status.device or 'not told'}, {status.printer or 'not told'}"
    return [
        ("Status", Text(f"{state}{' (asleep)' if status.asleep else ''}")),
        ("Errors", Text(errors, style="" if status.errors == () else "yellow")),
        ("Panel", " | ".join(status.console)),
        ("Up for", _ago(snapshot.uptime)),
        ("Certificate", snapshot.certificate or ""),
        ("Printers", _several(snapshot)),
    ]


def _several(snapshot: Snapshot) -> str:
    """Who is behind a print server: "5: HP LaserJet 4000 (USEF012345); 7: Lexmark T640"."""
    if not snapshot.printers:
        return ", ".join(map(str, snapshot.units)) if len(snapshot.units) > 1 else ""
    return "; ".join(
        f"{one.index}: {' '.join(filter(None, (one.vendor, one.model))) or one.name or 'unknown'}"
        + (f" ({one.serial})" if one.serial else "")
        for one in snapshot.printers
    )


def _ago(ticks: int | None) -> str:
    return "" if ticks is None else spell(ticks / 100)


def _alerts(snapshot: Snapshot) -> Iterable[Sequence[Cell]]:
    for alert in sorted(snapshot.alerts or (), key=lambda one: (one.kind is AlertKind.STATE, one.index)):
        named = f"{alert.name} ({alert.code})" + (" ?" if alert.low_confidence else "")
        yield (
            Text(named, style=_STYLE[alert.kind]),
            _where(alert),
            alert.severity or "",
            alert.training or "",
            alert.text,
            alert.kind.value,
        )


def _where(alert: Alert) -> str:
    if alert.group is None:
        return ""
    row = alert.group_index
    return f"{alert.group} {row}" if row is not None and row >= 0 else alert.group


def _supplies(snapshot: Snapshot) -> Iterable[Sequence[Cell]]:
    for supply in snapshot.supplies or ():
        marks = ", ".join(filter(None, (supply.part_number, supply.serial)))
        kind = " (is filled)" if supply.kind == "receptacle" else ""
        colour = "" if supply.colour == "unknown" else f" [{supply.colour}]"
        named = f"{supply.description or supply.type or 'supply'}{colour}{kind}"
        yield supply.index, named, bar(supply.percent), _level(supply), marks


def _level(row: Supply | Tray) -> str:
    if row.percent is not None:
        return f"{row.percent} %"
    if isinstance(row.level, int):
        return f"{row.level} {row.unit or ''}".rstrip()
    return _VAGUE[row.level] if isinstance(row.level, Vague) else "not told"


def _trays(trays: tuple[Tray, ...] | None) -> Iterable[Sequence[Cell]]:
    for tray in trays or ():
        state = _state(tray)
        yield (
            tray.index,
            f"{tray.name or tray.type or ''}{f', {tray.media}' if tray.media else ''}",
            bar(tray.percent),
            _level(tray),
            Text(state, style="red" if state == "broken" else ""),
        )


def _state(tray: Tray) -> str:
    """What the status says; firmware calls an empty tray broken, too."""
    state = availability(tray.status) or ""
    return "unavailable" if state == "broken" and tray.level == 0 else state


def _meters(snapshot: Snapshot) -> Iterable[Sequence[Cell]]:
    def row(meter: Meter) -> Sequence[Cell]:
        name = f"{meter.name} {meter.part}" if meter.part else meter.name
        trust = f"{meter.trust.value} ({meter.confidence})" if meter.confidence else meter.trust.value
        return name, f"{meter.value:,}".replace(",", " "), meter.unit, trust, meter.source

    return map(row, snapshot.meters or ())


def _covers(snapshot: Snapshot) -> Iterable[Sequence[Cell]]:
    for cover in snapshot.covers or ():
        style = "yellow" if cover.state in {"open", "interlock open"} else ""
        yield cover.index, cover.description, Text(cover.state or "not told", style=style)


def _explained(snapshot: Snapshot) -> Iterable[Sequence[Cell]]:
    for value, source in snapshot.sources.items():
        yield value, source, clause(value)


def _pairs(console: Console, pairs: Iterable[tuple[str, Cell]]) -> None:
    grid = Table.grid(padding=(0, 2))
    told = [(name, value) for name, value in pairs if value]
    for name, value in told:
        grid.add_row(Text(f"  {name}", style="dim"), _text(value))
    if told:
        console.print(grid)


def _table(console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """A table that has rows; one without says nothing and is left out."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(_text, row))
    if table.row_count:
        console.print()
        console.print(table)


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)
