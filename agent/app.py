"""The composition root: the agent, put together in the order in which things flow.

config ─► territory ─► engine ─► asking ─► scouting, rounds ─► intake ─► line ─► delivery
             what may be asked     who is asked                  one transaction     the provider
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from agent import (
    __version__,
    audit,
    config,
    discovery,
    egress,
    gauges,
    health,
    inventory,
    plugins,
    pulse,
    sd,
    tickets,
    together,
)
from agent.clock import Clock
from agent.collectors._profiles import FOLDER, Profiles
from agent.config import Config
from agent.discovery import Progress
from agent.errors import StoreError
from agent.forecast import keeping
from agent.history import record, tidying
from agent.meters import ledger
from agent.model import Sighting, TicketEvent, Tier
from agent.pulse import Keeper
from agent.report import Sender
from agent.rules import judge, schema
from agent.rules.rule import RuleSet
from agent.schedule import Cadences, Rota
from agent.service import certificates, housekeeping
from agent.service.asking import Asking
from agent.service.cabled import Cabled
from agent.service.earshot import Earshot
from agent.service.housekeeping import Housekeeping
from agent.service.intake import Intake
from agent.service.line import Line, Outcome
from agent.service.roll import Roll
from agent.service.rounds import Rounds
from agent.service.scouting import Scouting
from agent.service.second_way import SecondWay
from agent.service.watch import Watched
from agent.snmp.session import Engine, Settings
from agent.store import Store
from agent.territory import Territory
from uplink import identity as identities
from uplink import outbox
from uplink.delivery import Delivery
from uplink.identity import Identity
from uplink.seams import Target
from uplink.targets import https

log = logging.getLogger("printwarden")

TABLES = {
    "inventory": inventory.SCHEMA,
    "history": record.SCHEMA,
    "meters": ledger.SCHEMA,
    "certificates": certificates.SCHEMA,
    "gauges": gauges.SCHEMA,
    "forecast": keeping.SCHEMA,
    "rules": judge.SCHEMA,
    "tickets": tickets.SCHEMA,
    "together": together.SCHEMA,
    "outbox": outbox.SCHEMA,
    "egress": egress.SCHEMA,
    "health": health.SCHEMA,
}

TICK = 1.0  # real seconds between looks at who is due; a scaled clock looks more often
UPKEEP = 2.0  # real seconds between looks at edited files
TIDY = 86400.0  # seconds between looks at what of history is too old
HOUSEKEEPING = 60.0  # real seconds between looks at the outbox's bounds
STOP = 0.8  # real seconds for the polls under way when the service stops, and again for the last deliveries
ONCE = 30.0  # the same for a single pass, which nobody waits for


Told = Callable[[Outcome], None]


def unheard(*_: object) -> None:
    """For whoever wants to be told nothing."""


@dataclass(slots=True)
class Agent:
    """Everything that runs, wired."""

    config: Config
    clock: Clock
    store: Store
    engine: Engine
    intake: Intake
    rounds: Rounds
    scouting: Scouting
    house: Housekeeping
    rules: Watched[RuleSet]
    settings: Watched[Config]
    target: Target | None
    delivery: Delivery | None
    counts: Counter[str]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


def rule_files(settings: Config) -> list[Path]:
    """The shipped rules, then the site's own, in the order in which later ones override."""
    return [*schema.shipped(), *schema.rule_files(settings.beside(settings.rules.folder))]


def build_profiles(settings: Config) -> Profiles:
    """The shipped vendor profiles, with the site's own in front. Raises ConfigError."""
    return Profiles.load(FOLDER, settings.beside(settings.collectors.profiles))


def build_store(settings: Config) -> Store:
    return housekeeping.opened(settings.database, TABLES)


def build_engine(settings: Config) -> Engine:
    snmp = settings.snmp
    return Engine(
        Settings(
            timeout=snmp.timeout,
            retries=snmp.retries,
            sweep_linger=snmp.timeout,
            requests_per_second=snmp.requests_per_second,
            requests_per_subnet=snmp.requests_per_second_per_subnet,
            engine=snmp.engine,
        )
    )


def build_rota(settings: Config) -> Rota:
    cadence = {tier: getattr(settings.schedule, tier.value) for tier in Tier}
    return Rota(cadence, settings.schedule.quiet_hours)


def build_identity(settings: Config) -> Identity | None:
    """Who we are to the provider; None before enrolment."""
    try:
        return identities.load(settings.identity)
    except identities.NotEnrolled as why:
        raise StoreError(str(why)) from why


def egress_rules(settings: Config) -> egress.Rules:
    """What may leave the site."""
    return egress.Rules(remove=frozenset(settings.egress.remove), mask=frozenset(settings.egress.mask))


def _name(identity: Identity | None) -> str:
    return identity.agent_id if identity else socket.gethostname()


def build_target(settings: Config, identity: Identity | None = None) -> Target | None:
    """Where events go; None while no provider is configured: then they wait."""
    provider = settings.provider
    if not provider.url:
        return None
    return https.connect(provider_settings(settings), identity)


