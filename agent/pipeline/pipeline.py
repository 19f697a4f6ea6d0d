"""One reading's way down the line, in one transaction: all of its effects, or none.

Reading ──► inventory ──► meters ──► history ──► rules ──► tickets ──► report ──► outbox
             device       epochs     Facts      Change    TicketEvent ▲ Envelope
                            └──────── the first read of a day ────────┘
"""

import logging
import sqlite3
from dataclasses import dataclass, field

from agent.core.calendars import Calendar
from agent.core.model import Change, Device, Facts, SiteFacts, Snapshot
from agent.discovery import inventory
from agent.pipeline import certificate_pins, device_events, facts_builder
from agent.pipeline.device_tags import AssignTags, assign_nothing
from agent.reporting.sender import Sender
from agent.rules.evaluator import RuleEvaluator
from agent.tickets import grouping

log = logging.getLogger("printwarden.meters")


@dataclass(frozen=True, slots=True, kw_only=True)
class PollResult:
    """A snapshot, with how it was had. `device` is the key of who was asked, None for a newcomer."""

    snapshot: Snapshot
    device: str | None = None
    credential: str | None = None
    learned: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """What a reading led to."""

    device: Device | None
    snapshot: Snapshot
    events: int = 0  # ticket events put into the outbox


@dataclass(slots=True)
class Pipeline:
    """The stages in order. `judge` is replaced as a whole when the rules change."""

    evaluator: RuleEvaluator
    sender: Sender
    calendar: Calendar = field(default_factory=Calendar)  # whose midnight begins a day of reads
    assign_tags: AssignTags = assign_nothing  # what the configuration says of a printer

    def process_poll(self, tx: sqlite3.Connection, reading: PollResult, site: SiteFacts) -> PollOutcome:
        """Everything that `reading` changes, written to `tx`."""
        snapshot = reading.snapshot
        device = self._identify_device(tx, reading)
        if device is None:
            return PollOutcome(device=None, snapshot=snapshot)
        device = self.assign_tags(device)
        if snapshot.reachable:
            inventory.mark_seen(tx, device.key, snapshot.address, snapshot.at)
            inventory.save_learned(tx, device.key, reading.learned)
        if certificate_pins.record_certificate(tx, device.key, snapshot.certificate, snapshot.at):
            log.warning("%s shows another certificate than before: renewed, or worth a look", device.name)
        for border in facts_builder.record_meters(tx, device, snapshot):
            log.warning("%s: a counter %s: %s, then %d", device.name, border.why, border.before, border.raw)
        if snapshot.meters:
            device_events.queue_meter_read(tx, self.sender, self.calendar, device, snapshot.at)
        known = facts_builder.update_facts(tx, device, snapshot, site, self.evaluator.used_parts)
        device_events.queue_changes(tx, self.sender, device, snapshot, known)
        told = self._emit_events(tx, self.evaluator.evaluate_device(tx, known), snapshot.at, site, known)
        return PollOutcome(device=device, snapshot=snapshot, events=told)

    def evaluate_site(self, tx: sqlite3.Connection, site: SiteFacts, now: float) -> int:
        """Judge the site as a whole, and tell what has waited for its time. Returns the events told."""
        return self._emit_events(tx, self.evaluator.evaluate_site(tx, site, now), now, site)

    def _emit_events(
        self,
        tx: sqlite3.Connection,
        changes: list[Change],
        now: float,
        site: SiteFacts,
        known: Facts | None = None,
    ) -> int:
        """Tell what the changes come to. `known`: of the printer that was just read; of others, whose ticket
        has waited for company, it is looked up."""
        events = [*grouping.apply_changes(tx, changes), *grouping.collect_due_events(tx, now)]
        for event in events:
            same = known is not None and event.device.key == known.device.key
            self.sender.queue_ticket(
                tx, event, known if same else facts_builder.load_facts(tx, event.device, now, site)
            )
        return len(events)

    def _identify_device(self, tx: sqlite3.Connection, reading: PollResult) -> Device | None:
        """The device that answered: by what it says of itself, or else as it was known when it was asked.

        A printer that has meanwhile moved away from the address gets nothing from there.
        """
        snapshot = reading.snapshot
        if snapshot.identity is not None:
            return inventory.bind_identity(
                tx,
                snapshot.identity,
                snapshot.address,
                now=snapshot.at,
                credential=reading.credential,
                learned=reading.learned,
            )
        known = inventory.find_device_at(tx, snapshot.address)
        return known if known and known.key == reading.device else None
