"""mps.ticket/1: one step in the life of a ticket.

    open → update* → clear → verified, or reopen, or cancel

One `ticket_id` for the life of the fault. Each event carries the whole ticket and a `ticket_seq` that
rises; the receiver keeps the highest. `dedupe_key` is the site, the device, the fault and the component: an
agent restored from a backup makes the same key, and joins the ticket that occupies it.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from uplink.events.base import Count, Device, Event, Name, Record, Text, Time, coerce_whole
from uplink.events.printer import Printer

Step = Literal["open", "update", "clear", "verified", "reopen", "cancel"]
Kind = Literal["break_fix", "supply", "predicted", "billing"]
Impact = Literal["device_down", "degraded", "predicted", "customer_fixable", "supply", "billing"]


def build_dedupe_key(site_id: str, device_key: str, fault_key: str, component: str) -> str:
    """Build the key of a fault: its four parts, joined by "|"; "%" and "|" within a part are escaped."""
    parts = (site_id, device_key, fault_key, component)
    return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts)


class Debounce(Record):
    """How long it was watched before it became a ticket."""

    first_seen: Time
    polls_seen: Count | None = None
    held_for_s: Count | None = None


class Fault(Record):
    """What is wrong."""

    fault_key: Name = Field(examples=["fuser.failure"])
    component: Text | None = Field(
        default=None, description='"toner:black", "tray:2"; null for the device as a whole.'
    )
    title: Text
    priority: Literal["P1", "P2", "P3"] | None = Field(
        default=None, description="Null until a contract gives one."
    )
    impact: Impact
    customer_fixable: bool | None = None
    training: Name | None = Field(
        default=None, description="PrtAlertTrainingLevelTC (RFC 3805), as labelled there."
    )
    severity: Name | None = None
    pmib: dict[str, Any] | None = Field(
        default=None, description="The row of prtAlertTable (RFC 3805) it comes from."
    )
    vendor_code: Text | None = Field(
        default=None, description="The maker's own error code.", examples=["SC542"]
    )
    debounce: Debounce | None = None
    related: list[Name] = Field(
        default_factory=list, description="Other tickets of this printer that are open: one visit for all."
    )
    earlier_90d: Count | None = Field(
        default=None, description="How often this part had this fault in the 90 days before."
    )


class Rule(Record):
    """Why a ticket was raised."""

    rule_id: Name
    rule_version: Count | None = Field(
        default=None, description="`version` in the rule; null for one that is no longer in force."
    )
    origin: Name | None = None
    measured_precision: float | None = Field(default=None, ge=0, le=1)
    n_closed: Count | None = None


class Ticket(Event):
    """One step in the life of a ticket; carries all of it."""

    schema_: Literal["mps.ticket/1"] = Field(alias="schema")
    event: Step = Field(
        description="open: a fault begins. update: it changed. clear: it is gone, not yet verified. "
        "verified: it stayed gone. reopen: it is back within two days. cancel: it is withdrawn."
    )
    ticket_id: Name = Field(description="One for the life of a fault, made by the agent.")
    ticket_seq: Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(coerce_whole)]
    idempotency_key: Name = Field(
        description="ticket_id:ticket_seq", examples=["01KB3M7Q2W8Z5T9N4C6R1XD0HF:1"]
    )
    dedupe_key: str = Field(
        description="site|device|fault|component; % and | in a part are escaped. At most one ticket of a "
        "site occupies it, from open until verified, cancel or the desk's close; another open joins.",
        min_length=1,
        max_length=1000,
        examples=["S-04|sn:PHBLL12345|fuser.failure|fuser:1"],
    )
    kind: Kind
    opened_at: Time
    device: Device
    fault: Fault
    rule: Rule
    printer: Printer | None = Field(default=None, description="How it stood then; null for a whole site.")
    prediction: dict[str, Any] | None = None
    evidence: dict[str, Any]
