"""`printwarden rules`: check, try, explain and compare rules before they judge anything."""

from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from agent.cli import _common, _history, _precision, _price, _rules
from agent.core.units import counted

app = typer.Typer(
    help="Check, try and explain rules before they judge anything.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

app.command("precision")(_precision.show_precision)
app.add_typer(_history.app, name="history")

FilePaths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE|FOLDER]...", help="Rule files, or folders of *.toml.", show_default=False),
]
RulePaths = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules", "-r", help="Rule files or folders; without: those of the site.", show_default=False
    ),
]
Delivery = Annotated[
    str, typer.Option("--delivery", help="How long an order takes until the cartridge is at the printer.")
]
Costs = Annotated[
    Path | None,
    typer.Option("--costs", help="Prices, for the money as well: see docs/rules.md.", show_default=False),
]
StateFile = Annotated[
    Path | None,
    typer.Option("--state", help="A state file; without: that of the configuration.", show_default=False),
]


@app.command("check", epilog="Exit codes: 0 nothing to complain about, 2 a rule is wrong.")
def check_rules(paths: FilePaths = None, state: StateFile = None, as_json: _common.AsJson = False) -> None:
    """Check rules: the shipped ones together with yours.

    Each complaint says the file, the line, the key, the reason and what would be right; advice is about
    what is allowed, and most likely not meant. With --state it also says what your own printers make of
    them: rules that fit none of them, signals that none of them reports, thresholds finer than their gauges.

    Examples: printwarden rules check rules.d/ · printwarden rules check my-rules.toml --json
    """
    from agent.core.errors import ConfigError
    from agent.rules import loader

    try:
        found = loader.load_rules([*loader.shipped_files(), *(paths or [])])
    except ConfigError as why:
        _rules.print_complaints(why.complaints, as_json=as_json)
        raise typer.Exit(why.exit_code) from None
    advice = _rules.collect_advice(state, found, paths)
    if as_json:
        entries = [asdict(it) for it in advice]
        _common.print_json(
            {"rules": len(found.rules), "files": list(found.files), "complaints": [], "advice": entries}
        )
        return
    for it in advice:
        typer.echo(f"advice: {it}", err=True)
    rules, files = counted(len(found.rules), "rule"), counted(len(found.files), "file")
    noted = f", {counted(len(advice), 'piece')} of advice" if advice else ""
    typer.echo(f"{rules} from {files}, no complaint{noted}")


@app.command("list")
def list_rules(paths: FilePaths = None, as_json: _common.AsJson = False) -> None:
    """List the rules that would be in force: what each finds, what it means, and where it stands.

    Examples: printwarden rules list · printwarden rules list rules.d/ --json
    """
    from agent.rules import loader

    found = loader.load_rules([*loader.shipped_files(), *(paths or [])])
    columns = ("id", "fault", "impact", "file", "title")
    rows = [[str(getattr(rule, name)) for name in columns] for rule in found.rules.values()]
    if as_json:
        _common.print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        _common.print_table("rules", columns, ([*row[:3], Path(row[3]).name, row[4]] for row in rows))


@app.command("faults")
def list_faults(as_json: _common.AsJson = False) -> None:
    """List the fault catalogue: the faults that a rule may name, and who repairs them.

    Example: printwarden rules faults
    """
    from agent.rules import loader

    known = [asdict(fault) for fault in loader.load_faults().values()]
    if as_json:
        _common.print_json(known)
    else:
        _common.print_table(
            "faults", ("key", "title", "acts"), ([it["key"], it["title"], it["acts"]] for it in known)
        )