def provider_settings(settings: Config) -> https.Settings:
    """How to reach the provider."""
    provider = settings.provider
    return https.Settings(
        url=provider.url,
        ca_file=settings.beside(provider.ca_file) if provider.ca_file else None,
        token_file=settings.beside(provider.token_file) if provider.token_file else None,
        proxy=provider.proxy or None,
        insecure_loopback=provider.insecure_loopback,
    )


def build(path: Path, clock: Clock, told: Told = unheard) -> Agent:
    """The agent that the configuration in `path` describes. Raises ConfigError and StoreError."""
    return assemble(Watched("config.toml", lambda: [path], lambda: config.load(path)), clock, told)


def build_from(settings: Config, clock: Clock | None = None, told: Told = unheard) -> Agent:
    """An agent for settings that come from no file."""
    return assemble(Watched("the settings", list, lambda: settings), clock or Clock(), told)


def assemble(settings: Watched[Config], clock: Clock, told: Told) -> Agent:
    """Put the agent together; opens its state, and no socket yet."""
    first = settings.first()
    profiles = build_profiles(first)
    rules: Watched[RuleSet] = Watched(
        "the rules", lambda: rule_files(first), lambda: schema.load(rule_files(first))
    )
    identity = build_identity(first)
    line = Line(
        judge.Judge(rules.first()),
        Sender(site_id=first.site.id, agent_id=_name(identity), egress=egress_rules(first)),
    )
    territory, roll, counts = Territory.of(first), Roll(first.site.id, first.rules.first_days), Counter[str]()
    store, engine, target = build_store(first), build_engine(first), build_target(first, identity)
    delivery = Delivery(target, store, clock, source=f"/sites/{first.site.id}") if target else None

    def settled(outcome: Outcome) -> None:
        if outcome.events and delivery:
            delivery.wake()
        told(outcome)

    ipp = SecondWay(profiles, first.ipp.port, first.ipp.timeout) if first.ipp.enabled else None
    asking = Asking(engine, clock, counts, profiles, ipp)
    intake = Intake(store, line, roll, settled)
    return Agent(
        config=first,
        clock=clock,
        store=store,
        engine=engine,
        intake=intake,
        rounds=Rounds(territory, store, asking, intake, roll, build_rota(first)),
        house=Housekeeping(store, clock, line.sender, partial(_restated, clock)),
        scouting=Scouting(territory, store, engine, asking, intake, roll),
        rules=rules,
        settings=settings,
        target=target,
        delivery=delivery,
        counts=counts,
    )


@contextlib.asynccontextmanager
async def running(agent: Agent, patience: float = STOP) -> AsyncIterator[Agent]:
    """The agent with its sockets open, known printers taken up and delivery going; stopped cleanly after.

    What is not done within `patience` is cut short: a poll is made again, an event stays in the outbox.
    """
    await agent.engine.start()
    await agent.house.keep()
    await agent.rounds.resume()
    agent.tasks.append(asyncio.create_task(agent.intake.run(), name="intake"))
    if agent.delivery:
        agent.tasks.append(asyncio.create_task(agent.delivery.run(), name="delivery"))
    try:
        yield agent
    finally:
        await _stop(agent, patience)


async def _stop(agent: Agent, patience: float) -> None:
    """Finish the polls under way, send what can be sent, and close, in the order of the flow."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await agent.rounds.finish()
    if agent.delivery:
        await agent.delivery.drain(patience)
    for task in agent.tasks:
        task.cancel()
    await asyncio.gather(*agent.tasks, return_exceptions=True)
    await agent.engine.close()
    if agent.target:
        await agent.target.aclose()
    agent.store.close()


async def serve(agent: Agent, keeper: Keeper | None = None, stop: asyncio.Event | None = None) -> None:
    """Run until SIGTERM or SIGINT, or until `stop` is set by whoever is told to end it (Windows)."""
    keeper = keeper or sd.keeper()
    if stop is None:
        stop = asyncio.Event()
        _on_signals(stop.set)
    async with running(agent):
        cadences = _cadences(agent)
        cadences.start()
        earshot = Earshot(agent.rounds, agent.rounds.roll, agent.clock)
        await earshot.open(agent.config.traps, agent.rounds.territory)
        agent.tasks.append(asyncio.create_task(_listen(agent), name="listen"))
        agent.tasks.append(asyncio.create_task(housekeeping.examine(agent.store), name="examine"))
        if keeper.patience:
            watched = pulse.beat(agent.store, keeper.patience, keeper.felt)
            agent.tasks.append(asyncio.create_task(watched, name="pulse"))
        audit.note(agent.config.state, "service started", version=__version__)
        log.info("printwarden %s watches over %s", __version__, agent.config.site.id)
        keeper.ready(f"watches over {agent.config.site.id}")
        failed = asyncio.create_task(_first_failure(agent.tasks))
        await asyncio.wait({asyncio.create_task(stop.wait()), failed}, return_when=asyncio.FIRST_COMPLETED)
        keeper.leaving()
        earshot.close()
        cadences.stop()
    if failed.done() and not stop.is_set():
        await failed


async def _first_failure(tasks: list[asyncio.Task[None]]) -> None:
    """Wait until one of the tasks that must run for ever has ended, and raise what ended it."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        else:
            loop.add_signal_handler(number, stop)


