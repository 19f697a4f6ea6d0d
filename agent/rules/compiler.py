"""Compile a rule form: look up signals, convert thresholds to numbers, collect complaints."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.core import toml, units
from agent.core.calendars import Calendar
from agent.core.errors import Complaint
from agent.core.model import Impact
from agent.rules import lint, nearest_words, value_kinds
from agent.rules.file_format import (
    ConditionForm,
    DefaultsForm,
    FlapForm,
    RuleForm,
    SeverityForm,
    SharedKeysForm,
)
from agent.rules.rule import (
    Condition,
    FaultDefinition,
    FlapDetection,
    Grouping,
    Rule,
    Scope,
    Suppression,
    Timing,
)
from agent.rules.signals import Signal, load_signals
from agent.rules.value_kinds import COUNT, CalendarName, ValueKind, Vocabulary

DEFAULTS = Path(__file__).parent / "defaults"
KeyPath = tuple[str | int, ...]
Comparison = tuple[str, Signal, str, object]  # the key that it stands under, signal, op, value


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDefinitions:
    """Faults, calendars and severities that the rules of all files share."""

    faults: Mapping[str, FaultDefinition]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    severities: Mapping[str, SeverityForm] = field(default_factory=dict)


@dataclass(slots=True)
class RuleCompiler:
    """Compiles the rules of one file, and collects every complaint about them."""

    document: toml.Document
    common: SharedDefinitions
    defaults: DefaultsForm = field(default_factory=DefaultsForm)
    complaints: list[Complaint] = field(default_factory=list)

    def compile_rule(self, at: KeyPath, form: RuleForm) -> Rule:
        """Compile the rule at `at` and collect its complaints, leaving out conditions that do not compile."""
        before = len(self.complaints)
        rule = self._build_rule(at, self._apply_defaults(form))
        if len(self.complaints) == before:
            for key, reason, suggestion in lint.check_rule(rule, self.common.faults):
                self.add_complaint((*at, *key), reason, suggestion)
        return rule

    def _find_impact(self, at: KeyPath, form: RuleForm) -> Impact:
        """The impact of the rule, or else that of its fault; without either a complaint."""
        fault = self.common.faults.get(form.fault)
        impact = form.impact or (fault.impact if fault else None)
        if impact is None:
            self.add_complaint((*at, "impact"), "is missing", "add impact = …")
        return impact or Impact.DEGRADED

    def _apply_defaults(self, form: RuleForm) -> RuleForm:
        """Fill in the keys that the rule leaves out: by its severity, then by the file's defaults."""
        severity = form.severity if "severity" in form.model_fields_set else self.defaults.severity
        usual: SharedKeysForm = self.common.severities.get(severity, SeverityForm())
        given: dict[str, object] = {"severity": severity}
        for source in (self.defaults, usual, form):
            given |= {name: getattr(source, name) for name in source.model_fields_set}
        return form.model_copy(update=given)

    def _build_rule(self, at: KeyPath, form: RuleForm) -> Rule:
        return Rule(
            id=form.id,
            title=form.title,
            per=form.per,
            all=self._compile_conditions(form, (*at, "when", "all"), form.when.all),
            any=self._compile_conditions(form, (*at, "when", "any"), form.when.any),
            none=self._compile_conditions(form, (*at, "when", "none"), form.when.none),
            clear=self._compile_conditions(form, (*at, "clear", "all"), form.clear.all),
            timing=_build_timing(form),
            schedule=form.evaluate,
            suppressions=tuple(self._compile_suppressions(at, form)),
            severity=form.severity,
            inhibited_by=form.inhibited_by,
            fault=form.fault,
            component=form.component,
            impact=self._find_impact(at, form),
            scope=Scope(**form.scope.model_dump()),
            shadow=form.enabled == "shadow",
            once=form.once,
            grouping=Grouping()
            if form.once
            else Grouping(by=form.ticket.group_by, wait=form.ticket.group_wait),
            most_a_day=None if form.once else form.max_tickets_per_day,
            owner=form.owner,
            reason=form.reason,
            version=form.version,
            file=str(self.document.path),
            shipped=self.document.path.parent == DEFAULTS,
        )

    def _compile_suppressions(self, at: KeyPath, form: RuleForm) -> Iterator[Suppression]:
        for number, it in enumerate(form.suppress):
            calendar = self._find_calendar((*at, "suppress", number, "calendar"), it.calendar)
            if calendar:
                yield Suppression(calendar=calendar, outside=it.outside, drops=it.action == "drop")

    def _find_calendar(self, at: KeyPath, name: str) -> Calendar | None:
        if name not in self.common.calendars:
            self.add_complaint(
                at, f'there is no calendar "{name}"', toml.suggest_word(name, list(self.common.calendars))
            )
        return self.common.calendars.get(name)

    def _compile_conditions(
        self, form: RuleForm, at: KeyPath, conditions: tuple[ConditionForm, ...]
    ) -> tuple[Condition, ...]:
        return tuple(
            condition
            for number, it in enumerate(conditions)
            for condition in self._compile_condition(form, (*at, number), it)
        )

    def _compile_condition(self, rule: RuleForm, at: KeyPath, form: ConditionForm) -> Iterator[Condition]:
        signal = load_signals().get(form.signal)
        if signal is None:
            self.add_complaint(
                (*at, "signal"),
                f'there is no signal "{form.signal}"',
                toml.suggest_word(form.signal, list(load_signals())),
            )
            return
        if rule.per not in signal.per:
            self.add_complaint(
                (*at, "signal"),
                f'"{signal.name}" says nothing of {units.with_article(rule.per)}',
                f"it speaks of: {', '.join(signal.per)}",
            )
            return
        before = len(self.complaints)
        options = self._compile_options(at, signal, form)
        compared = [
            self._compile_comparison(at, it, options) for it in self._list_comparisons(at, signal, form)
        ]
        if len(self.complaints) == before:
            for asked, op, value in compared:
                yield Condition(signal=asked, op=op, value=value, options=options, at=at[2:])

    def _compile_options(self, at: KeyPath, signal: Signal, form: ConditionForm) -> dict[str, object]:
        given = {name: it for name, it in (form.model_extra or {}).items() if name not in signal.short}
        known = ["signal", "op", "value", *signal.options, *signal.short]
        for name in given:
            if name not in signal.options:
                self.add_complaint(
                    (*at, name), f'"{signal.name}" has no such key', toml.suggest_word(name, known)
                )
        for name in signal.needs:
            if name not in given:
                self.add_complaint((*at, name), "is missing", f"add {name} = …")
        return {
            name: self._compile_option((*at, name), signal.options[name], value)
            for name, value in given.items()
            if name in signal.options
        }

    def _list_comparisons(self, at: KeyPath, signal: Signal, form: ConditionForm) -> Iterator[Comparison]:
        """Each comparison; `min_count`, `max_count` and a signal's own short keys are short forms."""
        counted = [("min_count", ">=", form.min_count), ("max_count", "<=", form.max_count)]
        short = [(key, signal, op, count) for key, op, count in counted if count is not None]
        for key, (other, op) in signal.short.items():
            if key in (form.model_extra or {}):
                short.append((key, load_signals()[other], op, (form.model_extra or {})[key]))
        if short and (form.op is not None or signal.kind is not COUNT):
            self.add_complaint(
                at,
                "min_count and max_count stand for op and value",
                "write one or the other; short forms are for counts",
            )
        elif short:
            yield from short
        elif form.op is None or form.value is None:
            missing = "op" if form.op is None else "value"
            if toml.find_closest(missing, form.model_extra or {}, cutoff=0.7) is None:  # else misspelt
                self.add_complaint((*at, missing), "is missing", f"add {missing} = …")
        else:
            yield "value", signal, form.op, form.value

    def _compile_comparison(
        self, at: KeyPath, comparison: Comparison, options: Mapping[str, object]
    ) -> tuple[Signal, str, object]:
        key, signal, op, value = comparison
        kind = signal.kind
        if kind is value_kinds.DURATION and "calendar" in options:
            kind = value_kinds.BUSINESS_TIME
        if op not in kind.ops:
            self.add_complaint(
                (*at, "op"),
                f'"{op}" does not compare {signal.name}',
                nearest_words.suggest_operator(op, kind.ops),
            )
            return signal, op, None
        if kind is value_kinds.BUSINESS_TIME and isinstance(calendar := options.get("calendar"), Calendar):
            value = _expand_business_days(value, calendar)
        groups = kind.groups if isinstance(kind, Vocabulary) else None
        if groups and isinstance(value, str) and value in groups:
            return signal, op, self._parse_value((*at, key), kind, [value], many=True)
        return signal, op, self._parse_value((*at, key), kind, value, many=op in {"in", "not_in"})

    def _compile_option(self, at: KeyPath, kind: ValueKind, value: object) -> object:
        """Words among options are always a set: one word is a set of one. A calendar is itself."""
        if isinstance(kind, Vocabulary):
            return self._parse_value(at, kind, value if isinstance(value, list) else [value], many=True)
        found = self._parse_value(at, kind, value)
        return (
            self._find_calendar(at, found)
            if isinstance(kind, CalendarName) and isinstance(found, str)
            else found
        )

    def _parse_value(self, at: KeyPath, kind: ValueKind, value: object, *, many: bool = False) -> object:
        parse: Callable[[object], object] = kind.parse
        if many and isinstance(kind, Vocabulary):
            parse = kind.parse_many
        try:
            return parse(value)
        except ValueError as why:
            reason, _, suggestion = str(why).partition(" | ")
            self.add_complaint(at, reason, suggestion)
            return None

    def add_complaint(self, at: KeyPath, reason: str, suggestion: str = "") -> None:
        self.complaints.append(self.document.build_complaint(at, reason, suggestion))


def _expand_business_days(value: object, calendar: Calendar) -> object:
    """ "2 business_days" as business hours of the calendar; any other value as it is."""
    try:
        number, unit = units.parse_quantity(str(value))
    except ValueError:
        return value
    return f"{number * calendar.usual_day / 3600:f} business_hours" if unit in units.BUSINESS_DAYS else value


def _build_timing(form: SharedKeysForm) -> Timing:
    return Timing(
        for_duration=form.for_,
        keep_firing=form.keep_firing,
        stale_after=form.stale_after,
        flap=_build_flap_detection(form.flap) if form.flap else None,
    )


def _build_flap_detection(form: FlapForm) -> FlapDetection:
    return FlapDetection(window=form.window, max_opens=form.max_opens, hold=form.hold)
