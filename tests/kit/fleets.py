"""Fleets of simulated printers, made in one call."""

from collections.abc import Iterable
from pathlib import Path

from agent.core.clock import Clock
from agent.simulator.fleet import SimulatedFleet
from agent.simulator.fleets import BASE, PORT, build_demo_devices, build_walk_devices
from agent.simulator.walk import WalkFile


def demo_fleet(
    base: str = BASE,
    port: int = PORT,
    *,
    community: str = "public",
    clock: Clock | None = None,
    started: float | None = None,
) -> SimulatedFleet:
    """The demonstration's fleet; see `agent.simulator.fleets.build_demo_devices`."""
    return SimulatedFleet(build_demo_devices(base, port, community=community), clock=clock, started=started)


def walk_fleet(
    walks: Iterable[WalkFile | Path | str], base: str = BASE, port: int = PORT, *, clock: Clock | None = None
) -> SimulatedFleet:
    """One device for each walk file; see `agent.simulator.fleets.build_walk_devices`."""
    return SimulatedFleet(build_walk_devices(walks, base, port), clock=clock)
