"""The composition root: the agent, put together in the order in which things flow.

config ─► access policy ─► SNMP client ─► printer reader ─► discovery, poller ─► batch writer ─► delivery
          permitted hosts                 collectors                             pipeline, in     to the
                                                                                 one transaction  provider

One builder a stage, in this order; `Agent.use_rules` and `Agent.use_config` put edited files into force.
"""

import logging
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from agent import config
from agent.collectors._vendor.vendor_profiles import FOLDER, Profiles
from agent.config import Config, site_key, startup_keys
from agent.config.access_policy import AccessPolicy
from agent.config.trusted_hosts import TrustedHosts
from agent.contracts.ticket_terms import ContractTerms
from agent.core import audit, health, plugins, state_folder, store_recovery
from agent.core.calendars import Calendar
from agent.core.clock import Clock
from agent.core.errors import ConfigError, StoreError
from agent.core.failure_log import FailureLog
from agent.core.model import Tier
from agent.core.store import Store
from agent.core.supervisor import Supervisor
from agent.core.watched_files import WatchedFiles
from agent.discovery import announced_places, inventory
from agent.forecast import forecast_store
from agent.history import record, supply_gauges
from agent.history.meters import daily_reads, ledger
from agent.pipeline import certificate_pins, contract_edits, contract_files
from agent.pipeline.batch_writer import BatchWriter
from agent.pipeline.device_tags import TagAssigner
from agent.pipeline.pipeline import Pipeline, PollOutcome
from agent.pipeline.polling.collecting import find_collectors
from agent.pipeline.polling.discovery_run import DiscoveryRunner
from agent.pipeline.polling.fleet_state import FleetState
from agent.pipeline.polling.ipp_fallback import IppFallback
from agent.pipeline.polling.mac_gate import ExcludedMacs
from agent.pipeline.polling.poller import Poller
from agent.pipeline.polling.printer_reader import PrinterReader
from agent.pipeline.polling.schedule import PollQueue
from agent.reporting import (
    inventory_changes,
    journal,
    maintenance,
    privacy,
    promise_watch,
    sender_identity,
    supply_stages,
    verification,
)
from agent.reporting.maintenance import Maintenance
from agent.reporting.sender import Sender
from agent.rules import evaluator, loader
from agent.rules.rule import RuleSet
from agent.snmp.engine import SnmpClient, SnmpSettings
from agent.tickets import approvals, grouping, held_changes, lifecycle, timeline
from agent.tickets.feedback import desk_requests, feedback_store
from agent.tickets.silences import SilenceList
from uplink import targets
from uplink.delivery.delivery import Delivery
from uplink.events.feedback import Feedback
from uplink.events.request import ProviderRequest
from uplink.identity import identity as identities
from uplink.identity import secret_store
from uplink.identity.identity import AgentIdentity, PendingEnrolment
from uplink.interfaces import QueryableTarget, Target
from uplink.outbox import outbox
from uplink.provider import provider_state
from uplink.provider.poller import ProviderPoller
from uplink.targets import https

log = logging.getLogger(__name__)

MIGRATIONS = {
    "inventory": inventory.SCHEMA,
    "history": record.SCHEMA,
    "meters": ledger.SCHEMA,
    "reads": daily_reads.SCHEMA,
    "inventory_changes": inventory_changes.SCHEMA,
    "supply_stages": supply_stages.SCHEMA,
    "certificates": certificate_pins.SCHEMA,
    "announced_ipp": announced_places.SCHEMA,
    "gauges": supply_gauges.SCHEMA,
    "forecast": forecast_store.SCHEMA,
    "rules": evaluator.SCHEMA,
    "tickets": lifecycle.SCHEMA,
    "grouping": grouping.SCHEMA,
    "feedback": feedback_store.SCHEMA,
    "timeline": timeline.SCHEMA,
    "approvals": approvals.SCHEMA,
    "holds": held_changes.SCHEMA,
    "verification": verification.SCHEMA,
    "promises": promise_watch.SCHEMA,
    "desk_requests": desk_requests.SCHEMA,
    "outbox": outbox.SCHEMA,
    "egress": journal.SCHEMA,
    "health": health.SCHEMA,
}


OutcomeCallback = Callable[[PollOutcome], None]


def do_nothing(*_: object) -> None:
    """Ignore the arguments: the default of callbacks."""