def _cadences(agent: Agent) -> Cadences:
    """What the service does now and then."""
    cadences = Cadences(agent.clock)
    speed = agent.clock.speed

    async def sweep() -> None:
        quiet = agent.config.schedule.quiet_hours
        if quiet and quiet.covers(agent.clock.now()):
            return
        await agent.scouting.look(["static", "sweep"], listen=0)

    async def heartbeat() -> None:
        await _heartbeat(agent)

    async def upkeep() -> None:
        await _upkeep(agent)

    async def tidy() -> None:
        await _tidy(agent)

    async def keep_house() -> None:
        await agent.house.keep()
        agent.rounds.rota.stretch = agent.house.stretch

    cadences.every(min(TICK * speed, agent.config.schedule.alerts / 10), "polls", agent.rounds.go)
    cadences.every(agent.config.schedule.sweep, "sweep", sweep, at_once=True)
    if agent.config.cups.enabled:
        spooler = Cabled(agent.config.cups.socket, agent.clock, agent.intake, agent.rounds.asking.profiles)
        cadences.every(agent.config.schedule.supplies, "cables", spooler.go, at_once=True)
    cadences.every(agent.config.schedule.heartbeat, "heartbeat", heartbeat, at_once=True)
    cadences.every(UPKEEP * speed, "upkeep", upkeep)

    cadences.every(HOUSEKEEPING * speed, "housekeeping", keep_house)
    cadences.every(TIDY, "history", tidy)
    return cadences


async def _listen(agent: Agent) -> None:
    """Take in the printers that announce themselves, for as long as the service runs."""
    if agent.config.mdns.enabled:
        await agent.scouting.look(["mdns"], listen=None)
    await asyncio.Event().wait()


def _restated(clock: Clock, tx: sqlite3.Connection, ticket: str) -> TicketEvent | None:
    """How a ticket stands now, for the provider."""
    row = tx.execute("SELECT device FROM ticket WHERE id = ?", (ticket,)).fetchone()
    device = inventory.devices(tx).get(row["device"]) if row else None
    return tickets.restated(tx, ticket, device, clock.now())


async def _heartbeat(agent: Agent) -> None:
    """Note how the agent is, and tell the provider."""
    now = agent.clock.now()
    facts = how_it_is(agent)

    def note(tx: sqlite3.Connection) -> None:
        health.note(tx, now, facts)
        agent.intake.line.sender.heartbeat(tx, now, facts)

    await agent.store.run(note)
    if agent.delivery:
        agent.delivery.wake()


def how_it_is(agent: Agent) -> dict[str, object]:
    """The facts of a heartbeat: how many printers, how many of them silent, what went wrong."""
    roll = agent.rounds.roll
    return {
        "version": __version__,
        "pid": os.getpid(),
        "printers": len(roll.known),
        "silent": len(roll.silent),
        "left_alone": agent.rounds.caution.resting,
        "counts": dict(agent.counts),
        "config_complaint": agent.settings.complaint,
        "rules_complaint": agent.rules.complaint,
    }


async def _tidy(agent: Agent) -> None:
    """Thin and drop what of history is too old, a piece at a time, so that polls get their turn."""
    gone = 1
    while gone:
        gone = await agent.store.run(partial(tidying.tidy, now=agent.clock.now()))


async def _upkeep(agent: Agent) -> None:
    """Pick up edited rules and settings."""
    if rules := agent.rules.again():
        agent.intake.line.judge = judge.Judge(rules)
        audit.note(agent.config.state, "rules in force", rules=len(rules.rules))
    if settings := agent.settings.again():
        _adopt(agent, settings)
        audit.note(agent.config.state, "configuration in force")


def _adopt(agent: Agent, settings: Config) -> None:
    """Put an edited configuration into force, as far as that goes without a restart."""
    territory = Territory.of(settings)
    agent.rounds.territory = agent.scouting.territory = territory
    agent.rounds.rota = build_rota(settings)
    fixed = {
        name: getattr(agent.config, name) for name in ("provider", "snmp", "storage", "mdns", "rules", "site")
    }
    if any(getattr(settings, name) != value for name, value in fixed.items()):
        log.warning("[provider], [snmp], [storage], [mdns], [rules] and [site] take effect at the next start")
    agent.config = settings.model_copy(update=fixed)


async def once(
    agent: Agent,
    *,
    listen: float,
    heard: Callable[[Progress], None] = unheard,
    met: Callable[[Sighting, str], None] = unheard,
) -> None:
    """One pass: find printers, read those known before, deliver, and end."""
    async with running(agent, ONCE):
        known = list(agent.rounds.roll.known)
        await agent.scouting.look(_ways(agent), listen=listen, heard=heard, met=met)
        await agent.rounds.everybody(known, frozenset(Tier))
        await _heartbeat(agent)


def _ways(agent: Agent) -> list[str]:
    """The ways of discovery that are switched on."""
    return [way for way in plugins.names(discovery) if way != "mdns" or agent.config.mdns.enabled]
