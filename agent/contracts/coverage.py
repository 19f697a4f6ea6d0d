"""How the printers of a site stand under its contracts: which is under which, and what does not fit.

Pure; the printers, and which counters each can tell, are arguments.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.contracts import parts_kits, routing
from agent.contracts.matching import ContractMatch
from agent.contracts.parts_kits import KitNeeds
from agent.contracts.ticket_terms import ContractTerms
from agent.core.model import Device

if TYPE_CHECKING:
    from agent.contracts.file_format import ContractForm


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterCoverage:
    """One printer: its contract, and what is wrong with that."""

    device: Device
    match: ContractMatch
    problems: tuple[str, ...] = ()


def check_coverage(
    terms: ContractTerms, devices: Iterable[Device], counters: Mapping[str, Collection[str]]
) -> list[PrinterCoverage]:
    """Check every printer. `counters`: by key, the named sums that it tells; left out: not read yet."""
    found = []
    for device in devices:
        match = terms.find_match(device)
        problems = tuple(_find_problems(terms, device, match, counters.get(device.key)))
        found.append(PrinterCoverage(device=device, match=match, problems=problems))
    return found


def find_unseen_assets(terms: ContractTerms, devices: Collection[Device]) -> list[str]:
    """Find the managed assets that no known printer is: their serial numbers, or MAC addresses."""
    seen = {asset for device in devices if (asset := terms.assets.find_asset(device))}
    return [one.serial or one.mac for one in terms.assets.assets if one.managed and one not in seen]


def _find_problems(
    terms: ContractTerms, device: Device, match: ContractMatch, counters: Collection[str] | None
) -> Iterator[str]:
    if match.problem:
        yield match.problem
    contract = match.contract
    if contract is None:
        if terms.book.contracts and match.managed:
            yield "is under no contract, and there is no default"
        return
    if contract.invoice and counters is not None and match.managed:
        missing = sorted(set(contract.invoice.counters) - set(counters))
        if missing:
            yield f"tells no {' or '.join(missing)} counter, which {contract.id} bills on"
    if match.managed:
        yield from dict.fromkeys(_find_route_problems(terms, device, match, contract))


def _find_route_problems(
    terms: ContractTerms, device: Device, match: ContractMatch, contract: "ContractForm"
) -> Iterator[str]:
    """Find what nobody of the contract covers: the territory, or the skills of one kit of this model."""
    territory = match.asset.territory if match.asset else ""
    kits = [one for one in terms.book.kits if parts_kits.fits_model(one, device)]
    needs = [KitNeeds(), *(KitNeeds(skills=one.skills, certification=one.certification) for one in kits)]
    for each in needs:
        route = routing.find_route(terms.book, contract, territory, each, "auto")
        if route and route.problem:
            yield route.problem