@dataclass(slots=True)
class Agent:
    """The parts of a running agent, connected."""

    config: Config
    clock: Clock
    store: Store
    snmp_client: SnmpClient
    pipeline: Pipeline
    batch_writer: BatchWriter
    poller: Poller
    discovery: DiscoveryRunner
    maintenance: Maintenance
    rules: WatchedFiles[RuleSet]
    contracts: WatchedFiles[ContractTerms]
    settings: WatchedFiles[Config]
    target: Target | None
    delivery: Delivery | None
    provider_poller: ProviderPoller | None
    counts: Counter[str]
    supervisor: Supervisor
    notices: dict[str, str]  # what happened since the start, by subject: the newest sentence of each

    def use_rules(self, rules: RuleSet) -> None:
        """Evaluate by these rules from the next poll on."""
        self.pipeline.evaluator = evaluator.RuleEvaluator(rules)
        audit.append_entry(
            self.config.state_folder, "rules in force", rules=len(rules.rules), rules_hash=rules.hash
        )

    async def offer_contracts(self, terms: ContractTerms) -> bool:
        """Put edited contracts and assets into force; False if they wait for a person's consent."""
        before = self.pipeline.terms
        impact = await self.store.run(lambda tx: contract_edits.measure_edit(tx, self.config, before, terms))
        if impact.needs_consent and not contract_edits.is_accepted(self.config):
            self.contracts.complaint = f"it {impact.format_summary()}: {contract_edits.HOW_TO_ACCEPT}"
            log.warning("the contracts: %s", self.contracts.complaint)
            return False
        self.pipeline.terms = terms
        contract_edits.keep_in_force(self.config)
        contract_files.record_use(self.config.state_folder, terms)
        return True

    def use_config(self, edited: Config) -> None:
        """Put an edited configuration into force, but for what is read `at_start`: those keys are logged."""
        self.config, waiting = startup_keys.keep_started(self.config, edited)
        self.poller.policy = self.discovery.policy = AccessPolicy.from_config(self.config)
        self.poller.printer_reader.excluded.macs = frozenset(self.config.exclude.macs)
        self.poller.poll_queue = build_poll_queue(self.config, stretch=self.maintenance.slowdown)
        self.pipeline.assign_tags = TagAssigner(self.config)
        self.pipeline.must_answer = self.poller.policy.must_answer
        if waiting:
            log.warning("config.toml: takes effect at the next start: %s", ", ".join(waiting))
        audit.append_entry(self.config.state_folder, "configuration in force", at_next_start=waiting)


def rule_files(settings: Config) -> list[Path]:
    """The shipped rules, then the site's own, in the order in which later ones override."""
    return [*loader.shipped_files(), *loader.rule_files(settings.resolve_path(settings.rules.folder))]


def build_rules(settings: Config) -> RuleSet:
    """Load the rules in force, by the clock of the site. Raises ConfigError."""
    schedule = settings.schedule
    intervals = {
        "alerts": schedule.alerts,
        "status": schedule.alerts,
        "supplies": schedule.supplies,
        "meters": schedule.meters,
    }
    for unread in loader.find_unread_files([settings.resolve_path(settings.rules.folder)]):
        log.warning("%s", unread)
    return loader.load_rules(rule_files(settings), settings.site.timezone, intervals)


def watch_rules(settings: Config) -> WatchedFiles[RuleSet]:
    """The files of the rules, read again when one is edited."""
    return WatchedFiles("the rules", lambda: rule_files(settings), lambda: build_rules(settings))


def build_profiles(settings: Config) -> Profiles:
    """The shipped vendor profiles, with the site's own in front. Raises ConfigError."""
    return Profiles.load(FOLDER, settings.resolve_path(settings.collectors.profiles))


def build_store(settings: Config) -> Store:
    return maintenance.open_store(settings.database_path, MIGRATIONS)


def build_snmp_client(settings: Config, profiles: Profiles | None = None) -> SnmpClient:
    snmp = settings.snmp
    return SnmpClient(
        SnmpSettings(
            timeout=snmp.timeout,
            retries=snmp.retries,
            sweep_linger=snmp.timeout,
            requests_per_second=snmp.requests_per_second,
            requests_per_subnet=snmp.requests_per_second_per_subnet,
            contexts=profiles.snmp_contexts if profiles is not None else {},
            engine=snmp.engine,
        )
    )


def build_poll_queue(settings: Config, stretch: float = 1.0) -> PollQueue:
    """Build the queue of due polls. `stretch`: factor on the configured cadences."""
    cadence = {tier: getattr(settings.schedule, tier.value) for tier in Tier}
    return PollQueue(cadence, settings.schedule.quiet_hours, slowdown=stretch)


