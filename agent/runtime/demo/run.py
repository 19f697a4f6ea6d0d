"""The demonstration: start, watch for a while, stop, compare."""

import asyncio
import signal
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.core import health
from agent.core.clock import Clock
from agent.core.errors import StoreError
from agent.core.store import open_reader
from agent.discovery import inventory
from agent.reporting import status_views
from agent.runtime.demo import report
from agent.runtime.demo.console import DemoConsole
from agent.runtime.demo.processes import DemoProcesses, DemoProcessFailed, run_processes
from agent.runtime.demo.report import PromiseCheck
from agent.runtime.demo.workspace import DemoWorkspace, free_udp_port
from agent.simulator.fleets import build_demo_devices
from agent.simulator.scenario import HOUR
from uplink.receiver.event_store import EventStore

LOOK_INTERVAL = 0.5  # real seconds between two looks at the state
LEAD_TIME = 2 * HOUR  # simulated: the processes start before the scenarios begin
GIVE_UP_AFTER = 3  # starts of an agent that makes no state
SETTLE_TIMEOUT = 20.0  # real seconds at most for the last tickets to arrive before the end


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """The outcome of a demonstration."""

    lines: list[PromiseCheck]
    restarts: int  # times the agent died and was started again
    elapsed: float  # simulated seconds

    @property
    def kept_count(self) -> int:
        return sum(line.is_kept for line in self.lines)

    @property
    def due_count(self) -> int:
        return sum(line.due for line in self.lines)


async def run_demo(
    folder: Path, *, base: str, seconds: float, speed: float, screen: DemoConsole
) -> DemoResult:
    """Run for `seconds` of real time at `speed`, the printers from `base` on. Raises DemoProcessFailed."""
    clock = Clock.scaled(speed)
    curtain = clock.now() + LEAD_TIME
    port = free_udp_port(base)
    props = DemoWorkspace(folder=folder, base=base, snmp_port=port, clock=str(clock), started=curtain)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl+C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, stop.set)
    with screen.live():
        async with run_processes(props) as players:
            await _watch_demo(props, players, clock, time.monotonic() + seconds, screen, stop)
            elapsed = clock.now() - props.started
    return DemoResult(lines=check_demo(props, elapsed), restarts=players.restarts, elapsed=elapsed)


async def _watch_demo(
    props: DemoWorkspace,
    players: DemoProcesses,
    clock: Clock,
    until: float,
    screen: DemoConsole,
    stop: asyncio.Event,
) -> None:
    """Print the state every few moments, until the time is over and no event is waiting any more.

    Raises DemoProcessFailed for an agent that dies again and again before it has made its state.
    """
    while not stop.is_set():
        if players.restarts >= GIVE_UP_AFTER and not props.agent_database.exists():
            log = props.folder / "agent.log"
            last = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
            raise DemoProcessFailed(
                f"the agent of the demonstration does not start: {last} (all of it: {log})"
            )
        tickets = load_ticket_events(props)
        with suppress(StoreError, sqlite3.Error), closing(open_reader(props.agent_database)) as db:
            now = clock.now()
            outbox = status_views.summarize_outbox(db)
            elapsed = now - props.started
            screen.print_non_printers(elapsed, inventory.load_candidates(db))
            reads = _count_polls(health.load_health(db))
            screen.print_changes(
                elapsed, status_views.list_printers(db, now), outbox, tickets, players.restarts, reads
            )
            late = time.monotonic() - until
            if late > SETTLE_TIMEOUT or (late > 0 and outbox.tickets_waiting == 0):
                return
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_INTERVAL)


def _count_polls(facts: Mapping[str, object]) -> int:
    """Return the reads of printers since the agent's last start, from its last heartbeat."""
    counts = facts.get("counts")
    return int(counts.get("read", 0)) if isinstance(counts, dict) else 0


def load_ticket_events(props: DemoWorkspace) -> list[dict[str, Any]]:
    """Every ticket event that the receiver holds, in the order of arrival."""
    if not props.receiver_database.exists():
        return []
    with closing(EventStore(props.receiver_database)) as ledger:
        return ledger.list_payloads("mps.ticket/1")


def check_demo(props: DemoWorkspace, elapsed: float) -> list[PromiseCheck]:
    """Compare the receiver's tickets with those that the scenarios expect."""
    cast = {
        member.key: (member.story, member.expected_ticket)
        for member in build_demo_devices(port=props.snmp_port)
        if member.key is not None
    }
    opened = [ticket for ticket in load_ticket_events(props) if ticket["event"] == "open"]
    return report.check_promises(cast, opened, elapsed)
