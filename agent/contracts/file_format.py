"""The form of contracts.toml: what a provider may write, key by key.

    [[calendar]]       opening hours and holidays                    id, timezone, mon_fri, country, …
    [[service_org]]    who is sent: own technicians, a third party, a wholesaler
    [[contract]]       which printers, what is covered, by when: [contract.sla.P1] …
    [[parts_kit]]      what to bring for which fault of which model

There are no prices in it: the file lies at the customer's site. Wrong files are refused as a whole, and the
last good one stays in force. `agent.contracts.checks` checks what types alone cannot.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.contracts.value_types import ContractDate, ContractId, Patterns, Priority, SharePercent, Span
from agent.core.calendar_form import CalendarForm
from agent.core.model import Impact

ServiceModel = Literal["own_technicians", "managed_third_party", "wholesale_page"]
BillingModel = Literal["cpi", "time_and_materials", "user_based", "monthly_by_model", "flat"]
TicketProfile = Literal["full", "third_party", "minimal"]
Cover = Literal["labour", "parts", "supplies", "toner", "maintenance_kits"]
Exclusion = Literal["customer_damage", "third_party_toner", "network", "relocation", "power"]
ApprovalReason = Literal["visit", "do_not_repair", "early_order"]
PauseReason = Literal["waiting_for_customer", "waiting_for_parts", "no_access"]


class _ContractFileModel(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True, use_attribute_docstrings=True
    )


class ContractCalendarForm(CalendarForm):
    """[[calendar]]: opening hours, with an id."""

    id: ContractId


class ServiceOrganisation(_ContractFileModel):
    """[[service_org]]: who is sent to a printer."""

    id: ContractId
    model: ServiceModel
    """Own technicians, a third party that the dealer manages, or a wholesaler that is paid by the page."""
    queue: str = Field(min_length=1)
    """The queue of the provider's desk that its tickets go to."""
    territories: Patterns = ("*",)
    """Postal codes or areas that it covers, as shell patterns: "606*"."""
    skills: Patterns = ("*",)
    """What its technicians can do: "hp.a3.*"."""
    certification: Patterns = ()
    """Certificates that its technicians hold: "HP-A3-L2"."""
    acknowledge_within: Span | None = None
    """By when it must say that it has a ticket; else the ticket goes to `escalate_to`."""
    escalate_to: str = ""
    """The organisation that takes over, and who watches the clock meanwhile."""
    cc: Patterns = ()
    """Addresses that the provider copies its tickets to."""
    programme: str = ""
    """The wholesaler's name for what was bought."""
    ticket_profile: TicketProfile | None = None
    """What this party may see of a ticket. Without it: by its model, full, third_party or minimal."""

    @property
    def profile(self) -> TicketProfile:
        """What it may see of a ticket."""
        usual: dict[ServiceModel, TicketProfile] = {
            "own_technicians": "full",
            "managed_third_party": "third_party",
            "wholesale_page": "minimal",
        }
        return self.ticket_profile or usual[self.model]


class MatchForm(_ContractFileModel):
    """Which printers a contract is about, by shell patterns. Empty: all."""

    site_id: Patterns = ()
    vendor: Patterns = ()
    model: Patterns = ()
    """Patterns of the model, also with its maker in front: "HP Color LaserJet MFP E78*"."""
    serial: Patterns = ()
    location: Patterns = ()
    tag: Patterns = ()
    asset: Patterns = ()
    """Asset tags of assets.csv."""
    managed: bool | None = None
    """Only printers that assets.csv calls managed, or only the others."""


class SlaForm(_ContractFileModel):
    """[contract.sla.P1]: what is promised for one priority. Plain hours count while the calendar is open."""

    calendar: str
    """The id of a [[calendar]]."""
    response: Span | None = None
    """By when somebody is on site, or at work on it from afar."""
    resolution: Span | None = None
    """By when it works again."""
    max_downtime: Span | None = None
    """How long the printer may be down at most; counted as `uptime_counts` says."""
    loaner_after: Span | None = None
    """When a replacement printer is due."""
    warn_before: Span | None = None
    """How long before it is due a target is told as at risk. Without it: a quarter of the target."""
    plan_with_next_visit: bool = False
    """No van of its own: it is done with the next planned visit."""


