"""`printwarden silence`: keep the tickets of a printer, a network or the site back for a while."""

from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import _common
from agent.core.units import format_duration, parse_duration

if TYPE_CHECKING:
    from agent.config import Config
    from agent.tickets.silences import Silence, SilenceList


def silence(
    target: Annotated[
        str | None,
        typer.Argument(metavar="[TARGET]", help="A printer, a network (10.0.0.0/24), or: site."),
    ] = None,
    duration: Annotated[str, typer.Option("--for", metavar="TIME", help='How long: "2h", "3 days".')] = "",
    reason: Annotated[str, typer.Option(help="Why: the provider is told.")] = "",
    by: Annotated[str, typer.Option(help="Who: a name or a reference.")] = "",
    begins: Annotated[str, typer.Option("--from", metavar="TIME", help="From when; without: now.")] = "",
    also_critical: Annotated[
        bool, typer.Option("--also-critical", help="Printers that are down, too.")
    ] = False,
    end: Annotated[bool, typer.Option("--end", help="End the silences of TARGET now.")] = False,
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
    clock: _common.ClockText = "",
) -> None:
    """Keep the tickets of a printer, a network or the whole site back. Without TARGET: list the silences.

    A silence delays: what still holds at its end opens then, and says for how long it was silenced. It ends
    after 30 days at the latest. The provider is told at once, with reason and name; the audit log keeps it.

    Examples:

      printwarden silence PHBLL12345 --for 2h --reason "roof works" --by it-desk

      printwarden silence 192.168.10.0/24 --from 2026-12-05T20:00 --for 8h --reason "new switch" --by it-desk

      printwarden silence PHBLL12345 --end
    """
    from agent.tickets.silences import Silence, SilenceList

    settings, now = _common.load_settings(config), _common.parse_clock(clock).now()
    known = SilenceList.in_folder(settings.state_folder)
    if target is None:
        _print_silences(known, now, as_json=as_json)
        return
    place = _resolve_target(settings, target)
    if end:
        _end_silences(settings, known, place, now)
        return
    if not reason or not by:
        raise typer.BadParameter("say why, and who you are: --reason and --by", param_hint="--reason")
    start = _read_begin(begins) if begins else now
    made = Silence(
        target=place,
        begins=start,
        ends=start + _read_duration(duration),
        reason=reason,
        by=by,
        also_critical=also_critical,
    )
    _add_silence(settings, known, made, now)


def _add_silence(settings: "Config", known: "SilenceList", made: "Silence", now: float) -> None:
    from agent.core import audit
    from agent.core.clock import format_iso_time

    if made.ends <= now:
        raise typer.BadParameter("it would be over already", param_hint="--from")
    try:
        known.add_silence(made, now)
    except ValueError as why:
        raise typer.BadParameter(str(why), param_hint="TARGET") from None
    until = format_iso_time(made.ends)
    audit.append_entry(
        settings.state_folder, "silence", target=made.target, until=until, reason=made.reason, named=made.by
    )
    critical = "" if made.also_critical else "; a printer that is down is told all the same"
    typer.echo(
        f"{made.target}: no tickets from {format_iso_time(made.begins)} to {until}, "
        f"{format_duration(made.ends - made.begins)}{critical}"
    )


def _end_silences(settings: "Config", known: "SilenceList", target: str, now: float) -> None:
    from agent.core import audit

    ended = known.end_silences(target, now)
    if not ended:
        _common.err.print(f"{target} is not silenced", markup=False)
        raise typer.Exit(1)
    audit.append_entry(settings.state_folder, "silence ended", target=target)
    typer.echo(f"{target}: the silence is over; what still holds becomes a ticket now")


def _print_silences(known: "SilenceList", now: float, *, as_json: bool) -> None:
    from dataclasses import asdict

    from agent.core.clock import format_iso_time

    found = known.load_silences(now)
    if as_json:
        times = [{"begins": format_iso_time(one.begins), "ends": format_iso_time(one.ends)} for one in found]
        _common.print_json([asdict(one) | time for one, time in zip(found, times, strict=True)])
        return
    if not found:
        typer.echo("nothing is silenced")
        return
    columns = ("target", "from", "until", "down, too", "reason", "by")
    rows = [
        (
            one.target,
            format_iso_time(one.begins),
            format_iso_time(one.ends),
            "yes" if one.also_critical else "no",
            one.reason,
            one.by,
        )
        for one in found
    ]
    _common.print_table("silences", columns, rows)


def _resolve_target(settings: "Config", target: str) -> str:
    """Find what is meant: "site", a network, or the key of a printer."""
    import ipaddress
    from contextlib import closing

    from agent.core import store
    from agent.discovery import inventory
    from agent.tickets.silences import SITE

    if target == SITE:
        return SITE
    if "/" in target:
        try:
            return str(ipaddress.ip_network(target, strict=False))
        except ValueError:
            raise typer.BadParameter(f'"{target}" is not a network', param_hint="TARGET") from None
    with closing(store.open_reader(settings.database_path)) as db:
        found = [one.key for one in inventory.load_devices(db).values() if one.is_called(target)]
    if not found:
        said = f"no printer is known as {target}; see: printwarden devices list"
        raise typer.BadParameter(said, param_hint="TARGET")
    return found[0]


def _read_duration(text: str) -> float:
    from agent.tickets.silences import LONGEST

    if not text:
        raise typer.BadParameter('say how long: --for "2h"', param_hint="--for")
    try:
        seconds = parse_duration(text)
    except ValueError as why:
        raise typer.BadParameter(str(why), param_hint="--for") from None
    if not 0 < seconds <= LONGEST:
        raise typer.BadParameter("a silence lasts up to 30 days", param_hint="--for")
    return seconds


def _read_begin(text: str) -> float:
    from agent.cli import _rules

    return _rules.parse_time(text)
