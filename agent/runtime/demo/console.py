"""The output of the demonstration: events as lines, the state in one line, the result as a table."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from agent.discovery.inventory import NOT_A_PRINTER, Candidate
from agent.reporting.status_views import OutboxSummary, PrinterSummary
from agent.runtime.demo.report import PromiseCheck


@dataclass(slots=True)
class DemoConsole:
    """Prints each thing once. `elapsed` is simulated seconds since the demonstration began."""

    console: Console
    status_line: str = ""  # the state, in one line
    _found: set[str] = field(default_factory=set)
    _told: int = 0
    _restarts: int = 0
    _bar: Status | None = None

    def live(self) -> AbstractContextManager[Status]:
        self._bar = self.console.status("the players get ready")
        return self._bar

    def print_event(self, elapsed: float, what: str, text: str) -> None:
        line = Text(f"{_format_day(elapsed):>12}  ", style="dim")
        line.append(f"{what:10}", style={"ticket": "bold yellow", "cleared": "green"}.get(what, "cyan"))
        line.append(text, style="default")
        self.console.print(line, soft_wrap=True)

    def print_non_printers(self, elapsed: float, candidates: Iterable[Candidate]) -> None:
        """Print the devices that turned out to be no printers."""
        for one in candidates:
            if one.verdict == NOT_A_PRINTER and str(one.address) not in self._found:
                self._found.add(str(one.address))
                self.print_event(
                    elapsed, "refused", f"{one.address} is not a printer; not asked again for 30 days"
                )

    def print_changes(
        self,
        elapsed: float,
        printers: Iterable[PrinterSummary],
        outbox: OutboxSummary,
        tickets: list[dict[str, Any]],
        restarts: int,
        reads: int,
    ) -> None:
        """Print new events as lines, and the state in the status line."""
        printers = list(printers)
        for printer in printers:
            if printer.device not in self._found:
                self._found.add(printer.device)
                self.print_event(elapsed, "found", f"{printer.name} at {printer.address}")
        for ticket in tickets[self._told :]:
            what = {"open": "ticket", "clear": "cleared"}.get(ticket["event"], ticket["event"])
            self.print_event(elapsed, what, ticket["fault"]["title"])
            if ticket["event"] == "open" and ticket.get("routing"):
                self.print_event(elapsed, "", _format_route(ticket))
        self._told = len(tickets)
        if restarts > self._restarts:
            self._restarts = restarts
            self.print_event(elapsed, "restarted", "the agent died and was started again; nothing is lost")
        silent = sum(printer.state == "silent" for printer in printers)
        self.status_line = (
            f"{len(printers)} printers, {silent} silent · {reads:,} polls · "
            f"{len(tickets)} ticket events among {outbox.delivered} delivered, {outbox.waiting} waiting"
        )
        if self._bar:
            self._bar.update(f"{_format_day(elapsed)}   {self.status_line}")

    def print_report(self, lines: list[PromiseCheck]) -> None:
        table = Table(
            title="\nWhat was promised, and what arrived", title_justify="left", box=None, pad_edge=False
        )
        for column in ("printer", "story", "expected", "arrived", ""):
            table.add_column(column, overflow="fold")
        for line in lines:
            table.add_row(
                *(Text(cell) for cell in (line.device, line.story.replace("_", " "), line.expected)),
                *_format_result(line),
            )
        self.console.print(table)


def _format_result(line: PromiseCheck) -> tuple[Text, Text]:
    arrived = ", ".join(([f"{line.arrived} ×"] if line.arrived else []) + list(line.uncalled)) or "–"
    if not line.is_kept:
        return Text(arrived), Text("BROKEN", style="bold red")
    return Text(arrived), Text("kept" if line.due else "not due yet", style="green" if line.due else "dim")


def _format_route(ticket: dict[str, Any]) -> str:
    """ "P1 for dealer-dispatch under D-PAGE, somebody there by 2026-11-23T09:40:09Z"."""
    sent, due = ticket["routing"], ticket["sla"].get("response_due")
    waits = ", once the customer agrees" if sent["dispatch"] == "await_approval" else ""
    by = f", somebody there by {due}" if due else ""
    contract = ticket["contract"]["contract_id"]
    return f"{ticket['fault']['priority']} for {sent['queue']} under {contract}{by}{waits}"


def _format_day(elapsed: float) -> str:
    """ "day 1 07:30": simulated time since the scenarios began; "day 0 22:15" is before them."""
    hours, rest = divmod(int(elapsed) % 86400, 3600)
    return f"day {int(elapsed // 86400) + 1} {hours:02}:{rest // 60:02}"
