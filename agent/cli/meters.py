"""`printwarden meters`: how the counters stand, and whether what was read is still what is stored."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import _common
from agent.core.units import counted

if TYPE_CHECKING:
    from agent.history.meters.chain import Break
    from agent.history.meters.ledger import Counter, Epoch

app = typer.Typer(help="The counters of known printers, and the proof of their reads.", no_args_is_help=True)

Which = Annotated[
    str, typer.Argument(metavar="[PRINTER]", help="A key, serial number or address; all without it.")
]


@contextmanager
def _state(config: _common.ConfigFile) -> Iterator[sqlite3.Connection]:
    from agent import config as configuration
    from agent.core import store

    settings = configuration.load(_common.config_file(config))
    with closing(store.open_reader(settings.database)) as db:
        yield db


@app.command()
def show(
    printer: Which = "",
    epochs: Annotated[
        bool, typer.Option("--epochs", help="Where counters did not just count, and what is suspected.")
    ] = False,
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
    clock: _common.ClockText = "",
) -> None:
    """Show what each counter says, and what it comes to over resets and wraps.

    Example: printwarden meters show VHB8912345 --epochs
    """
    from agent.history.meters import ledger

    now = _common.clock(clock).now()
    with _state(config) as db:
        names = _names(db, printer)
        counters = [(key, one) for key in names for one in ledger.counters(db, key, now)]
        borders = [(key, one) for key in names for one in ledger.epochs(db, key)] if epochs else []
    if as_json:
        told = [asdict(one) | {"billable": one.billable} for _, one in counters]
        _common.say_json(
            {"counters": told, "epochs": [{"device": key} | asdict(one) for key, one in borders]}
        )
        return
    columns = ("printer", "meter", "raw", "adjusted", "unit", "epoch", "trust", "billed on", "source")
    _common.show(
        counted(len(counters), "counter"), columns, (_line(names[key], one) for key, one in counters)
    )
    if epochs:
        headings = ("printer", "meter", "epoch", "opened", "why", "before", "then", "between")
        _common.show("\nEpochs", headings, (_border(names[key], one) for key, one in borders))


@app.command()
def verify(printer: Which = "", config: _common.ConfigFile = None, as_json: _common.AsJson = False) -> None:
    """Check that every stored read is the one that was stored.

    Exit code 1 if one was changed, put in or taken out since.

    Example: printwarden meters verify
    """
    from agent.history.meters import ledger

    with _state(config) as db:
        names = _names(db, printer)
        verdicts = [ledger.verify(db, key) for key in names]
    if as_json:
        _common.say_json([asdict(one) for one in verdicts])
    else:
        columns = ("printer", "reads", "chain", "last hash")
        rows = [(names[one.device], one.reads, _said(one.broken), one.head[:16]) for one in verdicts]
        _common.show(counted(len(verdicts), "chain"), columns, rows)
    if any(one.broken for one in verdicts):
        raise typer.Exit(1)


def _names(db: sqlite3.Connection, printer: str) -> dict[str, str]:
    """The chains that are meant: key of the printer -> what people call it."""
    from agent.discovery import inventory
    from agent.history.meters import ledger

    known = inventory.devices(db)
    keys = ledger.devices(db)
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


def _line(name: str, one: "Counter") -> Sequence[object]:
    meter = " ".join(filter(None, (one.name, one.part)))
    billed = "yes" if one.billable else "no"
    return name, meter, one.raw, one.adjusted, one.unit, one.epoch, one.trust.value, billed, one.source


def _border(name: str, one: "Epoch") -> Sequence[object]:
    from agent.core.clock import iso

    meter = " ".join(filter(None, (one.name, one.part)))
    return name, meter, one.number, iso(one.opened), one.why.value, one.before, one.first, one.gap


def _said(broken: "Break | None") -> str:
    return f"broken at read {broken.place}: {broken.reason}" if broken else "holds"
