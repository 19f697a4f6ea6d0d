"""How `printwarden contracts` shows checks, the terms of a ticket, coverage and holidays."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import typer

from agent.cli import _common
from agent.contracts.contract_book import ContractBook
from agent.contracts.coverage import PrinterCoverage
from agent.contracts.edit_impact import EditImpact
from agent.contracts.sla_clock import SlaTarget
from agent.contracts.ticket_terms import ContractTerms, TicketTerms
from agent.core.calendars import Calendar
from agent.core.clock import format_iso_time
from agent.core.errors import Complaint
from agent.core.model import Device
from agent.core.public_holidays import PublicHolidays
from agent.core.units import counted

HOW = {
    "assets.csv": "assets.csv names it",
    "match": "its match fits",
    "configuration": "config.toml names it",
    "default": "it is the default",
    "none": "no contract fits, and there is no default",
}


def print_complaints(complaints: Sequence[Complaint], *, as_json: bool) -> None:
    """Print the mistakes in the files."""
    if as_json:
        _common.print_json({"complaints": [asdict(one) for one in complaints]})
        return
    for one in complaints:
        typer.echo(str(one), err=True)
    typer.echo(f"{counted(len(complaints), 'complaint')}: these files would not be used", err=True)


def print_checked(terms: ContractTerms, *, as_json: bool) -> None:
    """Print what right files hold, and advice about them."""
    book, advice = terms.book, terms.book.advice
    numbers = {
        "contracts": len(book.contracts), "service_organisations": len(book.organisations),
        "calendars": len(book.calendars), "parts_kits": len(book.kits), "assets": len(terms.assets.assets),
    }  # fmt: skip
    if as_json:
        _common.print_json({**numbers, "complaints": [], "advice": [asdict(one) for one in advice]})
        return
    for one in advice:
        typer.echo(f"advice: {one}", err=True)
    said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in numbers.items())
    noted = f", {counted(len(advice), 'piece')} of advice" if advice else ""
    typer.echo(f"{said}: no complaint{noted}")


def print_terms(device: Device, ticket: TicketTerms, terms: ContractTerms, *, as_json: bool) -> None:
    """Print what a ticket of this printer would say."""
    facts = dict(_list_facts(ticket))
    if as_json:
        parts = [{"kit": kit, **part.model_dump()} for kit, part in ticket.needs.parts]
        targets = [_target_document(one) for one in ticket.targets]
        _common.print_json({"device": device.key, **facts, "parts": parts, "targets": targets})
        return
    _common.out.print(device.name, style="bold", markup=False)
    shown = [(name.replace("_", " "), text) for name, text in facts.items() if text]
    _common.print_table("", ("", ""), shown)
    if ticket.targets:
        columns = ("promise", "within", "due", "by the calendar", "told as at risk")
        _common.print_table(
            "\nIf its ticket opened then", columns, [_target_row(one, terms.book) for one in ticket.targets]
        )
    if ticket.needs.parts:
        headings = ("part", "ERP item", "description", "qty", "voltage", "kit")
        rows = [
            (it.part_no, it.erp_item, it.description, it.qty, it.voltage, kit)
            for kit, it in ticket.needs.parts
        ]
        _common.print_table("\nParts to bring", headings, rows)


def _list_facts(ticket: TicketTerms) -> Iterator[tuple[str, Any]]:
    contract, route, asset = ticket.match.contract, ticket.route, ticket.match.asset
    yield "contract", contract.id if contract else None
    yield "because", HOW[ticket.match.how]
    yield "problem", ticket.match.problem
    yield "billing", contract.billing_model if contract else None
    yield "priority", ticket.priority or "none: a notice on site"
    yield "covered", None if ticket.cover.covered is None else "yes" if ticket.cover.covered else "no"
    yield "reason", ticket.cover.reason
    yield "waits_for_approval_of", ticket.cover.approval
    sent = route.organisation if route else None
    yield "sent", f"{sent.id} ({sent.model}), queue {sent.queue}" if sent else None
    yield "dispatch", route.dispatch if route else None
    yield "profile", sent.profile if sent else None
    yield "sent_problem", route.problem if route else None
    yield "territory", asset.territory if asset else None
    yield "skills", ", ".join(ticket.needs.skills)
    yield "tools", ", ".join(ticket.needs.tools)


def _target_document(target: SlaTarget) -> dict[str, Any]:
    return {
        "promise": target.name,
        "within": target.span.text,
        "calendar": target.calendar,
        "due": None if target.due is None else format_iso_time(target.due),
        "warn_at": None if target.warn_at is None else format_iso_time(target.warn_at),
    }


def _target_row(target: SlaTarget, book: ContractBook) -> tuple[str, ...]:
    calendar = book.find_calendar(target.calendar)
    due, warned = (_format_local(calendar, at) for at in (target.due, target.warn_at))
    return target.name.replace("_", " "), target.span.text, due, target.calendar, warned


def _format_local(calendar: Calendar, at: float | None) -> str:
    if at is None:
        return "never: the calendar does not open for so long"
    return f"{datetime.fromtimestamp(at, calendar.zone):%a %Y-%m-%d %H:%M} {calendar.zone_name(at)}"


def print_coverage(found: Sequence[PrinterCoverage], unseen: Sequence[str], *, as_json: bool) -> None:
    """Print each printer with its contract."""
    if as_json:
        _common.print_json(
            {"printers": [_coverage_document(one) for one in found], "assets_never_seen": list(unseen)}
        )
        return
    rows = [
        (
            one.device.name,
            one.match.contract.id if one.match.contract else None,
            HOW[one.match.how],
            "yes" if one.match.managed else "no",
            "; ".join(one.problems),
        )
        for one in sorted(found, key=lambda one: (not one.problems, one.device.name))
    ]
    _common.print_table(
        counted(len(found), "printer"), ("printer", "contract", "because", "managed", "problem"), rows
    )
    if unseen:
        _common.out.print(f"\nmanaged in assets.csv and never seen here: {', '.join(unseen)}", markup=False)


def _coverage_document(one: PrinterCoverage) -> dict[str, Any]:
    contract = one.match.contract
    return {
        "device": one.device.key,
        "name": one.device.name,
        "contract": contract.id if contract else None,
        "how": one.match.how,
        "managed": one.match.managed,
        "problems": list(one.problems),
    }


def print_impact(impact: EditImpact, *, as_json: bool) -> None:
    """Print what an edit changes, printer by printer."""
    if as_json:
        edits = [
            {"device": one.device.key, "before": one.before, "after": one.after, "cancelled": one.cancelled}
            for one in impact.edits
        ]
        document = {"printers": impact.printers, "cancelled": impact.cancelled, "edits": edits}
        _common.print_json({**document, "needs_consent": impact.needs_consent})
        return
    columns = ("printer", "contract now", "after the edit", "tickets cancelled")
    rows = [(one.device.name, one.before, one.after, one.cancelled or None) for one in impact.edits]
    if rows:
        _common.print_table("what the edit changes", columns, rows)
    needs = "" if impact.needs_consent else ": nothing that waits for consent"
    typer.echo(f"it {impact.format_summary()}{needs}")


def print_holidays(book: ContractBook, year: int, *, as_json: bool) -> None:
    """Print the days on which each calendar is closed."""
    closed = {name: _list_holidays(calendar, year) for name, calendar in book.calendars.items()}
    if as_json:
        _common.print_json(
            {name: [{"day": day, "name": text} for day, text in days] for name, days in closed.items()}
        )
        return
    if not closed:
        typer.echo("there is no calendar: no contracts are written yet, or none of them names one")
        return
    rows = [(name, day, text) for name, days in closed.items() for day, text in days]
    _common.print_table(f"closed in {year}", ("calendar", "day", "holiday"), rows)


def _list_holidays(calendar: Calendar, year: int) -> list[tuple[str, str]]:
    days = calendar.holidays
    if isinstance(days, PublicHolidays):
        return [(day.isoformat(), name) for day, name in days.names_of(year)]
    return [(day.isoformat(), "") for day in sorted(days) if day.year == year]  # type: ignore[call-overload]
