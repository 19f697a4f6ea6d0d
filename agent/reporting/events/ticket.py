"""Builds mps.ticket/1 events."""

from collections.abc import Mapping
from typing import Final, cast

from agent.core.clock import format_iso_time
from agent.core.model import Facts, Impact, TicketEvent
from agent.reporting import printer_status
from agent.reporting.events.rows import build_device
from agent.tickets.feedback.precision import RulePrecision
from uplink.events import ticket as wire
from uplink.events.base import Agent

TICKET_KINDS: Final[Mapping[Impact, wire.Kind]] = {
    Impact.SUPPLY: "supply",
    Impact.PREDICTED: "predicted",
    Impact.BILLING: "billing",
}
"""The `kind` of a ticket by its impact; all others are "break_fix"."""


def build_ticket(agent: Agent, event: TicketEvent, facts: Facts | None, rule: wire.Rule) -> wire.Ticket:
    """Build an event with the whole ticket. `facts`: of its printer; None for a ticket about a whole site."""
    return wire.Ticket.model_construct(
        schema_="mps.ticket/1",
        event=cast("wire.Step", event.event),
        ticket_id=event.ticket_id,
        ticket_seq=event.ticket_seq,
        idempotency_key=f"{event.ticket_id}:{event.ticket_seq}",
        dedupe_key=event.dedupe_key,
        kind=TICKET_KINDS.get(event.impact, "break_fix"),
        observed_at=format_iso_time(event.at),
        opened_at=format_iso_time(event.opened_at),
        agent=agent,
        device=build_device(event.device),
        fault=_build_fault(event),
        rule=rule,
        printer=printer_status.build_printer_status(facts) if facts else None,
        evidence=dict(event.evidence),
    )


def build_rule(rule: str, precision: RulePrecision | None, version: int | None = None) -> wire.Rule:
    """Build the `rule` object; with the rule's measured precision once the desk has closed tickets of it.

    `version`: None for a rule that is no longer in force.
    """
    built = wire.Rule.model_construct(rule_id=rule)
    if version is not None:
        built = built.model_copy(update={"rule_version": version})
    if precision is None:
        return built
    return built.model_copy(update={"measured_precision": precision.share, "n_closed": precision.judged})


def _build_fault(event: TicketEvent) -> wire.Fault:
    row = printer_status.build_alert_row(event.evidence)
    return wire.Fault.model_construct(
        fault_key=event.fault,
        component=event.component or None,
        title=event.title,
        impact=event.impact.value,
        severity=event.severity,
        priority=None,
        customer_fixable=event.impact is Impact.CUSTOMER_FIXABLE,
        training=row["training"] if row else None,
        pmib=row,
        vendor_code=printer_status.find_vendor_code(
            event.device.vendor, str(row["description"]) if row else ""
        ),
        debounce=_build_debounce(event),
        related=list(event.related),
        earlier_90d=event.earlier,
    )


def _build_debounce(event: TicketEvent) -> wire.Debounce | None:
    """Build the time that the condition held before it opened the ticket; None for all other events."""
    if event.since is None or event.event not in {"open", "reopen"}:
        return None
    held = max(0, round(event.at - event.since))
    return wire.Debounce.model_construct(first_seen=format_iso_time(event.since), held_for_s=held)