def build_identity(settings: Config) -> AgentIdentity | PendingEnrolment | None:
    """Load the agent's identity; before enrolment a pending one if a token was saved, or None."""
    try:
        if identity := identities.load_identity(settings.identity_folder):
            return identity
        pending = PendingEnrolment(
            folder=settings.identity_folder,
            token_file=settings.token_path,
            site_id=settings.site.id,
            on_enrolled=partial(_record_enrolment, settings),
        )
        return pending if settings.provider.url and pending.token_file.exists() and pending.agent_id else None
    except identities.NotEnrolled as why:
        raise StoreError(str(why)) from why
    except OSError as why:
        place = settings.identity_folder
        hint = state_folder.format_owner_hint(place) or state_folder.format_owner_hint(settings.state_folder)
        raise StoreError(f"{why.filename or place} cannot be read: {why.strerror or why}{hint}") from why


def _record_enrolment(settings: Config, identity: AgentIdentity) -> None:
    log.info("enrolled with %s as %s", settings.provider.url, identity.agent_id)
    audit.append_entry(
        settings.state_folder, "enrolled", agent_id=identity.agent_id, provider=settings.provider.url
    )


def build_target(settings: Config, identity: AgentIdentity | PendingEnrolment | None = None) -> Target | None:
    """Build the target of events; None without a provider: then they wait. Raises ConfigError."""
    try:
        if configured := settings.read_target(targets):
            name, table = configured
            found: Target = plugins.load_plugin(targets, name).connect(table)
            return found
        return https.connect(build_provider_settings(settings), identity) if settings.provider.url else None
    except (ValueError, OSError) as why:  # also a proxy of the environment, or a ca_file without certificates
        raise ConfigError.for_file(
            settings.folder / "config.toml",
            f"the provider cannot be used like this: {why}",
            key="provider",
            suggestion="look at url, at proxy (also HTTPS_PROXY of the environment) and at ca_file",
        ) from None


def build_provider_settings(settings: Config) -> https.Settings:
    """Build the settings of the connection to the provider."""
    provider = settings.provider
    return https.Settings(
        url=provider.url,
        ca_file=settings.resolve_path(provider.ca_file) if provider.ca_file else None,
        token_file=settings.resolve_path(provider.token_file) if provider.token_file else None,
        proxy=provider.proxy or None,
        insecure_loopback=provider.insecure_loopback,
    )


def load_site_key(settings: Config) -> bytes:
    """Load the key of the fingerprints of removed and masked values. Raises ConfigError."""
    return site_key.load_site_key(settings, secret_store.unseal_secret, secret_store.seal_secret)


def build_sender(
    settings: Config, identity: AgentIdentity | PendingEnrolment | None, target: Target | None
) -> Sender:
    """Build the sender: it removes and masks what must not leave the site."""
    rules = privacy.PrivacyRules(
        remove=frozenset(settings.egress.remove),
        mask=frozenset(settings.egress.mask),
        site_key=load_site_key(settings) if settings.egress.remove or settings.egress.mask else b"",
    )
    return Sender(
        site_id=sender_identity.find_site_id(settings.site.id, identity),
        agent_id=identity.agent_id if identity else rules.host_name(socket.gethostname()),
        privacy=rules,
        load_precisions=feedback_store.PrecisionCache(),
        load_capabilities=partial(provider_state.load_capabilities, target=target),
    )


def build_pipeline(settings: Config, rules: RuleSet, sender: Sender) -> Pipeline:
    """Build the stages that a poll passes, in one transaction."""
    calendar = Calendar(zone=settings.site.timezone)
    pipeline = Pipeline(
        evaluator.RuleEvaluator(rules), sender, calendar=calendar, assign_tags=TagAssigner(settings)
    )
    pipeline.silences = SilenceList.in_folder(settings.state_folder)
    pipeline.sender = replace(sender, load_rules=lambda: pipeline.evaluator.rules.in_force)
    pipeline.sender = replace(pipeline.sender, load_terms=lambda: pipeline.terms)
    return pipeline


def build_reader(
    settings: Config, snmp_client: SnmpClient, clock: Clock, counts: Counter[str], profiles: Profiles
) -> PrinterReader:
    """Build the reader of one printer, with every enabled collector."""
    first = list(find_collectors(settings, "always").values())
    second = [IppFallback(name, one) for name, one in find_collectors(settings, "fills_gaps").items()]
    excluded = ExcludedMacs(frozenset(settings.exclude.macs))
    return PrinterReader(snmp_client, clock, settings, profiles, first, second, counts, excluded)


