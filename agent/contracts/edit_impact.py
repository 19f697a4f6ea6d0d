"""What an edit of contracts or assets would do to the printers of a site, before it is in force. Pure.

An edit that would cancel more than five tickets, or change the contract of 5 % of the printers, waits until a
person has seen the list: a wrong column in a spreadsheet must not end the contracts of a whole site.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.contracts.contract_book import find_priority
from agent.contracts.ticket_terms import ContractTerms
from agent.core.model import Device, Impact
from agent.core.units import counted

MAX_TICKETS = 5  # that may be cancelled without a question
MAX_SHARE = 0.05  # of the printers


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterEdit:
    """One printer whose contract, or whose being managed, an edit changes."""

    device: Device
    before: str  # id of the contract, "none", or "unmanaged"
    after: str
    cancelled: int = 0  # open tickets that would be cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class EditImpact:
    """All that an edit changes."""

    printers: int
    edits: tuple[PrinterEdit, ...] = ()

    @property
    def cancelled(self) -> int:
        """The open tickets that would be cancelled."""
        return sum(one.cancelled for one in self.edits)

    @property
    def needs_consent(self) -> bool:
        """Whether a person has to see it first. One printer of a small site is no flood."""
        large = len(self.edits) > 1 and len(self.edits) >= MAX_SHARE * self.printers
        return large or self.cancelled > MAX_TICKETS

    def format_summary(self) -> str:
        """In a sentence: "changes the contract of 12 of 40 printers, and would cancel 3 tickets"."""
        said = f"changes the contract of {len(self.edits)} of {counted(self.printers, 'printer')}"
        return f"{said}, and would cancel {counted(self.cancelled, 'ticket')}" if self.cancelled else said


def compare_terms(
    before: ContractTerms,
    after: ContractTerms,
    devices: Sequence[Device],
    open_tickets: Iterable[tuple[str, Impact]],
) -> EditImpact:
    """Compare what is in force with what is offered. `open_tickets`: (device key, impact).

    The first contracts of a site change nothing that was agreed before: they need no consent.
    """
    if before.is_empty:
        return EditImpact(printers=len(devices))
    tickets: dict[str, list[Impact]] = {}
    for key, impact in open_tickets:
        tickets.setdefault(key, []).append(impact)
    edits = (_compare_device(before, after, one, tickets.get(one.key, [])) for one in devices)
    return EditImpact(printers=len(devices), edits=tuple(one for one in edits if one))


def _compare_device(
    before: ContractTerms, after: ContractTerms, device: Device, impacts: Sequence[Impact]
) -> PrinterEdit | None:
    old, new = _describe_state(before, device), _describe_state(after, device)
    contract = after.find_match(device).contract
    lost = [one for one in impacts if new == "unmanaged" or find_priority(contract, one) is None]
    if old == new and not lost:
        return None
    return PrinterEdit(device=device, before=old, after=new, cancelled=len(lost))


def _describe_state(terms: ContractTerms, device: Device) -> str:
    match = terms.find_match(device)
    if not match.managed:
        return "unmanaged"
    return match.contract.id if match.contract else "none"
