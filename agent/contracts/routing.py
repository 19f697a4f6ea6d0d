"""Who is sent: the first organisation of the contract that covers territory and skills.

A ticket that nobody covers still goes somewhere: to the first organisation of the contract, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from agent.contracts.contract_book import ContractBook
from agent.contracts.parts_kits import KitNeeds

if TYPE_CHECKING:
    from agent.contracts.file_format import ContractForm, ServiceOrganisation

Dispatch = Literal["auto", "await_approval", "next_visit", "notice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRoute:
    """The organisation that gets a ticket; `problem` says why it may be the wrong one."""

    organisation: "ServiceOrganisation"
    dispatch: Dispatch
    problem: str = ""


def find_route(
    book: ContractBook, contract: "ContractForm", territory: str, needs: KitNeeds, dispatch: Dispatch
) -> TicketRoute | None:
    """Find who is sent. `territory` empty: not known, which only an organisation for "*" covers."""
    known = [book.organisations[name] for name in contract.service_org if name in book.organisations]
    if not known:
        return None
    near = [one for one in known if covers_territory(one, territory)]
    able = [one for one in near if not find_missing(one, needs)]
    if able:
        return TicketRoute(organisation=able[0], dispatch=dispatch)
    if near:
        missing = ", ".join(find_missing(near[0], needs))
        return TicketRoute(
            organisation=near[0], dispatch=dispatch, problem=f"nobody of the contract has {missing}"
        )
    where = f"the territory {territory}" if territory else "a printer without a territory"
    return TicketRoute(
        organisation=known[0], dispatch=dispatch, problem=f"nobody of the contract covers {where}"
    )


def covers_territory(organisation: "ServiceOrganisation", territory: str) -> bool:
    """Whether an organisation goes there."""
    return _fits_any(organisation.territories, territory)


def find_missing(organisation: "ServiceOrganisation", needs: KitNeeds) -> tuple[str, ...]:
    """Find the skills and certificates that an organisation lacks."""
    skills = tuple(one for one in needs.skills if not _fits_any(organisation.skills, one))
    papers = tuple(one for one in needs.certification if not _fits_any(organisation.certification, one))
    return (*skills, *(papers if organisation.certification else ()))


def _fits_any(patterns: Sequence[str], word: str) -> bool:
    return any(fnmatchcase(word, one) for one in patterns)
