"""The sender: turns records of the agent into events of the contract and queues them for delivery.

    record ──► event of the contract (reporting/events) ──► privacy filter ──► outbox
                                                                  └─────────► journal

Unknown values are written as null. The contract with the provider is in `uplink/events/`.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from agent.contracts.ticket_terms import ContractTerms, TicketTerms
from agent.core.health import Health
from agent.core.model import Device, Facts, TicketEvent
from agent.history.meters import daily_reads
from agent.history.meters.daily_reads import MeterStatement
from agent.reporting import journal, ticket_times
from agent.reporting.events.agent_health import build_agent_health
from agent.reporting.events.contract_terms import add_asset, build_contract_parts, build_meters
from agent.reporting.events.device_inventory import build_device_inventory
from agent.reporting.events.meter_read import build_meter_read
from agent.reporting.events.rows import build_agent, build_device
from agent.reporting.events.supply_order_hint import build_supply_order_hint
from agent.reporting.events.ticket import build_rule, build_ticket
from agent.reporting.privacy import PrivacyRules
from agent.reporting.supply_stages import SupplyHint
from agent.reporting.text_limits import fit_texts
from agent.reporting.ticket_times import TicketCase
from agent.rules.rules_in_force import RulesInForce, load_no_rules
from agent.tickets.feedback.precision import RulePrecision
from uplink.events.base import Agent, Event
from uplink.events.device_inventory import Inventory, Reason
from uplink.events.ticket import Rule, Ticket
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Envelope, Lane, Supersede
from uplink.provider.capabilities import ALL_CAPABILITIES, Capabilities

ENDED = frozenset({"clear", "verified"})  # steps by which the fault is gone
SITE_PREFIX = "site:"  # of the key of a ticket about a whole site

LoadPrecisions = Callable[[sqlite3.Connection, str | None], Sequence[RulePrecision]]
"""Loads the measured precision of one rule, or of all rules (None)."""


LoadCapabilities = Callable[[sqlite3.Connection], Capabilities]
"""Loads the capabilities of the provider."""


def accept_all(_: sqlite3.Connection) -> Capabilities:
    """Accept every event type: for agents without a provider to ask."""
    return ALL_CAPABILITIES


def no_precision(_: sqlite3.Connection, __: str | None) -> Sequence[RulePrecision]:
    """Return no precision: for agents without feedback."""
    return ()


def translate_step(event: TicketEvent, takes: Capabilities) -> TicketEvent | None:
    """Return the event in words that the provider knows; None for one that has no such word.

    `verified` is not sent to a provider that does not name it; `cancel` is sent as `clear` with its reason.
    """
    if takes.accepts_step(event.event):
        return event
    if event.event == "cancel":
        return replace(event, event="clear", evidence={**event.evidence, "cancelled": True})
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Queues events in the name of this agent and site."""

    METER_READ: ClassVar = "mps.meter_read/1"
    INVENTORY: ClassVar = "mps.device_inventory/1"
    SUPPLY_HINT: ClassVar = "mps.supply_order_hint/1"

    site_id: str
    agent_id: str = ""
    privacy: PrivacyRules = field(default_factory=PrivacyRules)
    load_precisions: LoadPrecisions = no_precision
    load_capabilities: LoadCapabilities = accept_all  # event types that the provider takes
    load_rules: Callable[[], RulesInForce] = load_no_rules
    load_terms: Callable[[], ContractTerms] = ContractTerms

    def queue_ticket(self, tx: sqlite3.Connection, event: TicketEvent, facts: Facts | None = None) -> None:
        """Queue a ticket event, in the caller's transaction.

        `facts`: the printer's current facts; None for tickets that are not about one printer. A step that the
        provider does not know is not queued, or travels under a word that it knows.
        """
        known = translate_step(event, self.load_capabilities(tx))
        if known is None:
            return
        event = known
        precision = next(iter(self.load_precisions(tx, event.rule)), None)
        ticket = build_ticket(self._build_agent(), event, facts, self._build_rule(event.rule, precision))
        self._send(
            tx,
            self._add_contract(tx, ticket, event),
            lane=Lane.TICKETS,
            subject=event.ticket_id,
            at=event.at,
            device=event.device,
            folds=Supersede.LATE if event.event == "update" else Supersede.NEVER,
        )

    def _add_contract(self, tx: sqlite3.Connection, ticket: Ticket, event: TicketEvent) -> Ticket:
        """Add what the contract says of the ticket; without contracts and assets there is nothing to add."""
        device = event.device
        if self.load_terms().is_empty or device.key.startswith(SITE_PREFIX):
            return ticket
        case = TicketCase(
            ticket=event.ticket_id,
            device=device,
            impact=event.impact,
            fault=event.fault,
            opened_at=event.opened_at,
            fixed_at=event.at if event.event in ENDED else None,
            vendor_code=ticket.fault.vendor_code,
        )
        found = self.build_terms(tx, case, event.at)
        sums = daily_reads.load_current_sums(tx, device.key, event.at)
        return ticket.model_copy(
            update={
                **build_contract_parts(found),
                "meters": build_meters(sums, event.at if sums else None),
                "fault": ticket.fault.model_copy(update={"priority": found.priority}),
                "device": add_asset(ticket.device, found.match),
            }
        )

    def build_terms(self, tx: sqlite3.Connection, case: TicketCase, now: float) -> TicketTerms:
        """Build what the contract says of a ticket as of `now`."""
        terms = replace(self.load_terms(), hears_back=self.load_capabilities(tx).feedback)
        times = ticket_times.load_times(tx, case)
        return terms.build_terms(
            case.device, case.impact, case.fault, times, now, vendor_code=case.vendor_code
        )

    def queue_heartbeat(
        self, tx: sqlite3.Connection, now: float, health: Health, *, clock_ahead: float | None = None
    ) -> None:
        """Queue a heartbeat. `clock_ahead`: seconds that this clock is ahead of the provider's, measured by
        the Date header of its last answer."""
        agent, precisions = self._build_agent(clock_ahead), self.load_precisions(tx, None)
        outbox_counts, rules = queries.count_outbox(tx), self.load_rules()
        health = replace(health, silences=[*map(self.privacy.filter_silence, health.silences)])
        event = build_agent_health(agent, health, outbox_counts, precisions, now, rules)
        self._send(tx, event, lane=Lane.HEARTBEAT, subject="agent", at=now, folds=Supersede.AT_ONCE)

    def queue_meter_read(self, tx: sqlite3.Connection, device: Device, read: MeterStatement) -> bool:
        """Queue a meter read, in the lane of the tickets, because invoices rest on it. Return False if there
        was no room: the caller queues it again later."""
        event = build_meter_read(self._build_agent(), device, read)
        subject = self._subject(device)
        return self._send(tx, event, lane=Lane.TICKETS, subject=subject, at=read.at, device=device)

    def is_accepted(self, tx: sqlite3.Connection, kind: str) -> bool:
        """Check whether the provider takes events of this type; others would be rejected there."""
        return self.load_capabilities(tx).accepts_type(kind)

    def filter_inventory(self, device: Device, inventory: Inventory) -> dict[str, Any]:
        """Build the device and inventory objects and apply the privacy filter."""
        data = {"device": build_device(device).to_json(), "inventory": inventory.to_json()}
        return self.privacy.filter_message(data, device)

    def queue_inventory(
        self, tx: sqlite3.Connection, device: Device, inventory: Inventory, reason: Reason, at: float
    ) -> bool:
        """Queue a device inventory. Return False if there was no room."""
        event = build_device_inventory(self._build_agent(), device, inventory, reason, at)
        subject, newest = self._subject(device), Supersede.AT_ONCE
        return self._send(tx, event, lane=Lane.HEARTBEAT, subject=subject, at=at, device=device, folds=newest)

    def queue_supply_hint(self, tx: sqlite3.Connection, device: Device, hint: SupplyHint, at: float) -> bool:
        """Queue a supply hint. Return False if there was no room."""
        event = build_supply_order_hint(self._build_agent(), device, hint, at)
        subject, newest = self._subject(device, hint.index), Supersede.AT_ONCE
        return self._send(tx, event, lane=Lane.METERS, subject=subject, at=at, device=device, folds=newest)

    def _send(
        self,
        tx: sqlite3.Connection,
        event: Event,
        *,
        lane: Lane,
        subject: str,
        at: float,
        device: Device | None = None,
        folds: Supersede = Supersede.NEVER,
    ) -> bool:
        """Filter an event and queue it. Return False if there was no room.

        `device`: the printer whose address and names the privacy filter looks for.
        """
        data = event.to_json()
        if device:
            data = self.privacy.filter_message(data, device)
        data = fit_texts(data, type(event))
        envelope = Envelope(
            lane=lane, type=data["schema"], subject=subject, time=at, data=data, supersede=folds
        )
        return self._queue_envelope(tx, envelope)

    def _queue_envelope(self, tx: sqlite3.Connection, envelope: Envelope) -> bool:
        """Put an envelope into the outbox and the journal. Return False if there was no room."""
        number = outbox.put(tx, envelope)
        if number is not None:
            journal.save_message(tx, number, envelope)
        return number is not None

    def _subject(self, device: Device, part: str = "") -> str:
        """Build the filtered subject of events about a device, or about a part of it."""
        return self.privacy.filter_subject(f"{device.key}|{part}" if part else device.key, device)

    def _build_agent(self, clock_ahead: float | None = None) -> Agent:
        return build_agent(self.agent_id, self.site_id, clock_ahead, self.load_rules().hash)

    def _build_rule(self, rule: str, precision: RulePrecision | None) -> Rule:
        return build_rule(rule, precision, self.load_rules().versions.get(rule))
