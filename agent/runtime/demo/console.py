"""What a person sees of the demonstration: events as lines, the state in one line, the verdict as a table."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from agent.discovery.inventory import NO_PRINTER, Candidate
from agent.reporting.status_views import Outbox, Printer
from agent.runtime.demo.report import Line


@dataclass(slots=True)
class Screen:
    """Prints each thing once. `elapsed` is simulated seconds since the curtain rose."""

    console: Console
    standing: str = ""  # how things stand, in one line
    _found: set[str] = field(default_factory=set)
    _told: int = 0
    _restarts: int = 0
    _bar: Status | None = None

    def live(self) -> AbstractContextManager[Status]:
        self._bar = self.console.status("the players get ready")
        return self._bar

    def say(self, elapsed: float, what: str, text: str) -> None:
        line = Text(f"{_day(elapsed):>12}  ", style="dim")
        line.append(f"{what:10}", style={"ticket": "bold yellow", "cleared": "green"}.get(what, "cyan"))
        line.append(text, style="default")
        self.console.print(line, soft_wrap=True)

    def met(self, elapsed: float, candidates: Iterable[Candidate]) -> None:
        """Who was seen and turned out to be no printer."""
        for one in candidates:
            if one.verdict == NO_PRINTER and str(one.address) not in self._found:
                self._found.add(str(one.address))
                self.say(elapsed, "refused", f"{one.address} is not a printer; not asked again for 30 days")

    def show(
        self,
        elapsed: float,
        printers: Iterable[Printer],
        outbox: Outbox,
        tickets: list[dict[str, Any]],
        restarts: int,
        reads: int,
    ) -> None:
        """What is new, as lines; how things stand, in the status line."""
        printers = list(printers)
        for printer in printers:
            if printer.device not in self._found:
                self._found.add(printer.device)
                self.say(elapsed, "found", f"{printer.name} at {printer.address}")
        for ticket in tickets[self._told :]:
            what = {"open": "ticket", "clear": "cleared"}.get(ticket["event"], ticket["event"])
            self.say(elapsed, what, ticket["fault"]["title"])
        self._told = len(tickets)
        if restarts > self._restarts:
            self._restarts = restarts
            self.say(elapsed, "restarted", "the agent died and was started again; nothing is lost")
        silent = sum(printer.state == "silent" for printer in printers)
        self.standing = (
            f"{len(printers)} printers, {silent} silent · {reads:,} polls · "
            f"{len(tickets)} ticket events among {outbox.delivered} delivered, {outbox.waiting} waiting"
        )
        if self._bar:
            self._bar.update(f"{_day(elapsed)}   {self.standing}")

    def verdict(self, lines: list[Line]) -> None:
        table = Table(
            title="\nWhat was promised, and what arrived", title_justify="left", box=None, pad_edge=False
        )
        for column in ("printer", "story", "expected", "arrived", ""):
            table.add_column(column, overflow="fold")
        for line in lines:
            table.add_row(
                *(Text(cell) for cell in (line.device, line.story.replace("_", " "), line.expected)),
                *_judged(line),
            )
        self.console.print(table)


def _judged(line: Line) -> tuple[Text, Text]:
    arrived = ", ".join(([f"{line.arrived} ×"] if line.arrived else []) + list(line.uncalled)) or "–"
    if not line.kept:
        return Text(arrived), Text("BROKEN", style="bold red")
    return Text(arrived), Text("kept" if line.due else "not due yet", style="green" if line.due else "dim")


def _day(elapsed: float) -> str:
    """ "day 1 07:30": simulated time since the stories began; "day 0 22:15" is before them."""
    hours, rest = divmod(int(elapsed) % 86400, 3600)
    return f"day {int(elapsed // 86400) + 1} {hours:02}:{rest // 60:02}"