@app.command("signals")
def list_signals(
    name: Annotated[str, typer.Argument(metavar="[SIGNAL]", help="One signal, in full.")] = "",
    as_json: _common.AsJson = False,
) -> None:
    """List the signals of rules: of which part, with which further keys, and their meaning.

    Examples: printwarden rules signals · printwarden rules signals counter.jump
    """
    from agent.rules.lookup import unknown_signal
    from agent.rules.signals import load_signals

    known = {it: signal for it, signal in load_signals().items() if not name or it == name}
    if not known:
        raise unknown_signal(name)
    if as_json:
        _common.print_json([_rules.signal_document(signal) for signal in known.values()])
    elif name:
        typer.echo(f"{name}: {known[name].text}")
    else:
        rows = [
            [it.name, ", ".join(it.per), ", ".join(it.options), it.text.partition("\n")[0]]
            for it in known.values()
        ]
        _common.print_table("signals", ("signal", "of a", "further keys", "what it says"), rows)


@app.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of rule files, for editors.

    Save it, and name it in the first line of a rule file: #:schema ./rules.schema.json

    Example: printwarden rules schema > rules.schema.json
    """
    from agent.rules import loader

    _common.print_json(loader.json_schema())


@app.command("test", epilog="Exit codes: 0 every trial went as it says, 1 one did not, 2 a file is wrong.")
def run_trials(paths: FilePaths = None, rules: RulePaths = None, as_json: _common.AsJson = False) -> None:
    """Play trials: readings in *.trial.toml files, and the tickets they must lead to.

    Without files those of the shipped rules. Each trial goes through history, rules and tickets as the
    agent's own readings do. A trial that goes otherwise shows what came instead.

    Examples: printwarden rules test rules.d/ --rules rules.d/ · printwarden rules test mine.trial.toml
    """
    from agent.pipeline.replay import trial_runner
    from agent.rules import loader, trial

    beside = rules or ([] if _rules.are_trials_only(paths) else paths or [])
    found = loader.load_rules([*loader.shipped_files(), *beside], UTC)
    files = loader.trial_files(paths or [loader.DEFAULTS])
    played = [trial_runner.run_trial(found, it) for file in files for it in trial.load_trials(file)]
    if not played:
        raise _rules.no_trials(paths)
    if as_json:
        _common.print_json(
            [{"name": it.trial.name, "file": it.trial.file, "complaints": it.complaints, "tells": it.tells,
              "tickets": it.tickets, "titles": it.titles} for it in played]
        )  # fmt: skip
    else:
        _rules.show_played(played)
    raise typer.Exit(1 if any(it.complaints for it in played) else 0)


@app.command("explain", epilog="Exit codes: 0 explained, 1 no such printer, 2 no such rule.")
def explain_rule(
    device: Annotated[
        str, typer.Argument(metavar="DEVICE", help="Key, serial, address, or part of its name.")
    ],
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's id.")],
    at: Annotated[str, typer.Option("--at", help="An earlier time: 2026-03-02T08:00.")] = "",
    config: _common.ConfigFile = None,
    state: StateFile = None,
    rules: RulePaths = None,
    as_json: _common.AsJson = False,
) -> None:
    """Explain the verdict of a rule on a printer: each condition, with the value it saw.

    Examples: printwarden rules explain VHB8912345 supply-low ·
    printwarden rules explain 10.0.0.7 device-offline --at 2026-03-02T08:00
    """
    from agent.pipeline.replay import explain
    from agent.rules.lookup import find_rule

    chosen = find_rule(_rules.load_rules_in_force(config, rules), rule)
    with _rules.open_state(config, state) as db:
        known = explain.find_device(db, device)
        if known is None:
            typer.echo(f'no printer is known as "{device}": see printwarden status', err=True)
            raise typer.Exit(1)
        known = _rules.load_assignment(config)(known)
        facts = (
            explain.load_facts_at(db, known, _rules.parse_time(at))
            if at
            else _rules.load_current_facts(db, known)
        )
        found = explain.explain_rule(db, chosen, facts, now=not at)
    if as_json:
        _common.print_json([asdict(it) for it in found])
    else:
        _rules.show_explained(chosen, known, found, at)


@app.command("diff", epilog="Exit codes: 0 the same, 1 they differ, 2 a file is wrong.")
def diff_rules(
    paths: FilePaths = None,
    config: _common.ConfigFile = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="Count tickets, visits and cartridges before and after.")
    ] = False,
    costs: Costs = None,
    states: Annotated[
        list[Path] | None,
        typer.Option("--state", help="A state file or an exported history; may be repeated."),
    ] = None,
    since: Annotated[str, typer.Option("--from", help="A day. Without: a quarter before the end.")] = "",
    until: Annotated[str, typer.Option("--to", help="A day. Without: the last reading.")] = "",
    as_json: _common.AsJson = False,
) -> None:
    """Show the differences if these files were copied to rules.d: a file replaces one of its name.

    With --cost both sets of rules are run over the last quarter of each history: tickets, visits and
    cartridges before and after the edit, and with --costs the money. Prices stay on your own machine.

    Examples: printwarden rules diff draft/ · printwarden rules diff draft/ --costs prices.toml --state
    north.db --state south.db
    """
    from agent.rules import rule_diff

    before, after = _rules.load_rules_in_force(config, None), _rules.load_draft(config, paths)
    found = rule_diff.compare_rule_sets(before, after)
    span = (_rules.parse_time(since) if since else None, _rules.parse_time(until) if until else None)
    price = _price.price_sites(before, after, config, states, costs, span) if cost or costs else None
    if as_json:
        entries = [asdict(it) for it in found]
        _common.print_json({"differences": entries, "cost": price.document()} if price else entries)
    else:
        for it in found:
            typer.echo(str(it))
        typer.echo(f"{counted(len(found), 'difference')}" if found else "no difference")
        if price:
            price.show()
    raise typer.Exit(1 if found else 0)


@app.command("backtest", epilog="Exit codes: 0 done, 2 the input is wrong.")
def backtest_rules(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RULE]...", help="Ids; without: all rules of --rules.", show_default=False),
    ] = None,
    since: Annotated[str, typer.Option("--from", help="A day: 2025-09-01. Without: 90 days ago.")] = "",
    until: Annotated[str, typer.Option("--to", help="A day. Without: now.")] = "",
    sweep: Annotated[
        str, typer.Option("--sweep", help="RULE.when.all[2].value=5..20/4, RULE.for=0h..4h")
    ] = "",
    against: Annotated[
        list[str] | None,
        typer.Option("--against", help="Rules whose findings it should foretell.", show_default=False),
    ] = None,
    horizon: Annotated[
        str, typer.Option("--horizon", help="How long after a ticket that may be.")
    ] = "30 days",
    delivery: Delivery = "3 days",
    costs: Costs = None,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Do not use what earlier backtests computed.")
    ] = False,
    config: _common.ConfigFile = None,
    state: StateFile = None,
    rules: RulePaths = None,
    page: Annotated[Path | None, typer.Option("--html", help="Write a report with plots there.")] = None,
    as_json: _common.AsJson = False,
) -> None:
    """Run rules over recorded history: tickets of the desk, share of right ones, missed faults.

    Tickets are counted as the desk would get them, after identity, groups, the first days and the limit of
    tickets a day. Of orders it says how early they were, what was thrown away, and how long printers stood
    dry. Other rules decide what is right: a supply order by a supply that ran empty or was replaced, a
    prediction by a printer that went down. --against names others. The difference to the rules in force
    is shown, too; with --costs also visits, cartridges and money. What is known is not computed again.

    Examples: printwarden rules backtest supply-low --from 2025-09-01 --html report.html ·
    printwarden rules backtest supply-low --sweep "supply-low.when.all[2].value=5..20 %/4"
    """
    from agent.cli._backtest_view import show_report
    from agent.core import paths
    from agent.pipeline.replay.backtest_plan import BacktestRequest

    request = BacktestRequest(
        names=names or (),
        since=_rules.parse_time(since) if since else None,
        until=_rules.parse_time(until) if until else None,
        sweep=sweep,
        against=against or (),
        horizon=horizon,
        delivery=delivery,
        cache=None if afresh else paths.cache_folder() / "backtests.db",
    )
    report = _rules.run_backtest(request, config, state, rules, costs)
    if page:
        page.write_text(report.page(), "utf-8")
    if as_json:
        _common.print_json(report.document())
    else:
        show_report(report)
