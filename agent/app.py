"""The composition root: the agent, put together in the order in which things flow.

config ─► territory ─► engine ─► asking ─► scouting, rounds ─► intake ─► line ─► delivery
             what may be asked     who is asked                  one transaction     the provider

One builder a stage, in this order; `Agent.use_rules` and `Agent.use_config` put edited files into force.
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
    egress_journal,
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
from agent.config import Config, at_start
from agent.desk import book
from agent.errors import StoreError
from agent.forecast import keeping
from agent.history import record
from agent.meters import ledger, reads
from agent.model import Tier
from agent.report import Sender
from agent.rules import judge, schema
from agent.rules.rule import RuleSet
from agent.schedule import Rota
from agent.service import certificates, housekeeping
from agent.service.asking import Asking
from agent.service.assigned import Assigned
from agent.service.collecting import find_collectors
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
    "inventory_changes": portrait.SCHEMA,
    "supply_stages": stock.SCHEMA,
    "certificates": certificates.SCHEMA,
    "gauges": gauges.SCHEMA,
    "forecast": keeping.SCHEMA,
    "rules": judge.SCHEMA,
    "tickets": tickets.SCHEMA,
    "grouping": together.SCHEMA,
    "feedback": book.SCHEMA,
    "outbox": outbox.SCHEMA,
    "egress": egress_journal.SCHEMA,
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
    line: Line
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

    def use_rules(self, rules: RuleSet) -> None:
        """Evaluate by these rules from the next poll on."""
        self.line.judge = judge.Judge(rules)
        audit.note(self.config.state, "rules in force", rules=len(rules.rules))

    def use_config(self, edited: Config) -> None:
        """Put an edited configuration into force, but for what is read `at_start`: those keys are logged."""
        self.config, waiting = at_start.keep_started(self.config, edited)
        self.rounds.territory = self.scouting.territory = Territory.of(self.config)
        self.rounds.rota = build_rota(self.config, stretch=self.house.stretch)
        self.line.assign = Assigned(self.config)
        if waiting:
            log.warning("config.toml: takes effect at the next start: %s", ", ".join(waiting))
        audit.note(self.config.state, "configuration in force", at_next_start=waiting)


def rule_files(settings: Config) -> list[Path]:
    """The shipped rules, then the site's own, in the order in which later ones override."""
    return [*schema.shipped(), *schema.rule_files(settings.beside(settings.rules.folder))]


def build_rules(settings: Config) -> RuleSet:
    """The rules in force, by the clock of the site. Raises ConfigError."""
    return schema.load(rule_files(settings), settings.site.timezone)


def watch_rules(settings: Config) -> Watched[RuleSet]:
    """The files of the rules, read again when one is edited."""
    return Watched("the rules", lambda: rule_files(settings), lambda: build_rules(settings))


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


def build_rota(settings: Config, stretch: float = 1.0) -> Rota:
    """When each printer is polled for what. `stretch`: how many times as long as configured it waits."""
    cadence = {tier: getattr(settings.schedule, tier.value) for tier in Tier}
    return Rota(cadence, settings.schedule.quiet_hours, stretch=stretch)


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


def build_target(settings: Config, identity: Identity | Invitation | None = None) -> Target | None:
    """Where events go; None while no provider is configured: then they wait. Raises ConfigError."""
    if configured := settings.read_target(targets):
        name, table = configured
        found: Target = plugins.load(targets, name).connect(table)
        return found
    if not settings.provider.url:
        return None
    return https.connect(provider_settings(settings), identity)


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


def build_sender(settings: Config, identity: Identity | Invitation | None, target: Target | None) -> Sender:
    """What may leave the site, in whose name, and for whom."""
    leaves = egress.Rules(remove=frozenset(settings.egress.remove), mask=frozenset(settings.egress.mask))
    return Sender(
        site_id=settings.site.id,
        agent_id=identity.agent_id if identity else leaves.host_name(socket.gethostname()),
        egress=leaves,
        precisions=book.Remembered(),
        takes=partial(provider.load_capabilities, target=target),
    )


def build_line(settings: Config, rules: RuleSet, sender: Sender) -> Line:
    """The stages that a poll passes, in one transaction."""
    calendar = Calendar(zone=settings.site.timezone)
    return Line(judge.Judge(rules), sender, calendar=calendar, assign=Assigned(settings))


def build_asking(settings: Config, engine: Engine, clock: Clock, counts: Counter[str]) -> Asking:
    """How one printer is read: by every collector that is enabled. Raises ConfigError."""
    first = list(find_collectors(settings, "always").values())
    second = [SecondWay(name, one) for name, one in find_collectors(settings, "fills_gaps").items()]
    return Asking(engine, clock, settings, build_profiles(settings), first, second, counts)


def build_delivery(settings: Config, target: Target | None, store: Store, clock: Clock) -> Delivery | None:
    """What sends the outbox to the target; None while there is none."""
    return Delivery(target, store, clock, source=f"/sites/{settings.site.id}") if target else None


def build_office(settings: Config, target: Target | None, store: Store, clock: Clock) -> Office | None:
    """Who asks the provider what it takes and what its desk says; None where nobody can be asked."""
    if not isinstance(target, Asked):
        return None
    return Office(target, store, clock, hear, every=settings.schedule.feedback)


def hear(tx: sqlite3.Connection, words: Sequence[Feedback], now: float) -> None:
    """Take in what the desk says."""
    heard = book.take(tx, [word.model_dump() for word in words], now)
    if heard.unknown:
        log.info("the desk speaks of %d tickets that are not ours", len(heard.unknown))


def build(path: Path, clock: Clock, told: Told = unheard) -> Agent:
    """The agent that the configuration in `path` describes. Raises ConfigError and StoreError."""
    return assemble(Watched("config.toml", lambda: [path], lambda: config.load(path, targets)), clock, told)


def build_from(settings: Config, clock: Clock | None = None, told: Told = unheard) -> Agent:
    """An agent for settings that come from no file."""
    return assemble(Watched("the settings", list, lambda: settings), clock or Clock(), told)


def assemble(settings: Watched[Config], clock: Clock, told: Told) -> Agent:
    """Put the agent together; opens its state, and no socket yet."""
    first = settings.first()
    counts = Counter[str]()
    territory, engine = Territory.of(first), build_engine(first)
    asking = build_asking(first, engine, clock, counts)
    rules, identity = watch_rules(first), build_identity(first)
    target = build_target(first, identity)
    line = build_line(first, rules.first(), build_sender(first, identity, target))
    store, roll = build_store(first), Roll(first.site.id, first.rules.first_days)
    delivery = build_delivery(first, target, store, clock)
    intake = Intake(store, line, roll, partial(_committed, delivery, told))
    return Agent(
        config=first,
        clock=clock,
        store=store,
        engine=engine,
        line=line,
        intake=intake,
        rounds=Rounds(territory, store, asking, intake, roll, build_rota(first)),
        house=Housekeeping(store, clock, line.sender),
        scouting=Scouting(territory, store, engine, asking, intake, roll),
        rules=rules,
        settings=settings,
        target=target,
        delivery=delivery,
        office=build_office(first, target, store, clock),
        counts=counts,
    )


def _committed(delivery: Delivery | None, told: Told, outcome: Outcome) -> None:
    """A poll is on the disk: send its events without waiting."""
    if outcome.events and delivery:
        delivery.wake()
    told(outcome)
