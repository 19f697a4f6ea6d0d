"""mps.feedback/1: what the provider's desk says of a ticket. Pulled by the agent; nobody calls it."""

from typing import Literal

from pydantic import Field

from uplink.events.base import Count, Name, Record, Text, Time


class Part(Record):
    """A part that was fitted."""

    part_no: Name
    qty: Count = 1


class Feedback(Record):
    """One word from the desk."""

    schema_: Literal["mps.feedback/1"] = Field(alias="schema")
    ticket_id: Name
    dedupe_key: Text | None = Field(
        default=None, description="The ticket's. By it an agent that calls the ticket otherwise finds it."
    )
    provider_ticket_no: Name | None = None
    status: Literal["acknowledged", "assigned", "on_hold", "closed", "reopened"] | None = None
    service_org: Name | None = Field(default=None, description="Who has it now, if that changed.")
    cause_code: Name | None = None
    outcome: Literal["confirmed", "no_fault_found", "user_fixable", "duplicate", "out_of_scope"] | None = None
    parts_used: list[Part] = Field(default_factory=list)
    labour_min: Count | None = None
    visits: Count | None = None
    hold_for_parts: bool | None = None
    callback_of: Name | None = None
    closed_at: Time | None = None
    note: Text | None = None