class InvoiceForm(_ContractFileModel):
    """[contract.invoice]: which reads the invoice rests on."""

    period: Literal["monthly", "quarterly", "yearly"] = "monthly"
    read_day: int = Field(1, ge=1, le=28)
    """The day of the month, in the site's time zone."""
    counters: dict[Literal["total", "mono", "colour", "large"], str] = {}
    """What is billed by the page: the provider's own name for each counter."""


class ApprovalForm(_ContractFileModel):
    """[contract.approval]: what waits for a yes of the customer."""

    required_for: Annotated[tuple[ApprovalReason, ...], Field(strict=False)] = ("visit",)
    by: Annotated[
        tuple[Literal["command", "mail", "feedback", "page"], ...], Field(strict=False, min_length=1)
    ]
    """How the customer may say yes or no."""
    contact: str = ""
    """A reference to the person, by the provider's books: no name."""


class ContractForm(_ContractFileModel):
    """[[contract]]: what was agreed."""

    id: ContractId
    customer_id: str = ""
    default: bool = False
    """For every printer that is under no other contract. At most one."""
    match: MatchForm = MatchForm()
    billing_model: BillingModel
    service_org: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    """The first that covers territory and skill is sent."""
    covers: Annotated[tuple[Cover, ...], Field(strict=False)] = ()
    excludes: Annotated[tuple[Exclusion, ...], Field(strict=False)] = ()
    starts: ContractDate | None = None
    ends: ContractDate | None = None
    """The last day, included."""
    renews: Literal["monthly", "yearly"] | None = None
    """Instead of `ends`: it goes on until somebody ends it, from one such period to the next."""
    uptime_target_pct: SharePercent | None = None
    uptime_counts: Literal["business_hours", "all_hours"] = "business_hours"
    uptime_period: Literal["month", "quarter", "year"] | None = None
    """Over which time the share is taken."""
    sla: dict[Priority, SlaForm] = {}
    priority: dict[Annotated[Impact, Field(strict=False)], Priority | Literal["none"]] = {}
    """The priority of a fault by its impact; "none": no ticket, a notice on site."""
    delay: dict[str, Span] = {}
    """By impact or fault: how long it must hold before a ticket opens; the longer of this and the rule's."""
    pause_when: Annotated[tuple[PauseReason, ...], Field(strict=False)] = ()
    """What stops the clock, once the desk says so."""
    penalty_class: str = ""
    """The provider's name for what a breach costs; no amounts."""
    invoice: InvoiceForm | None = None
    approval: ApprovalForm | None = None

    @model_validator(mode="after")
    def _check_dates(self) -> "ContractForm":
        if self.starts and self.ends and self.ends < self.starts:
            raise ValueError(f"ends on {self.ends}, before it starts on {self.starts} | exchange the two")
        return self

    def is_running(self, day: date) -> bool:
        """Whether `day` lies between its first and its last day."""
        return (self.starts is None or self.starts <= day) and (self.ends is None or day <= self.ends)


class PartForm(_ContractFileModel):
    """[[parts_kit.item]]: one part."""

    part_no: str = Field(min_length=1)
    """The maker's number."""
    erp_item: str = ""
    """The number in the dealer's own spelling."""
    description: str = ""
    qty: int = Field(1, ge=1, le=99)
    voltage: str = ""
    """Only where the printer has this voltage: "110V". Empty: everywhere."""


class PartsKitForm(_ContractFileModel):
    """[[parts_kit]]: what to bring for which fault of which model."""

    id: ContractId
    model: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    fault: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    """Keys of the fault catalogue, as shell patterns: "fuser.*"."""
    vendor_code: Patterns = ()
    """The maker's error codes, as shell patterns: "50.*". Empty: any."""
    skills: Patterns = ()
    certification: Patterns = ()
    tools: Patterns = ()
    two_person_lift: bool = False
    item: Annotated[tuple[PartForm, ...], Field(strict=False)] = ()


class ProviderForm(_ContractFileModel):
    """[provider]: who wrote the file."""

    name: str = ""


class ContractFile(_ContractFileModel):
    """contracts.toml as a whole."""

    config_version: Literal[1] = 1
    provider: ProviderForm = ProviderForm()
    calendar: Annotated[tuple[ContractCalendarForm, ...], Field(strict=False)] = ()
    service_org: Annotated[tuple[ServiceOrganisation, ...], Field(strict=False)] = ()
    contract: Annotated[tuple[ContractForm, ...], Field(strict=False)] = ()
    parts_kit: Annotated[tuple[PartsKitForm, ...], Field(strict=False)] = ()
