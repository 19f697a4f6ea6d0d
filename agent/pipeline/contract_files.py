"""The contract file and the asset list of a site, as the configuration names them.

contracts.toml, assets.csv ──► load_contract_terms ──► ContractTerms; without the files all is unknown
"""

import sqlite3
from collections.abc import Collection
from datetime import tzinfo
from pathlib import Path

from agent.config import Config, SiteConfig
from agent.contracts import assets
from agent.contracts.assets import AssetList
from agent.contracts.contract_book import ContractBook
from agent.contracts.ticket_terms import ContractTerms
from agent.core import audit
from agent.core.errors import ConfigError
from agent.core.model import Device
from agent.discovery import inventory
from agent.pipeline.device_tags import TagAssigner
from agent.rules.rule import RuleSet


def contract_path(settings: Config) -> Path:
    """Return the path of the contract file."""
    return settings.resolve_path(settings.contracts.file)


def assets_path(settings: Config) -> Path:
    """Return the path of the asset list."""
    return settings.resolve_path(settings.contracts.assets)


def list_contract_files(settings: Config) -> list[Path]:
    """List both files, whether they exist or not."""
    return [contract_path(settings), assets_path(settings)]


def load_contract_terms(settings: Config, faults: Collection[str] | None = None) -> ContractTerms:
    """Load both files of the site, if they exist. Raises ConfigError with the complaints about both.

    `faults`: those that the rules in force can find, which kits and delays may name; None: not checked.
    """
    return load_drafts(settings, None, None, faults)


def load_drafts(
    settings: Config | None,
    file: Path | None,
    listed: Path | None,
    faults: Collection[str] | None,
    *,
    beside: bool = True,
) -> ContractTerms:
    """Load these files; in place of one that is None, that of the site if `beside`.

    A draft that does not exist is a complaint.
    """
    site = settings.site if settings else SiteConfig()
    if settings and beside:
        file = file or _existing(contract_path(settings))
        listed = listed or _existing(assets_path(settings))
    complaints, book, known = [], ContractBook(), AssetList()
    try:
        book = _load_book(file, site.timezone, faults) if file else book
    except ConfigError as why:
        complaints += why.complaints
    try:
        known = assets.load_assets(listed) if listed else known
    except ConfigError as why:
        complaints += why.complaints
    if complaints:
        raise ConfigError(complaints)
    return ContractTerms(
        book=book,
        assets=known,
        site_id=site.id,
        zone=site.timezone,
        assign=TagAssigner(settings) if settings else None,
    )


def _load_book(file: Path, zone: tzinfo | None, faults: Collection[str] | None) -> ContractBook:
    from agent.contracts import loader  # noqa: PLC0415 - its models take 2 MB, which a site without contracts spares

    return loader.load_contracts(file, zone, faults)


def _existing(path: Path) -> Path | None:
    return path if path.exists() else None


def load_tagged_devices(db: sqlite3.Connection, settings: Config) -> list[Device]:
    """Load the known printers with the tags and contracts that the configuration gives them."""
    return [*map(TagAssigner(settings), inventory.load_devices(db).values())]


def faults_of(rules: RuleSet) -> frozenset[str]:
    """Return the faults that some rule finds."""
    return frozenset(rule.fault for rule in rules.rules.values())


def record_use(state_folder: Path, terms: ContractTerms) -> None:
    """Note in the audit log which contracts came into force."""
    names = [one.id for one in terms.book.contracts]
    audit.append_entry(state_folder, "contracts in force", contracts=names, assets=len(terms.assets.assets))
