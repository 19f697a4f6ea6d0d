"""The only bridge to the uplink: what happened here becomes versioned events in envelopes.

Unknown is written as null. What the provider may rely on is in `uplink/events/`.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from agent import __version__, egress, picture
from agent.clock import iso
from agent.desk.precision import Precision
from agent.egress import Rules
from agent.meters.ledger import Counter, Epoch
from agent.meters.reads import Statement
from agent.model import Device, Facts, Impact, TicketEvent, Trust
from agent.stock import Hint
from uplink import outbox, views
from uplink.capabilities import EVERYTHING, Capabilities
from uplink.envelope import Envelope, Folding, Lane

KINDS = {Impact.SUPPLY: "supply", Impact.PREDICTED: "predicted", Impact.BILLING: "billing"}


Precisions = Callable[[sqlite3.Connection, str | None], Sequence[Precision]]
"""How often rules were right, as the desk closed their tickets: of one rule, or of all."""

MOST_RULES = 200  # in a heartbeat


Takes = Callable[[sqlite3.Connection], Capabilities]
"""What the provider said that it takes."""


def everything(_: sqlite3.Connection) -> Capabilities:
    """Where nobody can be asked."""
    return EVERYTHING


def unjudged(_: sqlite3.Connection, __: str | None) -> Sequence[Precision]:
    """Where no desk has spoken."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who speaks: this agent, at this site."""

    METERS: ClassVar = "mps.meter_read/1"
    INVENTORY: ClassVar = "mps.device_inventory/1"
    HINT: ClassVar = "mps.supply_order_hint/1"

    site_id: str
    agent_id: str = ""
    egress: Rules = field(default_factory=Rules)  # what may leave
    precisions: Precisions = unjudged
    takes: Takes = everything  # which types the provider knows

    def ticket(self, tx: sqlite3.Connection, event: TicketEvent, facts: Facts | None = None) -> None:
        """Put a step in a ticket's life into the outbox, in the caller's transaction.

        `facts`: what is known of the printer now; None where the ticket is not about one.
        """
        self._put(
            tx,
            Envelope(
                lane=Lane.TICKETS,
                type="mps.ticket/1",
                subject=event.ticket_id,
                time=event.at,
                data=self.egress.apply(self._ticket(tx, event, facts), event.device),
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
        health = dict(health) | {"config_complaint": egress.place(health.get("config_complaint"))}
        data = {"schema": "mps.agent_health/1", "observed_at": iso(now), "agent": agent, **health}
        self._put(
            tx,
            Envelope(
                lane=Lane.HEARTBEAT,
                type="mps.agent_health/1",
                subject="agent",
                time=now,
                data=data | {"outbox": views.health(tx), "rules": self._judged(tx)},
                folds=Folding.AT_ONCE,
            ),
        )

    def meters(self, tx: sqlite3.Connection, device: Device, read: Statement) -> bool:
        """Tell the provider how a printer's counters stand. An invoice rests on it, so it goes with the
        tickets. False: there is no room for it, so it has to be told again."""
        about = {"meters": _meters(read)}
        return self._about(tx, self.METERS, device, about, at=read.at, lane=Lane.TICKETS)

    def offers(self, tx: sqlite3.Connection, kind: str) -> bool:
        """Whether the provider knows events of this type. What it does not know would die on its desk."""
        return self.takes(tx).knows(kind)

    def picture(self, device: Device, inventory: Mapping[str, object]) -> dict[str, Any]:
        """A device and its inventory as they may leave the site."""
        return self.egress.apply({"device": _device(device), "inventory": inventory}, device)

    def inventory(
        self, tx: sqlite3.Connection, device: Device, inventory: Mapping[str, object], reason: str, at: float
    ) -> bool:
        """Tell what a printer is and what is fitted in it; whether there was room."""
        about = {"reason": reason, "inventory": inventory}
        return self._about(tx, self.INVENTORY, device, about, at=at, lane=Lane.HEARTBEAT)

    def hint(self, tx: sqlite3.Connection, device: Device, hint: Hint, at: float) -> bool:
        """Tell how far a supply is on its way to empty; whether there was room."""
        about = {"reason": hint.reason, "stage": hint.stage, "supply": hint.about}
        return self._about(tx, self.HINT, device, about, at=at, lane=Lane.METERS, part=hint.index)

    def _about(
        self,
        tx: sqlite3.Connection,
        kind: str,
        device: Device,
        about: Mapping[str, object],
        *,
        at: float,
        lane: Lane,
        part: str = "",
    ) -> bool:
        """Something about a printer, or a part of it. Of what only describes, the newest is enough."""
        data = {"schema": kind, "observed_at": iso(at), "agent": self._agent(), "device": _device(device)}
        return self._put(
            tx,
            Envelope(
                lane=lane,
                type=kind,
                subject=self.egress.subject(f"{device.key}|{part}" if part else device.key, device),
                time=at,
                data=self.egress.apply({**data, **about}, device),
                folds=Folding.NEVER if lane is Lane.TICKETS else Folding.AT_ONCE,
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

    def _judged(self, tx: sqlite3.Connection) -> list[dict[str, object]]:
        """Each rule whose tickets the desk has closed, for a provider that counts over its fleet."""
        return [
            {"rule_id": one.rule, "n_closed": one.judged, "confirmed": one.confirmed}
            for one in self.precisions(tx, None)[:MOST_RULES]
        ]

    def _rule(self, tx: sqlite3.Connection, rule: str) -> dict[str, object]:
        """The rule that raised a ticket, with how often it was right."""
        told: dict[str, object] = {"rule_id": rule}
        for known in self.precisions(tx, rule):
            told |= {"measured_precision": known.share, "n_closed": known.judged}
        return told

    def _ticket(self, tx: sqlite3.Connection, event: TicketEvent, facts: Facts | None) -> dict[str, object]:
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
            "fault": _fault(event),
            "rule": self._rule(tx, event.rule),
            "printer": picture.draw(facts) if facts else None,
            "evidence": dict(event.evidence),
        }


def _fault(event: TicketEvent) -> dict[str, object]:
    row = picture.row(event.evidence)
    held = None
    if event.since is not None and event.event in {"open", "reopen"}:
        held = {"first_seen": iso(event.since), "held_for_s": max(0, round(event.at - event.since))}
    return {
        "fault_key": event.fault,
        "component": event.component or None,
        "title": event.title,
        "impact": event.impact.value,
        "severity": event.severity,
        "priority": None,
        "customer_fixable": event.impact is Impact.CUSTOMER_FIXABLE,
        "training": row["training"] if row else None,
        "pmib": row,
        "vendor_code": picture.vendor_code(event.device.vendor, str(row["description"]) if row else ""),
        "debounce": held,
        "related": list(event.related),
        "earlier_90d": event.earlier,
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
        "hostname": device.hostname,
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