def build_delivery(site_id: str, target: Target | None, store: Store, clock: Clock) -> Delivery | None:
    """Build the delivery of the outbox to the target; None without a target."""
    return Delivery(target, store, clock, source=f"/sites/{site_id}") if target else None


def build_provider_poller(
    settings: Config, target: Target | None, store: Store, clock: Clock
) -> ProviderPoller | None:
    """Build the poller of capabilities and feedback; None for a target that cannot be queried."""
    if not isinstance(target, QueryableTarget):
        return None
    return ProviderPoller(
        target, store, clock, process_feedback, process_requests, every=settings.schedule.feedback
    )


def process_feedback(tx: sqlite3.Connection, received: Sequence[Feedback], now: float) -> None:
    """Save the feedback of the service desk."""
    saved = feedback_store.save_feedback(tx, [one.model_dump() for one in received], now)
    if saved.unknown:
        log.info("ignored feedback for %d unknown tickets", len(saved.unknown))


def process_requests(tx: sqlite3.Connection, received: Sequence[ProviderRequest], now: float) -> None:
    """Save what the provider asks for; maintenance answers it."""
    desk_requests.save_requests(tx, [one.model_dump() for one in received], now)


def build_agent(path: Path, clock: Clock, on_outcome: OutcomeCallback = do_nothing) -> Agent:
    """The agent that the configuration in `path` describes. Raises ConfigError and StoreError."""
    load = partial(config.load_config, path, targets, secret_store.unseal_secret)
    return assemble_agent(WatchedFiles("config.toml", lambda: [path], load), clock, on_outcome)


def build_agent_from(
    settings: Config, clock: Clock | None = None, on_outcome: OutcomeCallback = do_nothing
) -> Agent:
    """An agent for settings that come from no file."""
    return assemble_agent(WatchedFiles("the settings", list, lambda: settings), clock or Clock(), on_outcome)


def assemble_agent(settings: WatchedFiles[Config], clock: Clock, on_outcome: OutcomeCallback) -> Agent:
    """Put the agent together; opens its state, and no socket yet."""
    first = settings.load_first()
    counts = Counter[str]()
    failures = FailureLog(counts, is_fatal)
    policy, profiles = AccessPolicy.from_config(first), build_profiles(first)
    snmp_client = build_snmp_client(first, profiles)
    reader = build_reader(first, snmp_client, clock, counts, profiles)
    rules, identity = watch_rules(first), build_identity(first)
    target, site_id = build_target(first, identity), sender_identity.find_site_id(first.site.id, identity)
    pipeline = build_pipeline(first, rules.load_first(), build_sender(first, identity, target))
    contracts = contract_edits.watch_contracts(
        first, lambda: contract_files.faults_of(pipeline.evaluator.rules)
    )
    pipeline.terms = contract_edits.load_first(first, contracts)
    pipeline.must_answer = policy.must_answer
    store, fleet = build_store(first), FleetState(site_id, first.rules.first_days)
    store.run_blocking(partial(sender_identity.adopt_events, configured=first.site.id, identity=identity))
    counts.update(store.incidents)
    delivery = build_delivery(site_id, target, store, clock)
    trusted = TrustedHosts.in_folder(first.state_folder)
    batch_writer = BatchWriter(store, pipeline, fleet, partial(_send_committed, delivery, on_outcome))
    return Agent(
        config=first,
        clock=clock,
        store=store,
        snmp_client=snmp_client,
        pipeline=pipeline,
        batch_writer=batch_writer,
        poller=Poller(
            policy, store, reader, batch_writer, fleet, build_poll_queue(first), trusted, failures=failures
        ),
        maintenance=Maintenance(store, clock, pipeline.sender),
        discovery=DiscoveryRunner(policy, store, snmp_client, reader, batch_writer, fleet, trusted, failures),
        rules=rules,
        contracts=contracts,
        settings=settings,
        target=target,
        delivery=delivery,
        provider_poller=build_provider_poller(first, target, store, clock),
        counts=counts,
        supervisor=Supervisor(failures),
        notices=store.notices,
    )


def is_fatal(why: BaseException) -> bool:
    """True for an error of the state on disk, which only a new start can recover."""
    damaged = isinstance(why, sqlite3.DatabaseError) and store_recovery.is_corruption(why)
    return damaged or isinstance(why, StoreError)


def _send_committed(delivery: Delivery | None, on_outcome: OutcomeCallback, outcome: PollOutcome) -> None:
    """Send the events of a committed poll without waiting."""
    if outcome.events and delivery:
        delivery.wake()
    on_outcome(outcome)
