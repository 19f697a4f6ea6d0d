"""What the service does now and then: who is due, who is new, how it is, what was edited, what is too old."""

import os
import sqlite3
from dataclasses import asdict
from functools import partial

from agent import __version__
from agent.app import Agent
from agent.core import health
from agent.core.health import Health
from agent.forecast import forecast_store
from agent.history import retention
from agent.pipeline.polling.collecting import find_local_collectors
from agent.pipeline.polling.schedule import Cadences
from agent.pipeline.polling.usb_printers import Cabled

TICK = 1.0  # real seconds between looks at who is due; a scaled clock looks more often
UPKEEP = 2.0  # real seconds between looks at edited files
TIDY = 86400.0  # seconds between looks at what of history is too old
HOUSEKEEPING = 60.0  # real seconds between looks at the outbox's bounds


def cadences(agent: Agent) -> Cadences:
    """What the service does now and then."""
    made = Cadences(agent.clock)
    speed, schedule = agent.clock.speed, agent.config.schedule
    made.every(min(TICK * speed, schedule.alerts / 10), "polls", agent.rounds.go)
    made.every(schedule.sweep, "sweep", partial(sweep, agent), at_once=True)
    for name, collector in find_local_collectors(agent.config).items():
        local = Cabled(collector, agent.config, agent.clock, agent.intake, agent.rounds.asking.profiles)
        made.every(min(getattr(schedule, tier) for tier in collector.TIERS), name, local.go, at_once=True)
    made.every(schedule.heartbeat, "heartbeat", partial(heartbeat, agent), at_once=True)
    made.every(UPKEEP * speed, "upkeep", partial(upkeep, agent))
    made.every(HOUSEKEEPING * speed, "housekeeping", partial(keep_house, agent))
    made.every(TIDY, "history", partial(tidy, agent))
    return made


async def sweep(agent: Agent) -> None:
    """Look for newcomers, but not in quiet hours."""
    quiet = agent.config.schedule.quiet_hours
    if not (quiet and quiet.covers(agent.clock.now())):
        await agent.scouting.look(agent.scouting.ways("sweep"), listen=0)


async def keep_house(agent: Agent) -> None:
    """Keep the outbox within its bounds; polls come less often while it is full."""
    await agent.house.keep()
    agent.rounds.rota.stretch = agent.house.stretch


async def heartbeat(agent: Agent) -> None:
    """Note how the agent is, and tell the provider."""
    now = agent.clock.now()
    facts = how_it_is(agent)
    ahead = agent.target.clock_offset if agent.target else None

    def note(tx: sqlite3.Connection) -> None:
        health.note(tx, now, asdict(facts))
        agent.line.sender.heartbeat(tx, now, facts, clock_ahead=ahead)

    await agent.store.run(note)
    if agent.delivery:
        agent.delivery.wake()


def how_it_is(agent: Agent) -> Health:
    """The facts of a heartbeat: how many printers, how many of them silent, what went wrong."""
    roll = agent.rounds.roll
    return Health(
        version=__version__,
        pid=os.getpid(),
        printers=len(roll.known),
        silent=len(roll.silent),
        left_alone=agent.rounds.caution.resting,
        counts=dict(agent.counts),
        config_complaint=agent.settings.complaint,
        rules_complaint=agent.rules.complaint,
    )


async def tidy(agent: Agent) -> None:
    """Thin and drop what of history is too old, a piece at a time, so that polls get their turn."""
    gone = 1
    while gone:
        gone = await agent.store.run(partial(retention.tidy, now=agent.clock.now()))
    await agent.store.run(partial(forecast_store.forget, now=agent.clock.now()))


async def upkeep(agent: Agent) -> None:
    """Pick up edited rules and settings."""
    if rules := agent.rules.again():
        agent.use_rules(rules)
    if settings := agent.settings.again():
        agent.use_config(settings)
