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
from agent.config.access_policy import AccessPolicy
from agent.core import audit, health, plugins
from agent.core.calendars import Calendar
from agent.core.clock import Clock
from agent.core.errors import StoreError
from agent.core.model import Tier
from agent.core.store import Store
from agent.core.watched_files import WatchedFiles
from agent.discovery import inventory
from agent.forecast import forecast_store
from agent.history import record, supply_gauges
from agent.history.meters import daily_reads, ledger
from agent.pipeline import certificate_pins
from agent.pipeline.batch_writer import BatchWriter
from agent.pipeline.device_tags import TagAssigner
from agent.pipeline.pipeline import Pipeline, PollOutcome
from agent.pipeline.polling.collecting import find_collectors
from agent.pipeline.polling.discovery_run import DiscoveryRunner
from agent.pipeline.polling.fleet_state import FleetState
from agent.pipeline.polling.ipp_fallback import IppFallback
from agent.pipeline.polling.poller import Poller
from agent.pipeline.polling.printer_reader import PrinterReader
from agent.pipeline.polling.schedule import PollQueue
from agent.reporting import inventory_changes, journal, maintenance, privacy, supply_stages
from agent.reporting.maintenance import Maintenance
from agent.reporting.sender import Sender
from agent.rules import evaluator, loader
from agent.rules.rule import RuleSet
from agent.snmp.engine import SnmpClient, SnmpSettings
from agent.tickets import grouping, lifecycle
from agent.tickets.feedback import feedback_store
from uplink import targets
from uplink.delivery.delivery import Delivery
from uplink.events.feedback import Feedback
from uplink.identity import identity as identities
from uplink.identity import secret_store
from uplink.identity.identity import AgentIdentity, PendingEnrolment
from uplink.interfaces import QueryableTarget, Target
from uplink.outbox import outbox
from uplink.provider import provider_state
from uplink.provider.poller import ProviderPoller
from uplink.targets import https

log = logging.getLogger("printwarden")

