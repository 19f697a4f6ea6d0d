"""The only bridge to the uplink: what happened here becomes versioned events in envelopes.

    record ──► event of the contract (reporting/events) ──► privacy filter ──► outbox
                                                                  └─────────► journal

Unknown is written as null. What the provider may rely on is in `uplink/events/`.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from agent.core.health import Health
from agent.core.model import Device, Facts, TicketEvent
from agent.history.meters.daily_reads import MeterStatement
from agent.reporting import journal
from agent.reporting.events.agent_health import build_agent_health
from agent.reporting.events.device_inventory import build_device_inventory
from agent.reporting.events.meter_read import build_meter_read
from agent.reporting.events.rows import build_agent, build_device
from agent.reporting.events.supply_order_hint import build_supply_order_hint
from agent.reporting.events.ticket import build_rule, build_ticket
from agent.reporting.privacy import PrivacyRules
from agent.reporting.supply_stages import SupplyHint
from agent.tickets.feedback.precision import RulePrecision
from uplink.events.base import Agent, Event
from uplink.events.device_inventory import Inventory, Reason
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Envelope, Lane, Supersede
from uplink.provider.capabilities import ALL_CAPABILITIES, Capabilities

LoadPrecisions = Callable[[sqlite3.Connection, str | None], Sequence[RulePrecision]]
"""How often rules were right, as the desk closed their tickets: of one rule, or of all."""


LoadCapabilities = Callable[[sqlite3.Connection], Capabilities]
"""What the provider said that it takes."""


def accept_all(_: sqlite3.Connection) -> Capabilities:
    """Where nobody can be asked."""
    return ALL_CAPABILITIES


def no_precision(_: sqlite3.Connection, __: str | None) -> Sequence[RulePrecision]:
    """Where no desk has spoken."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who speaks: this agent, at this site."""

    METER_READ: ClassVar = "mps.meter_read/1"
    INVENTORY: ClassVar = "mps.device_inventory/1"
    SUPPLY_HINT: ClassVar = "mps.supply_order_hint/1"

    site_id: str
    agent_id: str = ""
    privacy: PrivacyRules = field(default_factory=PrivacyRules)  # what may leave
    load_precisions: LoadPrecisions = no_precision
    load_capabilities: LoadCapabilities = accept_all  # which types the provider knows

    def queue_ticket(self, tx: sqlite3.Connection, event: TicketEvent, facts: Facts | None = None) -> None:
        """Put a step in a ticket's life into the outbox, in the caller's transaction.

        `facts`: what is known of the printer now; None where the ticket is not about one.
        """
        precision = next(iter(self.load_precisions(tx, event.rule)), None)
        self._send(
            tx,
            build_ticket(self._build_agent(), event, facts, build_rule(event.rule, precision)),
            lane=Lane.TICKETS,
            subject=event.ticket_id,
            at=event.at,
            device=event.device,
            folds=Supersede.LATE if event.event == "update" else Supersede.NEVER,
        )

    def queue_heartbeat(
        self, tx: sqlite3.Connection, now: float, health: Health, *, clock_ahead: float | None = None
    ) -> None:
        """Tell the provider that the agent lives, and how it is. `clock_ahead`: seconds that our clock is
        ahead of the provider's, by the Date of its last answer."""
        agent, precisions = self._build_agent(clock_ahead), self.load_precisions(tx, None)
        event = build_agent_health(agent, health, queries.count_outbox(tx), precisions, now)
        self._send(tx, event, lane=Lane.HEARTBEAT, subject="agent", at=now, folds=Supersede.AT_ONCE)

    def queue_meter_read(self, tx: sqlite3.Connection, device: Device, read: MeterStatement) -> bool:
        """Tell the provider how a printer's counters stand. An invoice rests on it, so it goes with the
        tickets. False: there is no room for it, so it has to be told again."""
        event = build_meter_read(self._build_agent(), device, read)
        subject = self._subject(device)
        return self._send(tx, event, lane=Lane.TICKETS, subject=subject, at=read.at, device=device)

    def is_accepted(self, tx: sqlite3.Connection, kind: str) -> bool:
        """Whether the provider knows events of this type. What it does not know would die on its desk."""
        return self.load_capabilities(tx).accepts_type(kind)

    def filter_inventory(self, device: Device, inventory: Inventory) -> dict[str, Any]:
        """A device and its inventory as they may leave the site."""
        data = {"device": build_device(device).to_json(), "inventory": inventory.to_json()}
        return self.privacy.filter_message(data, device)

    def queue_inventory(
        self, tx: sqlite3.Connection, device: Device, inventory: Inventory, reason: Reason, at: float
    ) -> bool:
        """Tell what a printer is and what is fitted in it; whether there was room."""
        event = build_device_inventory(self._build_agent(), device, inventory, reason, at)
        subject, newest = self._subject(device), Supersede.AT_ONCE
        return self._send(tx, event, lane=Lane.HEARTBEAT, subject=subject, at=at, device=device, folds=newest)

    def queue_supply_hint(self, tx: sqlite3.Connection, device: Device, hint: SupplyHint, at: float) -> bool:
        """Tell how far a supply is on its way to empty; whether there was room."""
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
        """Send an event as it may leave; False if there is no room for it.

        `device`: whose address and names the privacy filter looks for.
        """
        data = event.to_json()
        if device:
            data = self.privacy.filter_message(data, device)
        envelope = Envelope(
            lane=lane, type=data["schema"], subject=subject, time=at, data=data, supersede=folds
        )
        return self._queue_envelope(tx, envelope)

    def _queue_envelope(self, tx: sqlite3.Connection, envelope: Envelope) -> bool:
        """Into the outbox, and into the journal of what leaves; whether there was room."""
        number = outbox.put(tx, envelope)
        if number is not None:
            journal.save_message(tx, number, envelope)
        return number is not None

    def _subject(self, device: Device, part: str = "") -> str:
        """The subject of what is told of a device, or of a part of it, as it may leave."""
        return self.privacy.filter_subject(f"{device.key}|{part}" if part else device.key, device)

    def _build_agent(self, clock_ahead: float | None = None) -> Agent:
        return build_agent(self.agent_id, self.site_id, clock_ahead)
