"""mps.ticket/1: one step in the life of a ticket.

    open → update* → clear → verified, or reopen, or cancel

One `ticket_id` for the life of the fault. Each event carries the whole ticket and a `ticket_seq` that
rises; the receiver keeps the highest. `dedupe_key` is the site, the device, the fault and the component: an
agent restored from a backup makes the same key, and joins the ticket that occupies it.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from uplink.events.base import SCHEMA_NAME, Count, Device, Event, Name, Record, Text, Time, coerce_whole
from uplink.events.contract_terms import (
    Billing,
    ContractSummary,
    MetersAtCall,
    Part,
    Routing,
    Skills,
    Sla,
    Visit,
)
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

    first_seen: Time = Field(description="When the condition was first seen: RFC 3339, in UTC.")
    held_for_s: Count | None = Field(default=None, description="Seconds from then until the ticket.")


class Fault(Record):
    """What is wrong."""

    fault_key: Name = Field(
        description="The kind of fault, from the catalogue of faults: the same for every maker.",
        examples=["fuser.failure"],
    )
    component: Text | None = Field(
        default=None, description='"toner:black", "tray:2"; null for the device as a whole.'
    )
    title: Text = Field(description="For a person: what is wrong, in one line.")
    priority: Literal["P1", "P2", "P3"] | None = Field(
        default=None, description="P1, P2 or P3, by the contract; null while the agent is given none."
    )
    impact: Impact = Field(
        description="device_down: it prints nothing. degraded: it prints, but not all or not well. "
        "predicted: it will fail. supply: a supply is to be sent. billing: a counter is to be looked at. "
        "customer_fixable: stays on site, and is never sent."
    )
    customer_fixable: bool | None = Field(
        default=None, description="Whether the customer can mend it. Always false in what is sent."
    )
    training: Name | None = Field(
        default=None, description="PrtAlertTrainingLevelTC (RFC 3805), as labelled there."
    )
    severity: Name | None = Field(
        default=None, description="By the rule: critical, high, normal, plan or info.", examples=["critical"]
    )
    pmib: dict[str, Any] | None = Field(
        default=None, description="The row of prtAlertTable (RFC 3805) it comes from."
    )
    vendor_code: Text | None = Field(
        default=None, description="The maker's own error code.", examples=["SC542"]
    )
    debounce: Debounce | None = Field(
        default=None, description="How long it was watched before; null for other steps than open and reopen."
    )
    related: list[Name] = Field(
        default_factory=list, description="Other tickets of this printer that are open: one visit for all."
    )
    earlier_90d: Count | None = Field(
        default=None, description="How often this part had this fault in the 90 days before."
    )


class Rule(Record):
    """Why a ticket was raised."""

    rule_id: Name = Field(description="The rule that speaks for it: the gravest of those that hold.")
    rule_version: Count | None = Field(
        default=None, description="`version` in the rule; null for one that is no longer in force."
    )
    measured_precision: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="The share of its closed tickets that were confirmed; null until one was closed.",
    )
    n_closed: Count | None = Field(
        default=None, description="How many tickets that is; below 20 it says little."
    )


class Ticket(Event):
    """One step in the life of a ticket; carries all of it."""

    schema_: Literal["mps.ticket/1"] = Field(alias="schema", description=SCHEMA_NAME)
    event: Step = Field(
        description="open: a fault begins. update: it changed. clear: it is gone, not yet verified. "
        "verified: it stayed gone. reopen: it is back within two days. cancel: it is withdrawn."
    )
    ticket_id: Name = Field(description="One for the life of a fault, made by the agent.")
    ticket_seq: Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(coerce_whole)] = Field(
        description="Rises with each step of this ticket_id; the highest counts, whatever came last."
    )
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
    kind: Kind = Field(
        description="break_fix: a visit. supply: something to send. predicted: plan a visit. billing: look "
        "at a counter before the next invoice."
    )
    opened_at: Time = Field(description="When this ticket_id began: RFC 3339, in UTC.")
    device: Device = Field(description="The printer, or the site as a whole.")
    fault: Fault = Field(description="What is wrong.")
    rule: Rule = Field(description="Why a ticket was raised.")
    printer: Printer | None = Field(default=None, description="How it stood then; null for a whole site.")
    contract: ContractSummary | None = Field(default=None, description="The contract of the printer.")
    sla: Sla | None = Field(default=None, description="By when, under the contract.")
    routing: Routing | None = Field(default=None, description="Who is sent.")
    skills: Skills | None = Field(default=None, description="What a technician must be able to do.")
    parts: list[Part] | None = Field(default=None, description="Parts to bring; empty: no kit fits.")
    visit: Visit | None = Field(default=None, description="Where and when somebody may come.")
    billing: Billing | None = Field(default=None, description="Who pays, without amounts.")
    meters: MetersAtCall | None = Field(default=None, description="The counters when this was written.")
    evidence: dict[str, Any] = Field(
        description="What the rule saw, by name; docs/provider.md lists the names. Others may be added."
    )
