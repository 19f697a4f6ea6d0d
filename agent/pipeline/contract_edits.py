"""Edits of contracts and assets on their way into force: small ones at once, large ones once a person agrees.

    edited files ──► compare with what is in force ──┬─ small ─────────────────────► in force
                                                     └─ large ─► waits ─► accepted ─┘

What is in force is kept in the state folder, so that a restart goes on with it, also if the files beside
config.toml were broken meanwhile. `printwarden contracts accept` keeps the fingerprint of what was agreed to.
"""

import hashlib
import logging
import os
import sqlite3
from collections.abc import Callable, Collection
from pathlib import Path

from agent.config import Config
from agent.contracts import edit_impact
from agent.contracts.edit_impact import EditImpact
from agent.contracts.ticket_terms import ContractTerms
from agent.core.errors import ConfigError
from agent.core.watched_files import WatchedFiles
from agent.pipeline import contract_files
from agent.tickets import lifecycle

COPIES = ("contracts.in-force.toml", "assets.in-force.csv")
ACCEPTED = "contracts.accepted"
HOW_TO_ACCEPT = "`printwarden contracts accept` shows the list, and puts it in force"

log = logging.getLogger(__name__)


def fingerprint_files(settings: Config) -> str:
    """Return the fingerprint of both files as they are now; a missing one is empty."""
    digest = hashlib.sha256()
    for path in contract_files.list_contract_files(settings):
        content = path.read_bytes() if path.exists() else b""
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def measure_edit(
    db: sqlite3.Connection, settings: Config, before: ContractTerms, after: ContractTerms
) -> EditImpact:
    """Measure what an edit would do to the printers and tickets of the site."""
    tickets = [(one.device, one.impact) for one in lifecycle.load_open_tickets(db)]
    devices = contract_files.load_tagged_devices(db, settings)
    return edit_impact.compare_terms(before, after, devices, tickets)


def is_accepted(settings: Config) -> bool:
    """Whether a person agreed to the files as they are now."""
    path = settings.state_folder / ACCEPTED
    return path.exists() and path.read_text("utf-8").strip() == fingerprint_files(settings)


def accept_edit(settings: Config) -> None:
    """Note that a person agreed to the files as they are now."""
    _write_private(settings.state_folder / ACCEPTED, fingerprint_files(settings).encode())


def watch_contracts(
    settings: Config, load_faults: Callable[[], Collection[str]]
) -> WatchedFiles[ContractTerms]:
    """Watch both files; they are read again when one is edited. `load_faults`: of the rules in force."""
    return WatchedFiles(
        "the contracts",
        lambda: list_watched(settings),
        lambda: contract_files.load_contract_terms(settings, load_faults()),
    )


def load_first(settings: Config, watched: WatchedFiles[ContractTerms]) -> ContractTerms:
    """Load the contracts at the start: what was in force before it, or else the files. Raises ConfigError.

    The files are offered like any other edit at the first look: they may have changed while it was stopped.
    """
    kept = load_in_force(settings, None)
    return watched.load() if kept is None else kept


def list_watched(settings: Config) -> list[Path]:
    """List the files whose change may put an edit in force: both files, and what was agreed to."""
    return [*contract_files.list_contract_files(settings), settings.state_folder / ACCEPTED]


def keep_in_force(settings: Config) -> None:
    """Keep a copy of both files as they are now: they are in force."""
    pairs = zip(contract_files.list_contract_files(settings), COPIES, strict=True)
    for path, name in pairs:
        copy = settings.state_folder / name
        if path.exists():
            _write_private(copy, path.read_bytes())
        else:
            copy.unlink(missing_ok=True)


def load_in_force(settings: Config, faults: Collection[str] | None) -> ContractTerms | None:
    """Load what was in force before a restart; None if nothing was, or it fits no more."""
    copies = [settings.state_folder / name for name in COPIES]
    present = [path if path.exists() else None for path in copies]
    if not any(present):
        return None
    try:
        return contract_files.load_drafts(settings, present[0], present[1], faults, beside=False)
    except ConfigError as why:
        log.warning("the contracts of before the restart cannot be used any more:\n%s", why)
        return None


def _write_private(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
