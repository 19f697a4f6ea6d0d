"""The conclusions of the rules, and the steps of a ticket that the provider receives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.model.devices import Device


class Impact(StrEnum):
    """The effect of a fault on the people who print; the contract turns it into a priority."""

    DEVICE_DOWN = "device_down"
    DEGRADED = "degraded"
    PREDICTED = "predicted"
    CUSTOMER_FIXABLE = "customer_fixable"
    SUPPLY = "supply"
    BILLING = "billing"


class ChangeKind(StrEnum):
    OPENED = "opened"  # the condition is now a fact
    RESOLVED = "resolved"  # it has ceased for long enough
    UPDATED = "updated"  # an edit changed its title, severity or impact, or the rule that holds it
    WITHDRAWN = "withdrawn"  # an edit ended it: no rule in force finds it


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingPolicy:
    """The rules for grouping the ticket of a change with those of other printers."""

    by: tuple[str, ...] = ()  # common attributes of a group: site, model, location
    wait: float = 0.0  # seconds that the first of a group waits for the others
    most_a_day: int | None = None  # further ones of the same rule go into one storm ticket
    digest: bool = False  # existed before the agent: reported in the digest of the site
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a rule's verdict on one object."""

    kind: ChangeKind
    at: float
    device: Device
    rule: str  # id of the rule
    subject: str  # the object within the device: "" for the device, a supply or alert key otherwise
    fault: str  # key of the fault catalogue: "fuser.failure"
    component: str  # "toner:black", "tray:2", "" for the device as a whole
    impact: Impact
    severity: str
    title: str
    since: float  # when the condition was first seen
    evidence: Mapping[str, object] = field(default_factory=dict)
    grouping: GroupingPolicy = field(default_factory=GroupingPolicy)
    renewed: float | None = (
        None  # an occurrence or a part of its own since then: earlier tickets stay cleared
    )
    former_rule: str = ""  # the rule that held it before an edit, if another


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEvent:
    """One step in the life of a ticket, as sent to the provider."""

    ticket_id: str
    ticket_seq: int  # 1, 2, 3 … within the ticket
    event: str  # "open", "update", "clear", "verified", "reopen", "cancel"
    dedupe_key: str  # site | device | fault | component
    at: float
    opened_at: float
    device: Device
    fault: str
    component: str
    impact: Impact
    severity: str
    rule: str
    title: str
    since: float | None = None  # when the condition was first seen
    related: tuple[str, ...] = ()  # ids of the other open tickets of this printer
    earlier: int = 0  # tickets of this fault and component in the 90 days before this one
    evidence: Mapping[str, object] = field(default_factory=dict)
