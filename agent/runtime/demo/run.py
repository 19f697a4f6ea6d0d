"""The play: curtain up, watch for a while, curtain down, verdict."""

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
from agent.runtime.demo.console import Screen
from agent.runtime.demo.processes import Players, on_stage
from agent.runtime.demo.report import Line
from agent.runtime.demo.workspace import Props, free_udp_port
from agent.simulator.fleets import demo_members
from agent.simulator.scenario import HOUR
from uplink.receiver.event_store import Ledger

LOOK = 0.5  # real seconds between two looks at the state
OVERTURE = 2 * HOUR  # simulated: the players take their places before the stories begin
SETTLE = 20.0  # real seconds at most for the last tickets to arrive before the curtain falls


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the play went."""

    lines: list[Line]
    restarts: int  # times the agent died and was started again
    elapsed: float  # simulated seconds

    @property
    def kept(self) -> int:
        return sum(line.kept for line in self.lines)

    @property
    def due(self) -> int:
        return sum(line.due for line in self.lines)


async def perform(folder: Path, *, base: str, seconds: float, speed: float, screen: Screen) -> Outcome:
    """Play for `seconds` of real time at `speed`, the printers from `base` on. Raises PlayerFailed."""
    clock = Clock.scaled(speed)
    curtain = clock.now() + OVERTURE
    port = free_udp_port(base)
    props = Props(folder=folder, base=base, snmp_port=port, clock=str(clock), started=curtain)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl+C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, stop.set)
    with screen.live():
        async with on_stage(props) as players:
            await _watch(props, players, clock, time.monotonic() + seconds, screen, stop)
            elapsed = clock.now() - props.started
    return Outcome(lines=judge(props, elapsed), restarts=players.restarts, elapsed=elapsed)


async def _watch(
    props: Props, players: Players, clock: Clock, until: float, screen: Screen, stop: asyncio.Event
) -> None:
    """Look at the state now and then, until the time is over and nothing is on its way any more."""
    while not stop.is_set():
        tickets = received(props)
        with suppress(StoreError, sqlite3.Error), closing(open_reader(props.agent_database)) as db:
            now = clock.now()
            outbox = status_views.waiting(db)
            elapsed = now - props.started
            screen.met(elapsed, inventory.candidates(db))
            reads = _reads(health.facts(db))
            screen.show(elapsed, status_views.printers(db, now), outbox, tickets, players.restarts, reads)
            late = time.monotonic() - until
            if late > SETTLE or (late > 0 and outbox.tickets_waiting == 0):
                return
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK)


def _reads(facts: Mapping[str, object]) -> int:
    """How often the agent, since it was last started, has read a printer; by its last heartbeat."""
    counts = facts.get("counts")
    return int(counts.get("read", 0)) if isinstance(counts, dict) else 0


def received(props: Props) -> list[dict[str, Any]]:
    """Every ticket event that the receiver holds, in the order of arrival."""
    if not props.receiver_database.exists():
        return []
    with closing(Ledger(props.receiver_database)) as ledger:
        return ledger.payloads("mps.ticket/1")


def judge(props: Props, elapsed: float) -> list[Line]:
    """What the receiver holds, against what the cast promised."""
    cast = {
        member.key: (member.story, member.promise)
        for member in demo_members(port=props.snmp_port)
        if member.key is not None
    }
    opened = [ticket for ticket in received(props) if ticket["event"] == "open"]
    return report.judge(cast, opened, elapsed)
