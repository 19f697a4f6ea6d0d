"""What a contract file says, ready to be asked: contracts, organisations, calendars, kits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from agent.contracts.value_types import Priority
from agent.core.calendars import ALWAYS_OPEN, Calendar
from agent.core.errors import Complaint
from agent.core.model import Impact

if TYPE_CHECKING:
    from agent.contracts.file_format import ContractForm, PartsKitForm, ServiceOrganisation

USUAL_PRIORITIES: Final[Mapping[Impact, Priority | None]] = MappingProxyType(
    {
        Impact.DEVICE_DOWN: "P1",
        Impact.DEGRADED: "P2",
        Impact.PREDICTED: "P3",
        Impact.SUPPLY: "P3",
        Impact.BILLING: "P3",
        Impact.CUSTOMER_FIXABLE: None,
    }
)
"""The priority of a fault where the contract gives none; None: no ticket, a notice on site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractBook:
    """All contracts of a site. Without a file it is empty, and every answer is "no contract"."""

    contracts: "tuple[ContractForm, ...]" = ()
    organisations: "Mapping[str, ServiceOrganisation]" = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    kits: "tuple[PartsKitForm, ...]" = ()
    provider: str = ""
    advice: tuple[Complaint, ...] = ()

    def find_contract(self, contract_id: str | None) -> "ContractForm | None":
        """Find a contract by its id."""
        return next((one for one in self.contracts if one.id == contract_id), None)

    def find_default(self) -> "ContractForm | None":
        """Find the contract of printers that are under no other."""
        return next((one for one in self.contracts if one.default), None)

    def find_calendar(self, name: str) -> Calendar:
        """Find a calendar of the file; "always" is there without being written."""
        return self.calendars.get(name, ALWAYS_OPEN)


def find_priority(contract: "ContractForm | None", impact: Impact) -> Priority | None:
    """Find the priority of a fault by its impact; None: no ticket. Without a contract the usual one."""
    given = contract.priority.get(impact) if contract else None
    if given is None:
        return USUAL_PRIORITIES[impact]
    return None if given == "none" else given
