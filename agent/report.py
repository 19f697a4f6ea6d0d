"""The only bridge to the uplink: what happened here becomes versioned events in envelopes.

Unknown is written as null. What the provider may rely on is in `uplink/events/`.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent import __version__, egress
from agent.clock import iso
from agent.egress import Rules
from agent.meters.ledger import Counter, Epoch
from agent.meters.reads import Statement
from agent.model import Device, Impact, TicketEvent, Trust
from uplink import outbox, views
from uplink.envelope import Envelope, Folding, Lane

KINDS = {Impact.SUPPLY: "supply", Impact.PREDICTED: "predicted", Impact.BILLING: "billing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who speaks: this agent, at this site."""

    site_id: str
    site_name: str = ""
    agent_id: str = ""
    egress: Rules = field(default_factory=Rules)  # what may leave

    def ticket(self, tx: sqlite3.Connection, event: TicketEvent) -> None:
        """Put a step in a ticket's life into the outbox, in the caller's transaction."""
        self._put(
            tx,
            Envelope(
                lane=Lane.TICKETS,
                type="mps.ticket/1",
                subject=event.ticket_id,
                time=event.at,
                data=self.egress.apply(self._ticket(event), event.device),
                folds=Folding.LATE if event.event == "update" else Folding.NEVER,
            ),
        )

    def heartbeat(
        self,
        tx: sqlite3.Connection,
        now: float,
        health: Mapping[str, object],
        *,
        clock_ahead: float | None = None,
    ) -> None:
        """Tell the provider that the agent lives, and how it is. `clock_ahead`: seconds that our clock is
        ahead of the provider's, by the Date of its last answer."""
        agent = self._agent()
        if clock_ahead is not None:
            agent["clock_offset_ms"] = round(clock_ahead * 1000)
        data = {"schema": "mps.agent_health/1", "observed_at": iso(now), "agent": agent, **health}
        self._put(
            tx,
            Envelope(
                lane=Lane.HEARTBEAT,
                type="mps.agent_health/1",
                subject="agent",
                time=now,
                data=data | {"outbox": views.health(tx)},
                folds=Folding.AT_ONCE,
            ),
        )

    def meters(self, tx: sqlite3.Connection, device: Device, read: Statement) -> bool:
        """Tell the provider how a printer's counters stand. An invoice rests on it, so it goes with the
        tickets. False: there is no room for it, so it has to be told again."""
        data = {
            "schema": "mps.meter_read/1",
            "observed_at": iso(read.at),
            "agent": self._agent(),
            "device": _device(device),
            "meters": _meters(read),
        }
        return self._put(
            tx,
            Envelope(
                lane=Lane.TICKETS,
                type="mps.meter_read/1",
                subject=device.key,
                time=read.at,
                data=self.egress.apply(data, device),
            ),
        )

    def _put(self, tx: sqlite3.Connection, envelope: Envelope) -> bool:
        """Into the outbox, and into the journal of what leaves; whether there was room."""
        number = outbox.put(tx, envelope)
        if number is not None:
            egress.note(
                tx,
                number,
                at=envelope.time,
                kind=envelope.type,
                subject=envelope.subject,
                data=envelope.data,
            )
        return number is not None

    def _agent(self) -> dict[str, object]:
        return {"agent_id": self.agent_id or None, "version": __version__, "site_id": self.site_id}

    def _ticket(self, event: TicketEvent) -> dict[str, object]:
        return {
            "schema": "mps.ticket/1",
            "event": event.event,
            "ticket_id": event.ticket_id,
            "ticket_seq": event.ticket_seq,
            "idempotency_key": f"{event.ticket_id}:{event.ticket_seq}",
            "dedupe_key": event.dedupe_key,
            "kind": KINDS.get(event.impact, "break_fix"),
            "observed_at": iso(event.at),
            "opened_at": iso(event.opened_at),
            "agent": self._agent(),
            "device": _device(event.device),
            "fault": {
                "fault_key": event.fault,
                "component": event.component or None,
                "title": event.title,
                "impact": event.impact.value,
                "severity": event.severity,
                "priority": None,
            },
            "rule": {"rule_id": event.rule},
            "evidence": dict(event.evidence),
        }


def _device(device: Device) -> dict[str, object]:
    return {
        "device_key": device.key,
        "serial": device.serial,
        "asset_tag": None,
        "make": device.vendor,
        "model": device.model,
        "mac": device.mac,
        "ip": device.address.host or None,
        "firmware": device.firmware,
        "location": device.location,
    }


def _meters(read: Statement) -> dict[str, object]:
    total = read.total
    return {
        "read_at": iso(read.at),
        "source": total.source if total else "",
        "trust": (total.trust if total else Trust.UNVERIFIED).value,
        "counters": read.billable,
        "details": [_counter(one) for one in read.counters],
        "borders": [_border(one) for one in read.borders],
        "chain": {"reads": read.reads, "head": read.head},
    }


def _counter(one: Counter) -> dict[str, object]:
    return {
        "name": one.name,
        "part": one.part,
        "unit": one.unit,
        "source": one.source,
        "read_at": iso(one.at),
        "raw": one.raw,
        "adjusted": one.adjusted,
        "epoch": one.epoch,
        "trust": one.trust.value,
        "billable": one.billable,
    }


def _border(one: Epoch) -> dict[str, object]:
    return {
        "name": one.name,
        "part": one.part,
        "source": one.source,
        "epoch": one.number,
        "at": iso(one.opened),
        "why": one.why.name.lower(),
        "before": one.before,
        "first": one.first,
        "gap": one.gap,
    }
