"""Fleets of simulated printers, made in one call."""

from collections.abc import Iterable
from pathlib import Path

from agent.core.clock import Clock
from agent.simulator.fleet import Fleet
from agent.simulator.fleets import BASE, PORT, demo_members, walk_members
from agent.simulator.walk import Walk


def demo_fleet(
    base: str = BASE,
    port: int = PORT,
    *,
    community: str = "public",
    clock: Clock | None = None,
    started: float | None = None,
) -> Fleet:
    """The demonstration's fleet; see `agent.simulator.fleets.demo_members`."""
    return Fleet(demo_members(base, port, community=community), clock=clock, started=started)


def walk_fleet(
    walks: Iterable[Walk | Path | str], base: str = BASE, port: int = PORT, *, clock: Clock | None = None
) -> Fleet:
    """One device for each walk file; see `agent.simulator.fleets.walk_members`."""
    return Fleet(walk_members(walks, base, port), clock=clock)
