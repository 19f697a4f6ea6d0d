"""mps.feedback/1: what the provider's desk says of a ticket. Pulled by the agent; nobody calls it."""

from typing import Literal

from pydantic import Field

from uplink.events.base import SCHEMA_NAME, Count, Name, Record, Text, Time


class Part(Record):
    """A part that was fitted."""

    part_no: Name = Field(description="The maker's number of it.")
    qty: Count = Field(default=1, description="How many.")


class Feedback(Record):
    """One word from the desk."""

    schema_: Literal["mps.feedback/1"] = Field(alias="schema", description=SCHEMA_NAME)
    ticket_id: Name = Field(description="As the agent called it; each alias gets its own.")
    dedupe_key: Text | None = Field(
        default=None, description="The ticket's. By it an agent that calls the ticket otherwise finds it."
    )
    provider_ticket_no: Name | None = Field(default=None, description="Your own number of it.")
    status: Literal["acknowledged", "assigned", "on_hold", "closed", "reopened"] | None = Field(
        default=None,
        description="acknowledged: seen. assigned: somebody has it. on_hold: it waits. closed: done; the key "
        "is free. reopened: it was closed by mistake, and its outcome is taken back.",
    )
    service_org: Name | None = Field(default=None, description="Who has it now, if that changed.")
    cause_code: Name | None = Field(default=None, description="Your own code of the cause.")
    outcome: Literal["confirmed", "no_fault_found", "user_fixable", "duplicate", "out_of_scope"] | None = (
        Field(
            default=None,
            description="How it was closed. confirmed: the rule was right. no_fault_found, user_fixable: no "
            "visit was needed, it was wrong. duplicate, out_of_scope: says nothing of the rule.",
        )
    )
    parts_used: list[Part] = Field(default_factory=list, description="Parts that were fitted.")
    labour_min: Count | None = Field(default=None, description="Minutes of work.")
    visits: Count | None = Field(default=None, description="Visits that it took.")
    hold_for_parts: bool | None = Field(default=None, description="Whether it waits for a part.")
    hold_reason: Literal["waiting_for_customer", "waiting_for_parts", "no_access"] | None = Field(
        default=None,
        description="Why it waits, with on_hold: waiting_for_customer, waiting_for_parts or no_access (the "
        "technician is not let in). A contract says which of these stop its clock.",
    )
    approval: Literal["approved", "declined"] | None = Field(
        default=None,
        description="What the customer decided about a ticket that waits. approved: send somebody. declined: "
        "nobody is sent.",
    )
    callback_of: Name | None = Field(
        default=None, description="The earlier ticket whose repair did not last."
    )
    at: Time | None = Field(
        default=None, description="When the desk noted it: RFC 3339, in UTC. Null: when the agent hears it."
    )
    arrived_at: Time | None = Field(
        default=None,
        description="When somebody was there, or at work on it from afar: ends the response time.",
    )
    closed_at: Time | None = Field(default=None, description="When: RFC 3339, in UTC.")
    note: Text | None = Field(default=None, description="A sentence for the site.")