MIGRATIONS = {
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


OutcomeCallback = Callable[[PollOutcome], None]


def do_nothing(*_: object) -> None:
    """For whoever wants to be told nothing."""


@dataclass(slots=True)
class Agent:
    """Everything that runs, wired."""

    config: Config
    clock: Clock
    store: Store
    snmp_client: SnmpClient
    line: Pipeline
    batch_writer: BatchWriter
    poller: Poller
    discovery: DiscoveryRunner
    maintenance: Maintenance
    rules: WatchedFiles[RuleSet]
    settings: WatchedFiles[Config]
    target: Target | None
    delivery: Delivery | None
    provider_poller: ProviderPoller | None
    counts: Counter[str]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def use_rules(self, rules: RuleSet) -> None:
        """Evaluate by these rules from the next poll on."""
        self.line.evaluator = evaluator.RuleEvaluator(rules)
        audit.append_entry(self.config.state_folder, "rules in force", rules=len(rules.rules))

    def use_config(self, edited: Config) -> None:
        """Put an edited configuration into force, but for what is read `at_start`: those keys are logged."""
        self.config, waiting = startup_keys.keep_started(self.config, edited)
        self.poller.policy = self.discovery.policy = AccessPolicy.from_config(self.config)
        self.poller.poll_queue = build_poll_queue(self.config, stretch=self.maintenance.slowdown)
        self.line.assign_tags = TagAssigner(self.config)
        if waiting:
            log.warning("config.toml: takes effect at the next start: %s", ", ".join(waiting))
        audit.append_entry(self.config.state_folder, "configuration in force", at_next_start=waiting)


def rule_files(settings: Config) -> list[Path]:
    """The shipped rules, then the site's own, in the order in which later ones override."""
    return [*loader.shipped_files(), *loader.rule_files(settings.resolve_path(settings.rules.folder))]


def build_rules(settings: Config) -> RuleSet:
    """The rules in force, by the clock of the site. Raises ConfigError."""
    return loader.load_rules(rule_files(settings), settings.site.timezone)


def watch_rules(settings: Config) -> WatchedFiles[RuleSet]:
    """The files of the rules, read again when one is edited."""
    return WatchedFiles("the rules", lambda: rule_files(settings), lambda: build_rules(settings))


def build_profiles(settings: Config) -> Profiles:
    """The shipped vendor profiles, with the site's own in front. Raises ConfigError."""
    return Profiles.load(FOLDER, settings.resolve_path(settings.collectors.profiles))


def build_store(settings: Config) -> Store:
    return maintenance.open_store(settings.database_path, MIGRATIONS)


def build_snmp_client(settings: Config) -> SnmpClient:
    snmp = settings.snmp
    return SnmpClient(
        SnmpSettings(
            timeout=snmp.timeout,
            retries=snmp.retries,
            sweep_linger=snmp.timeout,
            requests_per_second=snmp.requests_per_second,
            requests_per_subnet=snmp.requests_per_second_per_subnet,
            engine=snmp.engine,
        )
    )


def build_poll_queue(settings: Config, stretch: float = 1.0) -> PollQueue:
    """When each printer is polled for what. `stretch`: how many times as long as configured it waits."""
    cadence = {tier: getattr(settings.schedule, tier.value) for tier in Tier}
    return PollQueue(cadence, settings.schedule.quiet_hours, slowdown=stretch)


def build_identity(settings: Config) -> AgentIdentity | PendingEnrolment | None:
    """Who we are to the provider; before enrolment an invitation, where a token was left for us, or None."""
    try:
        if known := identities.load_identity(settings.identity_folder):
            return known
        left = PendingEnrolment(
            folder=settings.identity_folder,
            token_file=settings.token_path,
            site_id=settings.site.id,
            on_enrolled=partial(_record_enrolment, settings),
        )
        return left if settings.provider.url and left.token_file.exists() and left.agent_id else None
    except identities.NotEnrolled as why:
        raise StoreError(str(why)) from why


def _record_enrolment(settings: Config, known: AgentIdentity) -> None:
    log.info("enrolled with %s as %s", settings.provider.url, known.agent_id)
    audit.append_entry(
        settings.state_folder, "enrolled", agent_id=known.agent_id, provider=settings.provider.url
    )


def build_target(settings: Config, identity: AgentIdentity | PendingEnrolment | None = None) -> Target | None:
    """Where events go; None while no provider is configured: then they wait. Raises ConfigError."""
    if configured := settings.read_target(targets):
        name, table = configured
        found: Target = plugins.load_plugin(targets, name).connect(table)
        return found
    if not settings.provider.url:
        return None
    return https.connect(build_provider_settings(settings), identity)


def build_provider_settings(settings: Config) -> https.Settings:
    """How to reach the provider."""
    there = settings.provider
    return https.Settings(
        url=there.url,
        ca_file=settings.resolve_path(there.ca_file) if there.ca_file else None,
        token_file=settings.resolve_path(there.token_file) if there.token_file else None,
        proxy=there.proxy or None,
        insecure_loopback=there.insecure_loopback,
    )


def build_sender(
    settings: Config, identity: AgentIdentity | PendingEnrolment | None, target: Target | None
) -> Sender:
    """What may leave the site, in whose name, and for whom."""
    leaves = privacy.PrivacyRules(
        remove=frozenset(settings.egress.remove), mask=frozenset(settings.egress.mask)
    )
    return Sender(
        site_id=settings.site.id,
        agent_id=identity.agent_id if identity else leaves.host_name(socket.gethostname()),
        privacy=leaves,
        load_precisions=feedback_store.PrecisionCache(),
        load_capabilities=partial(provider_state.load_capabilities, target=target),
    )


def build_line(settings: Config, rules: RuleSet, sender: Sender) -> Pipeline:
    """The stages that a poll passes, in one transaction."""
    calendar = Calendar(zone=settings.site.timezone)
    return Pipeline(
        evaluator.RuleEvaluator(rules), sender, calendar=calendar, assign_tags=TagAssigner(settings)
    )


def build_asking(settings: Config, engine: SnmpClient, clock: Clock, counts: Counter[str]) -> PrinterReader:
    """How one printer is read: by every collector that is enabled. Raises ConfigError."""
    first = list(find_collectors(settings, "always").values())
    second = [IppFallback(name, one) for name, one in find_collectors(settings, "fills_gaps").items()]
    return PrinterReader(engine, clock, settings, build_profiles(settings), first, second, counts)


def build_delivery(settings: Config, target: Target | None, store: Store, clock: Clock) -> Delivery | None:
    """What sends the outbox to the target; None while there is none."""
    return Delivery(target, store, clock, source=f"/sites/{settings.site.id}") if target else None


def build_provider_poller(
    settings: Config, target: Target | None, store: Store, clock: Clock
) -> ProviderPoller | None:
    """Who asks the provider what it takes and what its desk says; None where nobody can be asked."""
    if not isinstance(target, QueryableTarget):
        return None
    return ProviderPoller(target, store, clock, process_feedback, every=settings.schedule.feedback)


def process_feedback(tx: sqlite3.Connection, words: Sequence[Feedback], now: float) -> None:
    """Take in what the desk says."""
    heard = feedback_store.save_feedback(tx, [word.model_dump() for word in words], now)
    if heard.unknown:
        log.info("the desk speaks of %d tickets that are not ours", len(heard.unknown))


def build_agent(path: Path, clock: Clock, told: OutcomeCallback = do_nothing) -> Agent:
    """The agent that the configuration in `path` describes. Raises ConfigError and StoreError."""
    load = partial(config.load_config, path, targets, secret_store.unseal_secret)
    return assemble_agent(WatchedFiles("config.toml", lambda: [path], load), clock, told)


def build_agent_from(
    settings: Config, clock: Clock | None = None, told: OutcomeCallback = do_nothing
) -> Agent:
    """An agent for settings that come from no file."""
    return assemble_agent(WatchedFiles("the settings", list, lambda: settings), clock or Clock(), told)


def assemble_agent(settings: WatchedFiles[Config], clock: Clock, told: OutcomeCallback) -> Agent:
    """Put the agent together; opens its state, and no socket yet."""
    first = settings.load_first()
    counts = Counter[str]()
    territory, engine = AccessPolicy.from_config(first), build_snmp_client(first)
    asking = build_asking(first, engine, clock, counts)
    rules, identity = watch_rules(first), build_identity(first)
    target = build_target(first, identity)
    line = build_line(first, rules.load_first(), build_sender(first, identity, target))
    store, roll = build_store(first), FleetState(first.site.id, first.rules.first_days)
    delivery = build_delivery(first, target, store, clock)
    intake = BatchWriter(store, line, roll, partial(_committed, delivery, told))
    return Agent(
        config=first,
        clock=clock,
        store=store,
        snmp_client=engine,
        line=line,
        batch_writer=intake,
        poller=Poller(territory, store, asking, intake, roll, build_poll_queue(first)),
        maintenance=Maintenance(store, clock, line.sender),
        discovery=DiscoveryRunner(territory, store, engine, asking, intake, roll),
        rules=rules,
        settings=settings,
        target=target,
        delivery=delivery,
        provider_poller=build_provider_poller(first, target, store, clock),
        counts=counts,
    )


def _committed(delivery: Delivery | None, told: OutcomeCallback, outcome: PollOutcome) -> None:
    """A poll is on the disk: send its events without waiting."""
    if outcome.events and delivery:
        delivery.wake()
    told(outcome)
