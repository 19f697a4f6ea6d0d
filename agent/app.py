"""The composition root: the agent, put together in the order in which things flow.

config ─► territory ─► engine ─► asking ─► scouting, rounds ─► intake ─► line ─► delivery
             what may be asked     who is asked                  one transaction     the provider
"""

import asyncio
import logging
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from agent import (
    audit,
    config,
    egress,
    gauges,
    health,
    inventory,
    plugins,
    portrait,
    stock,
    tickets,
    together,
)
from agent.calendars import Calendar
from agent.clock import Clock
from agent.collectors._profiles import FOLDER, Profiles
from agent.config import Config
from agent.desk import book
from agent.errors import StoreError
from agent.forecast import keeping
from agent.history import record
from agent.meters import ledger, reads
from agent.model import TicketEvent, Tier
from agent.report import Sender
from agent.rules import judge, schema
from agent.rules.rule import RuleSet
from agent.schedule import Rota
from agent.service import certificates, housekeeping
from agent.service.asking import Asking
from agent.service.assigned import Assigned
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
from uplink import outbox, provider, targets
from uplink.capabilities import EVERYTHING, Capabilities
from uplink.delivery import Delivery
from uplink.events.feedback import Feedback
from uplink.identity import Identity, Invitation
from uplink.office import Office
from uplink.seams import Asked, Target
from uplink.targets import https

log = logging.getLogger("printwarden")

TABLES = {
    "inventory": inventory.SCHEMA,
    "history": record.SCHEMA,
    "meters": ledger.SCHEMA,
    "reads": reads.SCHEMA,
    "portrait": portrait.SCHEMA,
    "stock": stock.SCHEMA,
    "certificates": certificates.SCHEMA,
    "gauges": gauges.SCHEMA,
    "forecast": keeping.SCHEMA,
    "rules": judge.SCHEMA,
    "tickets": tickets.SCHEMA,
    "together": together.SCHEMA,
    "desk": book.SCHEMA,
    "outbox": outbox.SCHEMA,
    "egress": egress.SCHEMA,
    "health": health.SCHEMA,
}


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
    office: Office | None
    counts: Counter[str]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


def rule_files(settings: Config) -> list[Path]:
    """The shipped rules, then the site's own, in the order in which later ones override."""
    return [*schema.shipped(), *schema.rule_files(settings.beside(settings.rules.folder))]


def build_rules(settings: Config) -> RuleSet:
    """The rules in force, by the clock of the site. Raises ConfigError."""
    return schema.load(rule_files(settings), settings.site.timezone)


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


def build_identity(settings: Config) -> Identity | Invitation | None:
    """Who we are to the provider; before enrolment an invitation, where a token was left for us, or None."""
    try:
        if known := identities.load(settings.identity):
            return known
        left = Invitation(
            folder=settings.identity,
            token_file=settings.invitation,
            site_id=settings.site.id,
            accepted=partial(_enrolled, settings),
        )
        return left if settings.provider.url and left.token_file.exists() and left.agent_id else None
    except identities.NotEnrolled as why:
        raise StoreError(str(why)) from why


def _enrolled(settings: Config, known: Identity) -> None:
    log.info("enrolled with %s as %s", settings.provider.url, known.agent_id)
    audit.note(settings.state, "enrolled", agent_id=known.agent_id, provider=settings.provider.url)


def egress_rules(settings: Config) -> egress.Rules:
    """What may leave the site."""
    return egress.Rules(remove=frozenset(settings.egress.remove), mask=frozenset(settings.egress.mask))


def _name(identity: Identity | Invitation | None, settings: Config) -> str:
    """What we are called to the provider: before enrolment this machine's name, if that may leave."""
    if identity:
        return identity.agent_id
    return "" if "hostname" in settings.egress.remove else socket.gethostname()


def build_target(settings: Config, identity: Identity | Invitation | None = None) -> Target | None:
    """Where events go; None while no provider is configured: then they wait. Raises ConfigError."""
    if configured := settings.read_target(targets):
        name, table = configured
        found: Target = plugins.load(targets, name).connect(table)
        return found
    if not settings.provider.url:
        return None
    return https.connect(provider_settings(settings), identity)


def build_office(settings: Config, target: Target | None, store: Store, clock: Clock) -> Office | None:
    """Who asks the provider what it takes and what its desk says; None where nobody can be asked."""
    if not isinstance(target, Asked):
        return None
    return Office(target, store, clock, hear, every=settings.schedule.feedback)


def takes(target: Target | None, tx: sqlite3.Connection) -> Capabilities:
    """What the provider takes. Whoever cannot be asked takes everything; nobody yet, what all do."""
    if target is None or isinstance(target, Asked):
        return provider.load(tx, target.name).takes if target else Capabilities()
    return EVERYTHING


def hear(tx: sqlite3.Connection, words: Sequence[Feedback], now: float) -> None:
    """Take in what the desk says."""
    heard = book.take(tx, [word.model_dump() for word in words], now)
    if heard.unknown:
        log.info("the desk speaks of %d tickets that are not ours", len(heard.unknown))


def provider_settings(settings: Config) -> https.Settings:
    """How to reach the provider."""
    there = settings.provider
    return https.Settings(
        url=there.url,
        ca_file=settings.beside(there.ca_file) if there.ca_file else None,
        token_file=settings.beside(there.token_file) if there.token_file else None,
        proxy=there.proxy or None,
        insecure_loopback=there.insecure_loopback,
    )


def build(path: Path, clock: Clock, told: Told = unheard) -> Agent:
    """The agent that the configuration in `path` describes. Raises ConfigError and StoreError."""
    return assemble(Watched("config.toml", lambda: [path], lambda: config.load(path, targets)), clock, told)


def build_from(settings: Config, clock: Clock | None = None, told: Told = unheard) -> Agent:
    """An agent for settings that come from no file."""
    return assemble(Watched("the settings", list, lambda: settings), clock or Clock(), told)


def assemble(settings: Watched[Config], clock: Clock, told: Told) -> Agent:
    """Put the agent together; opens its state, and no socket yet."""
    first = settings.first()
    profiles = build_profiles(first)
    rules: Watched[RuleSet] = Watched("the rules", lambda: rule_files(first), lambda: build_rules(first))
    identity = build_identity(first)
    target = build_target(first, identity)
    line = Line(
        judge.Judge(rules.first()),
        Sender(
            site_id=first.site.id,
            agent_id=_name(identity, first),
            egress=egress_rules(first),
            precisions=book.Remembered(),
            takes=partial(takes, target),
        ),
        calendar=Calendar(zone=first.site.timezone),
        assign=Assigned(first),
    )
    territory, roll, counts = Territory.of(first), Roll(first.site.id, first.rules.first_days), Counter[str]()
    store, engine = build_store(first), build_engine(first)
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
        office=build_office(first, target, store, clock),
        counts=counts,
    )


def _restated(clock: Clock, tx: sqlite3.Connection, ticket: str) -> TicketEvent | None:
    """How a ticket stands now, for the provider."""
    row = tx.execute("SELECT device FROM ticket WHERE id = ?", (ticket,)).fetchone()
    device = inventory.devices(tx).get(row["device"]) if row else None
    return tickets.restated(tx, ticket, device, clock.now())
