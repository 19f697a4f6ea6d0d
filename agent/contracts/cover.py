"""What a contract covers of a fault, what is charged, and what must be approved first.

Whether a customer pays is decided before a van leaves: by what the fault needs (labour, parts, supplies), by
the exclusions that it shows, and by the kind of contract.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from agent.core.model import Impact

if TYPE_CHECKING:
    from agent.contracts.file_format import ApprovalReason, ContractForm, Exclusion

SUPPLIES = frozenset({"supplies", "toner"})
EXCLUDED_FAULTS: "Final[dict[str, Exclusion]]" = {
    "supply.foreign": "third_party_toner",
    "site.offline": "network",
}
"""Faults that show an exclusion by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverDecision:
    """Whether a fault is covered. `covered` None: there is no contract, so it is not known."""

    covered: bool | None
    reason: str
    exclusions: "tuple[Exclusion, ...]" = ()
    labour: bool | None = None
    parts: bool | None = None
    approval: "ApprovalReason | None" = None  # what waits for a yes; None: nothing

    @property
    def chargeable(self) -> bool | None:
        """Whether the customer pays for it."""
        return None if self.covered is None else not self.covered


def decide_cover(contract: "ContractForm | None", impact: Impact, fault: str, day: date) -> CoverDecision:
    """Decide what a contract covers of a fault. `day`: of the ticket, in the site's time zone."""
    if contract is None:
        return CoverDecision(covered=None, reason="no_contract")
    covers = set(contract.covers)
    labour, parts = "labour" in covers, "parts" in covers
    excluded = tuple(one for one in [EXCLUDED_FAULTS.get(fault)] if one and one in contract.excludes)
    needed = SUPPLIES if impact is Impact.SUPPLY else frozenset({"labour"})
    if not contract.is_running(day):
        reason = "contract_ended" if contract.ends and day > contract.ends else "contract_not_begun"
        covered = False
    elif excluded:
        covered, reason = False, f"excluded:{excluded[0]}"
    elif contract.billing_model == "time_and_materials":
        covered, reason = False, "time_and_materials"
    else:
        covered = bool(needed & covers)
        reason = "covered" if covered else "not_covered:" + "|".join(sorted(needed))
    return CoverDecision(
        covered=covered,
        reason=reason,
        exclusions=excluded,
        labour=labour,
        parts=parts,
        approval=_find_approval(contract, impact, covered=covered),
    )


def _find_approval(contract: "ContractForm", impact: Impact, *, covered: bool) -> "ApprovalReason | None":
    if contract.approval is None:
        return None
    required = contract.approval.required_for
    if impact is Impact.SUPPLY:
        return "early_order" if "early_order" in required else None
    if "visit" in required and not covered:
        return "visit"
    return None
