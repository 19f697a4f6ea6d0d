"""What the contract says of a ticket: the objects `contract`, `sla`, `routing`, `skills`, `parts`, `visit`,
`billing` and `meters` of mps.ticket/1.

Each is null at a site without a contract file. Inside, what is not known is null, and `reason` says why.
There are no prices in it: they stay with the provider, found by `contract_id`.
"""

from typing import Literal

from pydantic import Field

from uplink.events.base import Count, Name, Record, Text, Time

Promise = Literal["acknowledge", "response", "resolution", "max_downtime", "loaner_after"]
PROMISES = (
    "acknowledge (who is sent says so), response (somebody is at work on it), resolution (it works again), "
    "max_downtime (it may be down no longer), loaner_after (a replacement printer is due)."
)


class ContractSummary(Record):
    """The contract that the printer is under."""

    contract_id: Name | None = Field(default=None, description="Null: under none; `how` says why.")
    how: Literal["assets.csv", "match", "configuration", "default", "none"] = Field(
        description="How it was found. assets.csv: the asset list names it. match: its match fits. "
        "configuration: the agent's configuration names it. default: no other fits. none: nor is there a "
        "default."
    )
    customer_id: Text | None = Field(default=None, description="The provider's number of the customer.")
    service_model: Name | None = Field(
        default=None,
        description="Of who is sent: own_technicians, managed_third_party or wholesale_page.",
        examples=["managed_third_party"],
    )
    billing_model: Name | None = Field(
        default=None,
        description="cpi (by the page), time_and_materials, user_based, monthly_by_model or flat.",
        examples=["cpi"],
    )
    starts: Text | None = Field(default=None, description="Its first day, YYYY-MM-DD.")
    ends: Text | None = Field(default=None, description="Its last day, YYYY-MM-DD; null: it renews itself.")
    problem: Text | None = Field(
        default=None, description="What is wrong with how it was found: two that fit, a name that is unknown."
    )


class Sla(Record):
    """By when: business time of the named calendar, computed on site, also offline."""

    calendar: Name | None = Field(default=None, description="The calendar that the promises count in.")
    clock_start: Time | None = Field(
        default=None, description="When the condition had held for its delay: the clock of all promises."
    )
    acknowledge_due: Time | None = Field(
        default=None, description="By when who is sent must say so; null: nobody could send it back."
    )
    response_due: Time | None = Field(default=None, description="By when somebody is at work on it.")
    resolution_due: Time | None = Field(default=None, description="By when it works again.")
    max_downtime_due: Time | None = Field(default=None, description="Until when it may be down at most.")
    loaner_due: Time | None = Field(default=None, description="When a replacement printer is due.")
    at_risk: list[Promise] = Field(default_factory=list, description=f"Due soon: {PROMISES}")
    breached: list[Promise] = Field(default_factory=list, description=f"Overdue: {PROMISES}")
    pause_when: list[Name] = Field(
        default_factory=list, description="What stops the clock of response and resolution."
    )
    uptime_target_pct: float | None = Field(default=None, ge=0, le=100, description="Share in percent.")
    uptime_period: Name | None = Field(default=None, description="month, quarter or year.")
    penalty_class: Text | None = Field(default=None, description="The provider's name of a breach's cost.")
    reason: Name | None = Field(
        default=None,
        description="Why no due time is there: no_promise (the contract has none for this priority), paused, "
        "waiting_for_approval (the customer has to say yes first).",
    )


