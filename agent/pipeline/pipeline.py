"""The pipeline: one reading's way through the stages, in one transaction: all of its effects, or none.

Reading ──► inventory ──► meters ──► history ──► rules ──► tickets ──► report ──► outbox
             device       epochs     Facts      Change    TicketEvent ▲ Envelope
                            └──────── the first read of a day ────────┘
"""

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from agent.contracts.ticket_terms import ContractTerms
from agent.core.calendars import Calendar
from agent.core.model import Change, Device, Facts, Identity, SiteFacts, Snapshot
from agent.discovery import address_credentials, binding, inventory
from agent.discovery.binding import Binding, IdentityClaim
from agent.pipeline import certificate_pins, device_events, facts_builder
from agent.pipeline.device_tags import AssignTags, assign_nothing
from agent.reporting.sender import Sender
from agent.rules import state_store
from agent.rules.evaluator import RuleEvaluator
from agent.tickets import grouping, held_changes
from agent.tickets.held_changes import Hold
from agent.tickets.silences import SilenceList

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollResult:
    """A snapshot and the way it was read. `device`: the key of the printer polled, None for a new address."""

    snapshot: Snapshot
    device: str | None = None
    credential: str | None = None
    learned: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """The effect of a reading."""

    device: Device | None
    snapshot: Snapshot
    displaced: tuple[Device, ...] = ()  # devices that lost the address to `device`
    events: int = 0  # ticket events put into the outbox


@dataclass(slots=True)
class Pipeline:
    """The stages in order. `evaluator` is replaced as a whole when the rules change."""

    evaluator: RuleEvaluator
    sender: Sender
    calendar: Calendar = field(default_factory=Calendar)  # its midnight begins a day of meter reads
    assign_tags: AssignTags = assign_nothing  # by the configuration
    must_answer: Callable[[str, str], bool] = lambda *_: False  # see `AccessPolicy.must_answer`
    terms: ContractTerms = field(default_factory=ContractTerms)  # replaced as a whole when they change
    silences: SilenceList = field(default_factory=SilenceList.without_file)

    def process_poll(self, tx: sqlite3.Connection, reading: PollResult, site: SiteFacts) -> PollOutcome:
        """Write everything that `reading` changes to `tx`."""
        snapshot = reading.snapshot
        bound = self._identify_device(tx, reading)
        if bound is None:
            return PollOutcome(device=None, snapshot=snapshot)
        device = self.terms.assign_contract(self.assign_tags(bound.device))
        for other in bound.displaced:
            log.warning("%s: %s answers at its address now", other.name, device.name)
            if other.key == device.replaces:
                self._end_exchanged(tx, other, snapshot.at)
        device_events.record_places(tx, self.sender, self.calendar, bound, snapshot)
        if snapshot.reachable:
            inventory.mark_seen(tx, device.key, snapshot.address, snapshot.at)
            inventory.save_learned(tx, device.key, reading.learned)
            if not bound.stranger:
                self._record_credential(tx, device, reading)
        if certificate_pins.record_certificate(tx, device.key, snapshot.certificate, snapshot.at):
            log.warning("%s shows another certificate than before: renewed, or worth a look", device.name)
        for border in facts_builder.record_meters(tx, device, snapshot):
            log.warning("%s: a counter %s: %s, then %d", device.name, border.why, border.before, border.raw)
        if snapshot.meters and device.managed:
            device_events.queue_meter_read(tx, self.sender, self.calendar, device, snapshot.at)
        known = facts_builder.update_facts(tx, device, snapshot, site, self.evaluator.used_parts)
        device_events.queue_changes(tx, self.sender, device, snapshot, known)
        told = self._emit_events(tx, self.evaluator.evaluate_device(tx, known), snapshot.at, site, known)
        return PollOutcome(device=device, snapshot=snapshot, events=told, displaced=bound.displaced)

    def evaluate_site(self, tx: sqlite3.Connection, site: SiteFacts, now: float) -> int:
        """Evaluate the rules about the site and emit events that are due; return how many were queued."""
        device_events.queue_closing_reads(tx, self.sender, self.calendar)
        return self._emit_events(tx, self.evaluator.evaluate_site(tx, site, now), now, site)

    def find_verification(self, fault: str) -> str:
        """Find how it shows that a repair of this fault lasts: "work", "uptime", "reading" or "time"."""
        known = self.evaluator.rules.faults.get(fault)
        return known.verify if known else "time"

    def decide_hold(self, change: Change, now: float) -> Hold | None:
        """Decide whether a change waits before it becomes a ticket: for a silence, or by its contract."""
        silence = self.silences.find_silence(change, now)
        if silence:
            return Hold(until=silence.ends, reason="silenced")
        until = self.terms.find_delay_end(change)
        return Hold(until=until, reason="delay") if until is not None and until > now else None

    def _emit_events(
        self,
        tx: sqlite3.Connection,
        changes: list[Change],
        now: float,
        site: SiteFacts,
        known: Facts | None = None,
    ) -> int:
        """Queue the ticket events that follow from `changes`.

        `known`: facts of the printer just read; the facts of others, whose ticket waited for its group, are
        loaded.
        """
        passed = held_changes.apply_holds(tx, self.terms.adapt_changes(changes), now, self.decide_hold)
        events = [*grouping.apply_changes(tx, passed), *grouping.collect_due_events(tx, now)]
        for event in events:
            same = known is not None and event.device.key == known.device.key
            self.sender.queue_ticket(
                tx, event, known if same else facts_builder.load_facts(tx, event.device, now, site)
            )
        return len(events)

    def _end_exchanged(self, tx: sqlite3.Connection, device: Device, at: float) -> None:
        """End the tickets of a printer in whose place another one stands; its rules begin anew elsewhere."""
        state_store.delete_states(tx, device.key)
        for event in grouping.end_device_tickets(tx, device, at):
            self.sender.queue_ticket(tx, event)

    def _record_credential(self, tx: sqlite3.Connection, device: Device, reading: PollResult) -> None:
        """Note the credential that the printer answered, and where.

        A stranger at the address of another printer gets no claim to that printer's credential.
        """
        stranger = reading.device not in {None, device.key} and device.first_seen >= reading.snapshot.at
        if reading.credential and not stranger:
            address_credentials.record_answer(tx, reading.snapshot.address, device, reading.credential)

    def _identify_device(self, tx: sqlite3.Connection, reading: PollResult) -> Binding | None:
        """Find the device that answered: by its identity, or else the one that was polled at this address.

        A printer that has moved away from the address in the meantime gets no reading from it.
        """
        snapshot = reading.snapshot
        if snapshot.identity is not None:
            return binding.bind_identity(
                tx,
                snapshot.identity,
                snapshot.address,
                now=snapshot.at,
                credential=reading.credential,
                learned=reading.learned,
                claim=IdentityClaim(
                    proof=snapshot.proof.kind if snapshot.proof else identity_kind(snapshot.identity),
                    is_stranger=partial(self._is_stranger, reading),
                ),
            )
        known = inventory.find_device_at(tx, snapshot.address)
        return Binding(device=known) if known and known.key == reading.device else None

    def _is_stranger(self, reading: PollResult, device: Device) -> bool:
        """Report that `reading` did not answer the credential that this printer must answer."""
        known = device.credential
        return known not in {None, reading.credential} and self.must_answer(device.address.host, known or "")


def identity_kind(identity: Identity) -> str:
    """Name the proof of an identity that one answer carried as a whole, as over IPP."""
    proofs = {"uuid": identity.uuid, "serial": identity.serial, "mac": identity.mac}
    return next((kind for kind, value in proofs.items() if value), "unproved")
