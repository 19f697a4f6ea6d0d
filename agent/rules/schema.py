"""Rule files into a rule set: the shipped rules first, then the provider's, which override by id.

    shipped()  ──►  rules.d/*.toml  ──►  load()  ──►  RuleSet, or ConfigError with every complaint

All or nothing: one mistake refuses the whole, so that nobody is watched by half of the rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
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
    pile = _Pile()
    files = _files(paths, pile.complaints)
    for file in files:
        try:
            document = toml.read(file)
            pile.add(document, toml.validate(document, RuleFile))
        except ConfigError as why:
            pile.complaints += why.complaints
    pile.check()
    if pile.complaints:
        raise ConfigError(pile.complaints)
    return RuleSet(rules=pile.rules, faults=faults(), files=tuple(map(str, files)))


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


@dataclass(slots=True)
class _Pile:
    """The rules of the files read so far, and what is to be complained about."""

    rules: dict[str, Rule] = field(default_factory=dict)
    places: dict[str, tuple[toml.Document, int]] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def add(self, document: toml.Document, form: RuleFile) -> None:
        """One more file; the later of two rules with the same id stands, but not within one file."""
        compiler = Compiler(document, faults())
        here: set[str] = set()
        for number, it in enumerate(form.rule):
            if it.id in here:
                compiler.complain(
                    ("rule", number, "id"), f'"{it.id}" stands twice in this file', "give each its own id"
                )
            here.add(it.id)
            rule = compiler.rule(number, it)
            self.places[it.id] = (document, number)
            if it.enabled:
                self.rules[it.id] = rule
            else:
                self.rules.pop(it.id, None)
        self.complaints += compiler.complaints

    def check(self) -> None:
        """What shows only when all rules are together."""
        for rule, (key, reason, suggestion) in lint.check_set(self.rules, self.places):
            document, number = self.places[rule.id]
            self.complaints.append(complaint(document, ("rule", number, *key), reason, suggestion))
