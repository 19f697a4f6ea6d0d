"""`printwarden meters`: the counters, and a check that stored reads are unchanged."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
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


AgainstOption = Annotated[
    Path | None,
    typer.Option(
        "--against",
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help='The provider\'s list: "device key,reads,head" a line, or its meter reads as JSON.',
    ),
]


@app.command()
def verify(
    printer: PrinterArgument = "",
    against: AgainstOption = None,
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """Check that every stored read is the one that was stored, and that the provider received the same.

    Exit code 1 if one was changed, put in or taken out since, or if the provider has another.

    Example: printwarden meters verify --against heads.csv
    """
    from agent.history.meters import chain_store

    with _open_state(config) as db:
        names = _device_names(db, printer)
        verdicts = [chain_store.verify_device(db, key) for key in names]
        compared = _compare_heads(db, against, names if printer else None)
    if as_json:
        heads = [dict(zip(HEAD_FIELDS, row, strict=True)) for row in compared]
        _common.print_json([asdict(one) for one in verdicts] if against is None else heads)
    else:
        columns = ("printer", "reads", "chain", "last hash")
        rows = [(names[one.device], one.reads, _format_break(one.broken), one.head[:16]) for one in verdicts]
        _common.print_table(counted(len(verdicts), "chain"), columns, rows)
        if against is not None:
            headings = ("printer", "reads", "provider's hash", "verdict")
            found = ((names.get(key, key), reads, head[:16], word) for key, reads, head, word in compared)
            _common.print_table("\n" + counted(len(compared), "read") + " at the provider", headings, found)
    if any(one.broken for one in verdicts) or any(word in FAILED for *_, word in compared):
        raise typer.Exit(1)


HEAD_FIELDS = ("device", "reads", "head", "verdict")
FAILED = ("differs", "missing here")


def _compare_heads(
    db: sqlite3.Connection, against: Path | None, only: Mapping[str, str] | None
) -> list[tuple[str, int, str, str]]:
    """Compare the provider's heads with the chains: (device, reads, head, verdict), in order.

    `only`: the printers to compare; None: all in the file.
    """
    from agent.history.meters import chain_store, provider_heads

    if against is None:
        return []
    try:
        heads = provider_heads.parse_heads(against.read_text("utf-8"))
    except (ValueError, KeyError, TypeError) as why:
        raise typer.BadParameter(f"{against}: {why}", param_hint="--against") from None
    return [
        (key, reads, heads[key][reads], verdict)
        for key in sorted(heads)
        if only is None or key in only
        for reads, verdict in chain_store.compare_with_provider(db, key, heads[key]).items()
    ]


def _device_names(db: sqlite3.Connection, printer: str) -> dict[str, str]:
    """Select the chains to check: key of the printer -> its name."""
    from agent.discovery import inventory
    from agent.history.meters import chain_store

    known = inventory.load_devices(db)
    keys = chain_store.list_devices(db)
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
