"""Tickets whose news the provider has missed: their current state is sent again, under their own ids.

    withheld: no room in the outbox      ──► there is room again ──┐
    the provider asks (mps.request/1)    ──► at most once an hour ─┴──► state of the ticket ──► outbox

- A repeated state changes nothing at a receiver that has it: `ticket_seq` does not rise.
- A ticket with an event that still waits in the outbox is left out: each event carries the whole ticket.
- The answer to a request is queued in pieces of 200 tickets, a transaction each; an agent that is stopped in
  between goes on behind the last piece.
"""

import sqlite3
from dataclasses import dataclass

from agent.core.model import Facts, SiteFacts
from agent.discovery import inventory
from agent.history import facts
from agent.reporting.sender import Sender
from agent.rules.evaluator import make_site_device
from agent.tickets import grouping, lifecycle
from agent.tickets.feedback import desk_requests
from agent.tickets.feedback.desk_requests import PendingRequest
from uplink.outbox import outbox, queries
from uplink.outbox.queries import DeliveryStage

PIECE = 200  # tickets of one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswer:
    """What was queued for one kind of request, in one transaction."""

    kind: str
    reason: str
    events: int
    finished: bool


def requeue_ticket(tx: sqlite3.Connection, sender: Sender, ticket_id: str, now: float) -> bool:
    """Queue the current state of a ticket; False if the ticket or its printer is unknown."""
    ticket = lifecycle.load_ticket(tx, ticket_id)
    device = None
    if ticket:
        device = inventory.load_device(tx, ticket.device)
        if device is None and ticket.device == make_site_device(sender.site_id).key:
            device = make_site_device(sender.site_id)
    event = grouping.current_state_event(tx, ticket_id, device, now)
    if event is None:
        return False
    sender.queue_ticket(tx, event, load_last_facts(tx, event.device.key, now))
    return True


def answer_request(tx: sqlite3.Connection, sender: Sender, now: float) -> RequestAnswer | None:
    """Queue one piece of the answer to the first request that is due; None if there is none."""
    due = desk_requests.list_due(tx, now)
    if not due:
        return None
    request = due[0]
    if request.kind == "resend_dead":
        return _finish(tx, request, outbox.revive_refused(tx), now)
    return _restate_piece(tx, sender, request, now)


def _restate_piece(
    tx: sqlite3.Connection, sender: Sender, request: PendingRequest, now: float
) -> RequestAnswer:
    """Queue the state of the next 200 tickets."""
    found = grouping.list_sent_tickets(tx, after=request.position, since=request.since, limit=PIECE)
    missing = [it for it in found if queries.load_delivery(tx, it).stage is not DeliveryStage.WAITING]
    queued = sum(requeue_ticket(tx, sender, ticket, now) for ticket in missing)
    if len(found) < PIECE:
        return _finish(tx, request, queued, now)
    desk_requests.save_progress(tx, request, found[-1])
    return RequestAnswer(kind=request.kind, reason=request.reason, events=queued, finished=False)


def _finish(tx: sqlite3.Connection, request: PendingRequest, events: int, now: float) -> RequestAnswer:
    desk_requests.save_answered(tx, request, now)
    return RequestAnswer(kind=request.kind, reason=request.reason, events=events, finished=True)


def load_last_facts(tx: sqlite3.Connection, device_key: str, now: float) -> Facts | None:
    """Load how a printer stood at its last answer; None for a site, and for one that never answered."""
    device = inventory.load_device(tx, device_key)
    known = facts.load_facts(tx, device, now, SiteFacts()) if device else None
    return known if known and known.last_answer is not None else None
