"""Load rule files into a rule set: the shipped rules first, then the provider's, which override by id.

    shipped()  ──►  rules.d/*.toml  ──►  load()  ──►  RuleSet, or ConfigError with every complaint

All or nothing: one mistake refuses the whole set, so that half of the rules are never in force alone.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from agent.core import toml
from agent.core.calendars import Calendar
from agent.core.errors import Complaint, ConfigError
from agent.rules import compiler, fingerprints, misplaced_keys
from agent.rules.compiler import SharedDefinitions
from agent.rules.file_format import FaultFile, OwnFaultForm, RuleFile, SeverityForm
from agent.rules.rule import FaultDefinition, RuleSet
from agent.rules.rule_file_set import RuleFileSet

HERE = Path(__file__).parent
DEFAULTS = compiler.DEFAULTS
FAULT_CATALOGUE = HERE / "faults.toml"
SHARED_TABLES = ("calendar", "defaults", "fault", "severity")
USUAL_INTERVALS = {"alerts": 300.0, "status": 300.0, "supplies": 1800.0, "meters": 3600.0}  # seconds
LOST_ENDINGS = (".toml.txt", ".txt", ".tml", ".toml.bak")  # names by mistake, if there are rules in the file
TRIAL_SUFFIX = ".trial.toml"  # beside a rule file: the trials of its rules


@cache
def load_faults() -> dict[str, FaultDefinition]:
    """The fault catalogue, by key."""
    forms = toml.validate_document(toml.load_document(FAULT_CATALOGUE), FaultFile).fault
    return {form.key: FaultDefinition(**form.model_dump()) for form in forms}


def shipped_files() -> list[Path]:
    """The files of the rules that come with the product."""
    return rule_files(DEFAULTS)


def trial_files(paths: Iterable[Path]) -> list[Path]:
    """The trial files among `paths`: files *.trial.toml, and those in folders."""
    found = []
    for path in paths:
        found += sorted(path.glob(f"*{TRIAL_SUFFIX}")) if path.is_dir() else [path]
    return [path for path in found if path.name.endswith(TRIAL_SUFFIX)]


def rule_files(folder: Path) -> list[Path]:
    """List the rule files of a folder in the order in which later ones override, without trial files."""
    return [path for path in sorted(folder.glob("*.toml")) if not path.name.endswith(TRIAL_SUFFIX)]


def load_rules(
    paths: Iterable[Path], zone: tzinfo | None = None, intervals: Mapping[str, float] = USUAL_INTERVALS
) -> RuleSet:
    """The rules of `paths` (files, or folders of *.toml); a later file overrides by id.

    `zone`: the site's; None for the time of this machine. `intervals`: seconds between two polls, by the
    part of the facts that they read. Raises ConfigError with every complaint about every file.
    """
    complaints: list[Complaint] = []
    paths = list(paths)
    files = _list_files(paths, complaints)
    read = []
    for file in files:
        try:
            document = toml.load_document(file)
        except ConfigError as why:
            complaints += why.complaints
            continue
        try:
            read.append((document, toml.validate_document(document, RuleFile)))
        except ConfigError as why:
            complaints += misplaced_keys.explain_complaints(document.text, why.complaints)
    pile = RuleFileSet(_merge_definitions([form for _, form in read], zone), complaints=complaints)
    for document, form in read:
        pile.add_file(document, form, frozenset(load_faults()))
    together = pile.index_rules(intervals)
    pile.check_rules(together)
    if pile.complaints:
        raise ConfigError(pile.complaints)
    return RuleSet(
        rules=pile.rules,
        faults=pile.common.faults,
        calendars=pile.common.calendars,
        zone=zone,
        files=tuple(map(str, files)),
        hash=_hash_rules(pile, [document for document, _ in read]),
        advice=tuple(
            sorted(
                [*pile.collect_advice(together), *find_unread_files(paths)],
                key=lambda it: (it.file, it.line or 0),
            )
        ),
    )


def _hash_rules(pile: RuleFileSet, documents: Iterable[toml.Document]) -> str:
    """The fingerprint of the rules that stand, and of what the files share with them."""
    rules = {name: pile.sources[name].raw for name in pile.rules}
    shared = [{name: it.data[name] for name in SHARED_TABLES if name in it.data} for it in documents]
    return fingerprints.fingerprint_rules(rules, shared)


def json_schema() -> dict[str, Any]:
    """The form of rule files as a JSON Schema, for editors: a line `#:schema PATH` in a file names it."""
    schema = RuleFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Printwarden rules"} | schema


def _merge_definitions(forms: list[RuleFile], zone: tzinfo | None) -> SharedDefinitions:
    """Merge calendars and severities of all files; the later of two with one name stands."""
    calendars: dict[str, Calendar] = {}
    severities: dict[str, SeverityForm] = {}
    for form in forms:
        calendars |= {name: it.build_calendar(name, zone) for name, it in form.calendar.items()}
        severities |= {str(name): it for name, it in form.severity.items()}
    own = {it.id: _build_fault(it) for form in forms for it in form.fault}
    return SharedDefinitions(faults={**own, **load_faults()}, calendars=calendars, severities=severities)


def _build_fault(form: OwnFaultForm) -> FaultDefinition:
    return FaultDefinition(
        key=form.id,
        title=form.title,
        meaning=form.meaning,
        acts=form.acts,
        verify=form.verify,
        impact=form.impact,
    )


def _list_files(paths: Iterable[Path], complaints: list[Complaint]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += rule_files(path)
        elif path.is_file():
            found.append(path)
        else:
            complaints.append(Complaint(file=str(path), reason="there is no such file or folder"))
    return found


def find_unread_files(paths: Iterable[Path]) -> Iterator[Complaint]:
    """Files with rules whose names do not end in .toml: Windows hides the .txt that Notepad adds."""
    for folder in (path for path in paths if path.is_dir() and path != DEFAULTS):
        taken = rule_files(folder)
        for file in sorted(folder.iterdir()):
            name = file.name.lower()
            if file in taken or not file.is_file() or not name.endswith((".toml", *LOST_ENDINGS)):
                continue
            if name.endswith(TRIAL_SUFFIX) or b"[[rule]]" not in file.read_bytes():
                continue
            better = re.sub(r"(\.(toml|tml|txt|bak))+$", "", file.name, flags=re.IGNORECASE) + ".toml"
            yield Complaint(
                file=str(file),
                reason="is not read: its name does not end in .toml",
                suggestion=f"rename it to {better}, or move it away",
            )
