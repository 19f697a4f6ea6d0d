"""Rule files into a rule set: the shipped rules first, then the provider's, which override by id.

    shipped()  ──►  rules.d/*.toml  ──►  load()  ──►  RuleSet, or ConfigError with every complaint

All or nothing: one mistake refuses the whole, so that nobody is watched by half of the rules.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from agent import toml
from agent.errors import Complaint, ConfigError
from agent.rules import lint
from agent.rules.compiling import Compiler, complaint
from agent.rules.form import FaultFile, RuleFile
from agent.rules.rule import Fault, Rule, RuleSet

HERE = Path(__file__).parent
DEFAULTS = HERE / "defaults"
CATALOGUE = HERE / "faults.toml"


@cache
def faults() -> dict[str, Fault]:
    """The fault catalogue, by key."""
    forms = toml.validate(toml.read(CATALOGUE), FaultFile).fault
    return {form.key: Fault(**form.model_dump()) for form in forms}


def shipped() -> list[Path]:
    """The files of the rules that come with the product."""
    return sorted(DEFAULTS.glob("*.toml"))


def load(paths: Iterable[Path]) -> RuleSet:
    """The rules of `paths` (files, or folders of *.toml); a later file overrides by id.

    Raises ConfigError with every complaint about every file.
    """
    complaints: list[Complaint] = []
    rules: dict[str, Rule] = {}
    places: dict[str, tuple[toml.Document, int]] = {}
    files = _files(paths, complaints)
    for file in files:
        try:
            document = toml.read(file)
            form = toml.validate(document, RuleFile)
        except ConfigError as why:
            complaints += why.complaints
            continue
        complaints += _take(document, form, rules, places)
    for rule, (key, reason, suggestion) in lint.check_set(rules):
        document, number = places[rule.id]
        complaints.append(complaint(document, ("rule", number, *key), reason, suggestion))
    if complaints:
        raise ConfigError(complaints)
    return RuleSet(rules=rules, faults=faults(), files=tuple(map(str, files)))


def _files(paths: Iterable[Path], complaints: list[Complaint]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(path.glob("*.toml"))
        elif path.is_file():
            found.append(path)
        else:
            complaints.append(Complaint(file=str(path), reason="there is no such file or folder"))
    return found


def _take(
    document: toml.Document,
    form: RuleFile,
    rules: dict[str, Rule],
    places: dict[str, tuple[toml.Document, int]],
) -> Sequence[Complaint]:
    """Add one file's rules; the later of two with the same id stands, but not within one file."""
    compiler = Compiler(document)
    here: set[str] = set()
    for number, it in enumerate(form.rule):
        if it.id in here:
            compiler.complain(
                ("rule", number, "id"), f'"{it.id}" stands twice in this file', "give each its own id"
            )
        here.add(it.id)
        before = len(compiler.complaints)
        rule = compiler.rule(number, it)
        if len(compiler.complaints) == before:
            for key, reason, suggestion in lint.check_rule(rule, faults()):
                compiler.complain(("rule", number, *key), reason, suggestion)
        if it.enabled is False:
            rules.pop(it.id, None)
        else:
            rules[it.id] = rule
            places[it.id] = (document, number)
    return compiler.complaints


def by_file(rules: RuleSet) -> Iterator[tuple[str, list[Rule]]]:
    """The rules of each file, in the order in which they were read."""
    for file in rules.files:
        yield file, [rule for rule in rules.rules.values() if rule.file == file]
