"""The rules of several files on top of each other: later ones replace by id, overrides change single keys.

supplies.toml  [[rule]] supply-low ─┐
mine.toml      [[rule]] supply-low ─┴─► the later one stands
mine.toml      [[override]] jams-recurring, severity = "normal" ─► the shipped one, with another severity
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agent.core import toml
from agent.core.errors import Complaint
from agent.rules import advice, lint, nearest_words
from agent.rules.compiler import DEFAULTS, RuleCompiler, SharedDefinitions
from agent.rules.file_format import DefaultsForm, OverrideForm, RuleFile, RuleForm
from agent.rules.rule import Rule

MERGED_TABLES = ("when", "scope")  # an override changes single keys of these


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSource:
    """The form of a rule as it stands now, and where its latest part is written."""

    document: toml.Document
    at: tuple[str | int, ...]  # ("rule", 0) or ("override", 2)
    form: RuleForm
    defaults: DefaultsForm
    raw: Mapping[str, object]


@dataclass(slots=True)
class RuleFileSet:
    """The rules of the files read so far, and the complaints about them."""

    common: SharedDefinitions
    rules: dict[str, Rule] = field(default_factory=dict)
    sources: dict[str, RuleSource] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    replaced: dict[str, lint.ReplacedRule] = field(default_factory=dict)
    _own_faults: set[str] = field(default_factory=set)

    def add_file(self, document: toml.Document, form: RuleFile, shipped: frozenset[str]) -> None:
        """Add one more file; the later of two rules with the same id stands, but not within one file.

        `shipped`: the keys of the fault catalogue.
        """
        self._check_faults(document, form, shipped)
        here: set[str] = set()
        for number, it in enumerate(form.rule):
            at = ("rule", number)
            if it.id in here:
                self._complain(
                    document, (*at, "id"), f'"{it.id}" stands twice in this file', "give each its own id"
                )
            here.add(it.id)
            self._note_replaced(it.id)
            raw = document.data["rule"][number]
            self._add_rule(RuleSource(document=document, at=at, form=it, defaults=form.defaults, raw=raw))
        changed: set[str] = set()
        for number, change in enumerate(form.override):
            if change.id in changed:
                reason = f'"{change.id}" is overridden twice in this file'
                self._complain(document, ("override", number, "id"), reason, "put both into one [[override]]")
            changed.add(change.id)
            self._add_override(document, number, change)

    def _check_faults(self, document: toml.Document, form: RuleFile, shipped: frozenset[str]) -> None:
        for number, it in enumerate(form.fault):
            if it.id in shipped or it.id in self._own_faults:
                where = "in the catalogue" if it.id in shipped else "given"
                reason = f'"{it.id}" is {where} already'
                self._complain(document, ("fault", number, "id"), reason, "give it an id of its own")
            self._own_faults.add(it.id)

    def _add_rule(self, source: RuleSource) -> None:
        compiler = RuleCompiler(source.document, self.common, source.defaults)
        name = source.form.id
        self.sources[name] = source
        rule = compiler.compile_rule(source.at, source.form)
        self.complaints += compiler.complaints
        if source.form.enabled:
            self.rules[name] = rule
        else:
            self.rules.pop(name, None)

    def _add_override(self, document: toml.Document, number: int, change: OverrideForm) -> None:
        """Change single keys of the rule with this id; it must stand in this file or an earlier one."""
        at, base = ("override", number), self.sources.get(change.id)
        if base is None:
            hint = nearest_words.suggest_nearest(change.id, self.sources)
            self._complain(document, (*at, "id"), f'no rule is called "{change.id}"', hint)
            return
        given = {name: getattr(change, name) for name in change.model_fields_set - {"id"}}
        if not given:
            self._complain(document, at, "changes nothing", "add what is to differ, like enabled = false")
        for name in MERGED_TABLES:
            if name in given:
                table = given[name]
                inner = {key: getattr(table, key) for key in table.model_fields_set}
                given[name] = getattr(base.form, name).model_copy(update=inner)
        self._add_rule(
            RuleSource(
                document=document,
                at=at,
                form=base.form.model_copy(update=given),
                defaults=base.defaults,
                raw={**base.raw, **document.data["override"][number]},
            )
        )

    def _note_replaced(self, name: str) -> None:
        """Remember the earlier rule whose place a rule with this id takes."""
        if name in self.rules:
            source = self.sources[name]
            place = f"{source.document.path}:{source.document.find_line(source.at)}"
            shipped = source.document.path.parent == DEFAULTS
            self.replaced[name] = lint.ReplacedRule(self.rules[name], place, shipped)

    def _complain(
        self, document: toml.Document, at: tuple[str | int, ...], reason: str, suggestion: str
    ) -> None:
        self.complaints.append(document.build_complaint(at, reason, suggestion))

    def index_rules(self, intervals: Mapping[str, float]) -> lint.RuleIndex:
        """All rules together, for checks and advice."""
        return lint.RuleIndex(
            rules=self.rules,
            ids=tuple(self.sources),
            faults=self.common.faults,
            replaced=self.replaced,
            raw={name: source.raw for name, source in self.sources.items()},
            intervals=intervals,
        )

    def check_rules(self, together: lint.RuleIndex) -> None:
        """Check the rules against each other."""
        for rule, (key, reason, suggestion) in lint.check_set(together):
            source = self.sources[rule.id]
            self._complain(source.document, (*source.at, *key), reason, suggestion)

    def collect_advice(self, together: lint.RuleIndex) -> Iterator[Complaint]:
        """Yield advice about every rule."""
        for rule in self.rules.values():
            source = self.sources[rule.id]
            for key, reason, suggestion in advice.advise_rule(rule, together):
                yield source.document.build_complaint((*source.at, *key), reason, suggestion)
