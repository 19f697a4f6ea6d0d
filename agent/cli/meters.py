"""`printwarden meters`: the counters, and a check that stored reads are unchanged."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import _common
from agent.core.units import counted

if TYPE_CHECKING:
    from agent.history.meters.chain import ChainBreak
    from agent.history.meters.ledger import CounterEpoch, MeterCounter

app = typer.Typer(help="The counters of known printers, and the proof of their reads.", no_args_is_help=True)

PrinterArgument = Annotated[
    str, typer.Argument(metavar="[PRINTER]", help="A key, serial number or address; all without it.")
]


@contextmanager
def _open_state(config: _common.ConfigFile) -> Iterator[sqlite3.Connection]:
    from agent.core import store

    settings = _common.load_settings(config)
    with closing(store.open_reader(settings.database_path)) as db:
        yield db


@app.command()
def show(
    printer: PrinterArgument = "",
    epochs: Annotated[
        bool, typer.Option("--epochs", help="Where counters did not just count, and what is suspected.")
    ] = False,
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
    clock: _common.ClockText = "",
) -> None:
    """Show each counter, and its total over resets and wraps.

    Example: printwarden meters show VHB8912345 --epochs
    """
    from agent.history.meters import ledger

    now = _common.parse_clock(clock).now()
    with _open_state(config) as db:
        names = _device_names(db, printer)
        counters = [(key, one) for key in names for one in ledger.load_counters(db, key, now)]
        borders = [(key, one) for key in names for one in ledger.load_epochs(db, key)] if epochs else []
    if as_json:
        rows = [asdict(one) | {"billable": one.billable} for _, one in counters]
        _common.print_json(
            {"counters": rows, "epochs": [{"device": key} | asdict(one) for key, one in borders]}
        )
        return
    columns = ("printer", "meter", "raw", "adjusted", "unit", "epoch", "trust", "billed on", "source")
    _common.print_table(
        counted(len(counters), "counter"), columns, (_counter_row(names[key], one) for key, one in counters)
    )
    if epochs:
        headings = ("printer", "meter", "epoch", "opened", "why", "before", "then", "between")
        _common.print_table("\nEpochs", headings, (_epoch_row(names[key], one) for key, one in borders))


@app.command()
def verify(
    printer: PrinterArgument = "", config: _common.ConfigFile = None, as_json: _common.AsJson = False
) -> None:
    """Check that no stored read was changed.

    Exit code 1 if one was changed, put in or taken out since.

    Example: printwarden meters verify
    """
    from agent.history.meters import ledger

    with _open_state(config) as db:
        names = _device_names(db, printer)
        verdicts = [ledger.verify_device(db, key) for key in names]
    if as_json:
        _common.print_json([asdict(one) for one in verdicts])
    else:
        columns = ("printer", "reads", "chain", "last hash")
        rows = [(names[one.device], one.reads, _format_break(one.broken), one.head[:16]) for one in verdicts]
        _common.print_table(counted(len(verdicts), "chain"), columns, rows)
    if any(one.broken for one in verdicts):
        raise typer.Exit(1)


def _device_names(db: sqlite3.Connection, printer: str) -> dict[str, str]:
    """Select the chains to check: key of the printer -> its name."""
    from agent.discovery import inventory
    from agent.history.meters import ledger

    known = inventory.load_devices(db)
    keys = ledger.list_devices(db)
    if printer:
        keys = [
            key
            for key in keys
            if printer.casefold() in {key.casefold(), key.partition(":")[2].casefold()}
            or (key in known and known[key].address.host == printer)
        ]
        if not keys:
            raise typer.BadParameter(f'no counters are known of "{printer}"', param_hint="PRINTER")
    return {key: known[key].name if key in known else key for key in keys}


def _counter_row(name: str, one: "MeterCounter") -> Sequence[object]:
    meter = " ".join(filter(None, (one.name, one.part)))
    billed = "yes" if one.billable else "no"
    return name, meter, one.raw, one.adjusted, one.unit, one.epoch, one.trust.value, billed, one.source


def _epoch_row(name: str, one: "CounterEpoch") -> Sequence[object]:
    from agent.core.clock import format_iso_time

    meter = " ".join(filter(None, (one.name, one.part)))
    return name, meter, one.number, format_iso_time(one.opened), one.why.value, one.before, one.first, one.gap


def _format_break(broken: "ChainBreak | None") -> str:
    return f"broken at read {broken.place}: {broken.reason}" if broken else "holds"
