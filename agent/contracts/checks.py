"""What is wrong with a contract file beyond its types: names that lead nowhere, and things said twice."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from agent.contracts.file_format import ContractFile, ContractForm, MatchForm, PartsKitForm
from agent.core import toml
from agent.core.model import Impact
from agent.core.toml import TomlPath

IMPACTS = tuple(str(one) for one in Impact)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFinding:
    """One thing about a file: where, what, and what would be right. Advice is not `wrong`."""

    where: TomlPath
    reason: str
    suggestion: str = ""
    wrong: bool = True


def check_references(form: ContractFile) -> Iterator[ContractFinding]:
    """Check that ids are unique and that every name leads somewhere."""
    for table in ("calendar", "service_org", "contract", "parts_kit"):
        yield from _check_unique(table, [one.id for one in getattr(form, table)])
    yield from _check_organisations(form)
    for number, contract in enumerate(form.contract):
        yield from _check_names(form, number, contract)
    yield from _check_defaults(form)
    yield from _check_same_match(form)
    yield from _check_skills(form)
    yield from _check_unused(form)


def _check_unique(table: str, ids: Sequence[str]) -> Iterator[ContractFinding]:
    for number, name in enumerate(ids):
        if name in ids[:number]:
            first = ids.index(name) + 1
            yield ContractFinding(
                where=(table, number, "id"),
                reason=f'"{name}" is the id of {table}[{first}] already',
                suggestion="give each its own id",
            )


def _check_organisations(form: ContractFile) -> Iterator[ContractFinding]:
    names = [one.id for one in form.service_org]
    for number, one in enumerate(form.service_org):
        where = ("service_org", number, "escalate_to")
        if one.escalate_to == one.id:
            yield ContractFinding(
                where=where,
                reason="it escalates to itself",
                suggestion="name the organisation that takes over",
            )
        elif one.escalate_to and one.escalate_to not in names:
            yield _build_unknown(where, "service organisation", one.escalate_to, names)
        if one.acknowledge_within and not one.escalate_to:
            yield ContractFinding(
                where=("service_org", number, "acknowledge_within"),
                reason="nobody takes over when it does not acknowledge",
                suggestion='add escalate_to = "…"',
            )
        if one.model == "wholesale_page" and one.profile != "minimal":
            yield ContractFinding(
                where=("service_org", number, "ticket_profile"),
                reason=f"the wholesaler {one.id} would see the customer's data",
                suggestion='leave ticket_profile out, or write "minimal"',
                wrong=False,
            )


def _check_names(form: ContractFile, number: int, contract: ContractForm) -> Iterator[ContractFinding]:
    """Check the organisations and calendars that a contract names."""
    names = [one.id for one in form.service_org]
    for at, name in enumerate(contract.service_org):
        if name not in names:
            yield _build_unknown(("contract", number, "service_org", at), "service organisation", name, names)
    calendars = [*(one.id for one in form.calendar), "always"]
    for priority, sla in contract.sla.items():
        if sla.calendar not in calendars:
            where = ("contract", number, "sla", priority, "calendar")
            yield _build_unknown(where, "calendar", sla.calendar, calendars)


def _build_unknown(where: TomlPath, kind: str, name: str, known: Sequence[str]) -> ContractFinding:
    hint = toml.suggest_word(name, known) if known else f"there is no {kind} in the file yet"
    return ContractFinding(where=where, reason=f'there is no {kind} "{name}"', suggestion=hint)


def _check_defaults(form: ContractFile) -> Iterator[ContractFinding]:
    defaults = [number for number, one in enumerate(form.contract) if one.default]
    for number in defaults[1:]:
        yield ContractFinding(
            where=("contract", number, "default"),
            reason=f"{form.contract[defaults[0]].id} is the default already",
            suggestion="a printer that fits no contract can have one default only",
        )
    if form.contract and not defaults:
        yield ContractFinding(
            where=("contract", 0),
            reason="no contract is the default: printers that fit none have no contract",
            suggestion="add default = true to one, or see printwarden contracts coverage",
            wrong=False,
        )
    for number in defaults:
        if form.contract[number].match != MatchForm():
            yield ContractFinding(
                where=("contract", number, "match"),
                reason="the default is for all printers that fit no other contract",
                suggestion="remove its match, or default = true",
            )


def _check_same_match(form: ContractFile) -> Iterator[ContractFinding]:
    """Check for two contracts that fit the same printers, as they are written."""
    seen: list[tuple[str, MatchForm]] = []
    for number, one in enumerate(form.contract):
        if one.default:
            continue
        twin = next((name for name, match in seen if match == one.match), None)
        if twin:
            yield ContractFinding(
                where=("contract", number, "match"),
                reason=f"it fits the same printers as {twin}, and a printer is under one contract",
                suggestion="say in match how the two differ",
            )
        seen.append((one.id, one.match))


def _check_skills(form: ContractFile) -> Iterator[ContractFinding]:
    """Check that somebody can do what a kit is for."""
    for number, kit in enumerate(form.parts_kit):
        for key, has in (("skills", "skills"), ("certification", "certification")):
            offers = [pattern for one in form.service_org for pattern in getattr(one, has)]
            for at, skill in enumerate(getattr(kit, key)):
                if not any(fnmatchcase(skill, pattern) for pattern in offers):
                    yield ContractFinding(
                        where=("parts_kit", number, key, at),
                        reason=f'no service organisation has "{skill}"',
                        suggestion=f'add it to {has} of the one that does, as it is or as "{_widen(skill)}"',
                    )


def _widen(skill: str) -> str:
    """Return the pattern "hp.a3.*" for the skill "hp.a3.fuser"."""
    return f"{skill.rpartition('.')[0] or skill}.*"


def _check_unused(form: ContractFile) -> Iterator[ContractFinding]:
    used = {sla.calendar for one in form.contract for sla in one.sla.values()}
    for number, calendar in enumerate(form.calendar):
        if calendar.id not in used:
            yield ContractFinding(
                where=("calendar", number, "id"),
                reason=f"no contract uses {calendar.id}",
                suggestion="remove it, or name it in [contract.sla.…]",
                wrong=False,
            )
    sent = {name for one in form.contract for name in one.service_org}
    sent |= {one.escalate_to for one in form.service_org}
    for number, organisation in enumerate(form.service_org):
        if organisation.id not in sent:
            yield ContractFinding(
                where=("service_org", number, "id"),
                reason=f"no contract sends {organisation.id}",
                suggestion="remove it, or name it in service_org of a contract",
                wrong=False,
            )


def check_faults(form: ContractFile, known: Collection[str]) -> Iterator[ContractFinding]:
    """Check that every fault that is named can be found by some rule; `known`: the faults of all rules."""
    words = sorted(known)
    for number, kit in enumerate(form.parts_kit):
        yield from _check_kit_faults(number, kit, words)
    for number, contract in enumerate(form.contract):
        for key in contract.delay:
            if key not in known and key not in IMPACTS:
                where = ("contract", number, "delay", key)
                yield _build_unknown(where, "impact or fault", key, [*IMPACTS, *words])


def _check_kit_faults(number: int, kit: PartsKitForm, known: Sequence[str]) -> Iterator[ContractFinding]:
    for at, pattern in enumerate(kit.fault):
        if not any(fnmatchcase(one, pattern) for one in known):
            yield ContractFinding(
                where=("parts_kit", number, "fault", at),
                reason=f'no rule finds the fault "{pattern}", so the kit would never be taken',
                suggestion=toml.suggest_word(pattern, known),
            )
