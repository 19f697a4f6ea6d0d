"""Load contracts.toml: all or nothing, with every complaint at once.

    load_contracts(path) ──► ContractBook, or ConfigError
    json_schema()            the form, for editors

A mistake refuses the whole file; while the agent runs, the last good one stays in force.
"""

from collections.abc import Collection, Iterable
from datetime import tzinfo
from pathlib import Path
from typing import Any

from agent.contracts import checks, promise_checks
from agent.contracts.contract_book import ContractBook
from agent.contracts.file_format import ContractFile
from agent.core import toml
from agent.core.errors import Complaint, ConfigError

FILE_NAME = "contracts.toml"


def load_contracts(
    path: Path, zone: tzinfo | None = None, faults: Collection[str] | None = None
) -> ContractBook:
    """Load a contract file.

    `zone`: the site's, for calendars without one. `faults`: keys that some rule can find; None: not checked.
    Raises ConfigError with every complaint.
    """
    document = toml.load_document(path, missing="printwarden contracts check FILE checks another one")
    form = toml.validate_document(document, ContractFile)
    found = [*checks.check_references(form), *promise_checks.check_promises(form)]
    if faults is not None:
        found += checks.check_faults(form, faults)
    complaints = [
        document.build_complaint(one.where, one.reason, one.suggestion) for one in found if one.wrong
    ]
    if complaints:
        raise ConfigError(sorted(complaints, key=lambda one: one.line or 0))
    return ContractBook(
        contracts=form.contract,
        organisations={one.id: one for one in form.service_org},
        calendars={one.id: one.build_calendar(one.id, zone) for one in form.calendar},
        kits=form.parts_kit,
        provider=form.provider.name,
        advice=tuple(_build_advice(document, found)),
    )


def _build_advice(document: toml.Document, found: Iterable[checks.ContractFinding]) -> list[Complaint]:
    return [document.build_complaint(one.where, one.reason, one.suggestion) for one in found if not one.wrong]


def json_schema() -> dict[str, Any]:
    """The form of contract files as a JSON Schema, for editors: a line `#:schema PATH` in a file names it."""
    schema = ContractFile.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Printwarden contracts",
    } | schema
