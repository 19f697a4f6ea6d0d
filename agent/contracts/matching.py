"""Which contract a printer is under, and why.

assets.csv names one ──► that
match of exactly one ──► that              of several: a finding, and the first of the file counts
configuration names one ─► that            [[printer]] or [[network]] of config.toml
otherwise ──► the default, or none
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from agent.contracts.assets import Asset, AssetList
from agent.contracts.contract_book import ContractBook
from agent.core.model import Device

if TYPE_CHECKING:
    from agent.contracts.file_format import ContractForm, MatchForm


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractMatch:
    """The contract of a printer, how it was found, and what is wrong with that."""

    contract: "ContractForm | None"
    how: str  # "assets.csv", "match", "configuration", "default", "none"
    asset: Asset | None = None
    problem: str = ""

    @property
    def managed(self) -> bool:
        """Whether the provider looks after this printer; one that the books do not have is."""
        return self.asset is None or self.asset.managed


def find_contract(book: ContractBook, assets: AssetList, device: Device, site_id: str) -> ContractMatch:
    """Find the contract that a printer is under. `device.contract` is what the configuration says."""
    asset = assets.find_asset(device)
    named = device.contract or ""
    fitting = [
        one for one in book.contracts if not one.default and _fits_device(one.match, device, asset, site_id)
    ]
    if asset and asset.contract:
        return _take_named(book, asset.contract, "assets.csv", asset)
    if fitting:
        return ContractMatch(
            contract=fitting[0], how="match", asset=asset, problem=_find_problem(fitting, named)
        )
    if named:
        return _take_named(book, named, "configuration", asset)
    default = book.find_default()
    return ContractMatch(contract=default, how="default" if default else "none", asset=asset)


def _take_named(book: ContractBook, name: str, how: str, asset: Asset | None) -> ContractMatch:
    found = book.find_contract(name)
    if found or not book.contracts:
        return ContractMatch(contract=found, how=how if found else "none", asset=asset)
    default = book.find_default()
    problem = f'{how} names the contract "{name}", which contracts.toml does not have'
    return ContractMatch(contract=default, how="default" if default else "none", asset=asset, problem=problem)


def _find_problem(fitting: "list[ContractForm]", named: str) -> str:
    if len(fitting) > 1:
        return f"{' and '.join(one.id for one in fitting)} fit it, and a printer is under one contract"
    if named and named != fitting[0].id:
        return f'config.toml says contract = "{named}", and it fits {fitting[0].id}: remove one of the two'
    return ""


def _fits_device(match: "MatchForm", device: Device, asset: Asset | None, site_id: str) -> bool:
    if match.managed is not None and match.managed is not (asset is None or asset.managed):
        return False
    return all(
        not patterns
        or any(fnmatchcase(word.casefold(), one.casefold()) for word in words for one in patterns)
        for patterns, words in _pair_words(match, device, asset, site_id)
    )


def _pair_words(
    match: "MatchForm", device: Device, asset: Asset | None, site_id: str
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield (patterns, words of this printer) for each key of a match."""
    model = device.model or ""
    location = (asset.location if asset else "") or device.location or ""
    yield match.site_id, (site_id,)
    yield match.vendor, (device.vendor or "",)
    yield match.model, (model, f"{device.vendor or ''} {model}".strip())
    yield match.serial, (device.serial or "",)
    yield match.location, (location,)
    yield match.tag, device.tags
    yield match.asset, (asset.asset_tag if asset else "",)