class Routing(Record):
    """Who is sent."""

    queue: Text | None = Field(default=None, description="The queue of the provider's desk.")
    service_org: Name | None = Field(default=None, description="The organisation that is sent.")
    territory: Text | None = Field(default=None, description="Of the printer, from the asset list.")
    dispatch: Literal["auto", "await_approval", "next_visit", "notice"] | None = Field(
        default=None,
        description="auto: send somebody. await_approval: the customer has to say yes first. next_visit: it "
        "is done with the next planned visit. notice: nobody.",
    )
    cc: list[Text] = Field(default_factory=list, description="Who gets a copy.")
    programme: Text | None = Field(default=None, description="The wholesaler's name of what was bought.")
    profile: Literal["full", "third_party", "minimal"] | None = Field(
        default=None,
        description="What the organisation may see of this ticket. full: all. third_party: not "
        "the customer's contract. minimal: fault, printer, place and parts.",
    )
    escalate_to: Name | None = Field(default=None, description="Who takes over if it does not.")
    problem: Text | None = Field(
        default=None, description="Why it may be the wrong one: a territory or a skill that nobody covers."
    )


class Skills(Record):
    """What a technician must be able to do, and bring."""

    required: list[Text] = Field(default_factory=list, description="Skills, by the dealer's words.")
    certification: list[Text] = Field(default_factory=list, description="Certificates.")
    tools: list[Text] = Field(default_factory=list, description="Tools beside the usual ones.")
    two_person_lift: bool = Field(default=False, description="Whether it takes two to lift.")


class Part(Record):
    """One part to bring."""

    part_no: Text = Field(description="The maker's number.")
    erp_item: Text | None = Field(default=None, description="The number in the dealer's own spelling.")
    description: Text | None = Field(default=None, description="What it is.")
    qty: Count = Field(description="How many.")
    voltage: Text | None = Field(default=None, description='"110V", "220V"; null: the same everywhere.')
    basis: Text = Field(description="The kit that it is from.", examples=["kit:fuser-e786"])
    stock_hint: Text | None = Field(default=None, description="Where it lies; null: no stock list is there.")


class Visit(Record):
    """Where and when somebody may come."""

    place: Text | None = Field(default=None, description="The location in the asset list.")
    hours: Text | None = Field(default=None, description="Visit hours, in the dealer's words.")
    contact_ref: Text | None = Field(default=None, description="A reference to the contact, no name.")
    access_notes_ref: Text | None = Field(default=None, description="A reference to notes on access.")
    next_planned: Text | None = Field(default=None, description="The next planned visit, YYYY-MM-DD.")
    reason: Name | None = Field(default=None, description="Why all is null: not_in_asset_list.")


class Billing(Record):
    """Who pays, decided before somebody is sent. No amounts."""

    covered: bool | None = Field(default=None, description="Null: there is no contract.")
    chargeable: bool | None = Field(default=None, description="Whether the customer pays for it.")
    reason: Text = Field(
        description="covered, not_covered:…, excluded:…, time_and_materials, contract_ended, "
        "contract_not_begun or no_contract."
    )
    exclusions_hit: list[Name] = Field(default_factory=list, description="Exclusions that the fault shows.")
    labour_included: bool | None = Field(default=None, description="Whether the contract covers labour.")
    parts_included: bool | None = Field(default=None, description="Whether the contract covers parts.")
    approval: Literal["visit", "do_not_repair", "early_order"] | None = Field(
        default=None,
        description="What waits for the customer's yes. visit: sending somebody. do_not_repair: a repair "
        "that may not pay. early_order: sending a supply. Null: nothing waits.",
    )
    approved: bool | None = Field(
        default=None, description="What the customer said; null: not asked, or not answered yet."
    )


class MetersAtCall(Record):
    """The counters when this step was written; the invoice rests on mps.meter_read/1 alone."""

    read_at: Time | None = Field(default=None, description="When they were read.")
    total: Count | None = Field(default=None, description="All pages.")
    mono: Count | None = Field(default=None, description="Black pages.")
    colour: Count | None = Field(default=None, description="Colour pages.")
    large: Count | None = Field(default=None, description="A3 and larger; counted in mono and colour, too.")
    reasons: dict[str, str] = Field(
        default_factory=dict, description="Why one is null: absent, in_doubt, unverified or stale."
    )
