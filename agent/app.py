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

from agent import config
from agent.collectors._vendor.vendor_profiles import FOLDER, Profiles
from agent.config import Config, startup_keys
from agent.config.access_policy import Territory
from agent.core import audit, health, plugins
from agent.core.calendars import Calendar
from agent.core.clock import Clock
from agent.core.errors import StoreError
from agent.core.model import Tier
from agent.core.store import Store
from agent.core.watched_files import Watched
from agent.discovery import inventory
from agent.forecast import forecast_store
from agent.history import record, supply_gauges
from agent.history.meters import daily_reads, ledger
from agent.pipeline import certificate_pins, maintenance
from agent.pipeline.batch_writer import Intake
from agent.pipeline.device_tags import Assigned
from agent.pipeline.maintenance import Housekeeping
from agent.pipeline.pipeline import Line, Outcome
from agent.pipeline.polling.collecting import find_collectors
from agent.pipeline.polling.discovery_run import Scouting
from agent.pipeline.polling.fleet_state import Roll
from agent.pipeline.polling.ipp_fallback import SecondWay
from agent.pipeline.polling.poller import Rounds
from agent.pipeline.polling.printer_reader import Asking
from agent.pipeline.polling.schedule import Rota
from agent.reporting import inventory_changes, journal, privacy, supply_stages
from agent.reporting.sender import Sender
from agent.rules import evaluator, loader
from agent.rules.rule import RuleSet
from agent.snmp.engine import Engine, Settings
from agent.tickets import grouping, lifecycle
from agent.tickets.feedback import feedback_store
from uplink import targets
from uplink.delivery.delivery import Delivery
from uplink.events.feedback import Feedback
from uplink.identity import identity as identities
from uplink.identity.identity import Identity, Invitation
from uplink.interfaces import Asked, Target
from uplink.outbox import outbox
from uplink.provider import provider_state
from uplink.provider.poller import Office
from uplink.targets import https

log = logging.getLogger("printwarden")

TABLES = {
    "inventory": inventory.SCHEMA,
    "history": record.SCHEMA,
    "meters": ledger.SCHEMA,
    "reads": daily_reads.SCHEMA,
    "inventory_changes": inventory_changes.SCHEMA,
    "supply_stages": supply_stages.SCHEMA,
    "certificates": certificate_pins.SCHEMA,
    "gauges": supply_gauges.SCHEMA,
    "forecast": forecast_store.SCHEMA,
    "rules": evaluator.SCHEMA,
    "tickets": lifecycle.SCHEMA,
    "grouping": grouping.SCHEMA,
    "feedback": feedback_store.SCHEMA,
    "outbox": outbox.SCHEMA,
    "egress": journal.SCHEMA,
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
        self.line.judge = evaluator.Judge(rules)
        audit.note(self.config.state, "rules in force", rules=len(rules.rules))

    def use_config(self, edited: Config) -> None:
        """Put an edited configuration into force, but for what is read `at_start`: those keys are logged."""
        self.config, waiting = startup_keys.keep_started(self.config, edited)
        self.rounds.territory = self.scouting.territory = Territory.of(self.config)
        self.rounds.rota = build_rota(self.config, stretch=self.house.stretch)
        self.line.assign = Assigned(self.config)
        if waiting:
            log.warning("config.toml: takes effect at the next start: %s", ", ".join(waiting))
        audit.note(self.config.state, "configuration in force", at_next_start=waiting)


def rule_files(settings: Config) -> list[Path]:
    """The shipped rules, then the site's own, in the order in which later ones override."""
    return [*loader.shipped(), *loader.rule_files(settings.beside(settings.rules.folder))]


def build_rules(settings: Config) -> RuleSet:
    """The rules in force, by the clock of the site. Raises ConfigError."""
    return loader.load(rule_files(settings), settings.site.timezone)


def watch_rules(settings: Config) -> Watched[RuleSet]:
    """The files of the rules, read again when one is edited."""
    return Watched("the rules", lambda: rule_files(settings), lambda: build_rules(settings))


def build_profiles(settings: Config) -> Profiles:
    """The shipped vendor profiles, with the site's own in front. Raises ConfigError."""
    return Profiles.load(FOLDER, settings.beside(settings.collectors.profiles))


def build_store(settings: Config) -> Store:
    return maintenance.opened(settings.database, TABLES)


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
    leaves = privacy.Rules(remove=frozenset(settings.egress.remove), mask=frozenset(settings.egress.mask))
    return Sender(
        site_id=settings.site.id,
        agent_id=identity.agent_id if identity else leaves.host_name(socket.gethostname()),
        egress=leaves,
        precisions=feedback_store.Remembered(),
        takes=partial(provider_state.load_capabilities, target=target),
    )


def build_line(settings: Config, rules: RuleSet, sender: Sender) -> Line:
    """The stages that a poll passes, in one transaction."""
    calendar = Calendar(zone=settings.site.timezone)
    return Line(evaluator.Judge(rules), sender, calendar=calendar, assign=Assigned(settings))


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
    heard = feedback_store.take(tx, [word.model_dump() for word in words], now)
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
