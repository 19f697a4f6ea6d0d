"""What has to be replayed for a backtest: the rules, what they are judged by, the rules in force, a sweep."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.core import units
from agent.core.errors import ConfigError
from agent.history.device_history import POLL_INTERVAL
from agent.pipeline.device_tags import AssignTags, assign_nothing
from agent.pipeline.replay.backtest_runner import RuleRequest
from agent.pipeline.replay.reference_rules import choose_reference_rules
from agent.rules.backtest import threshold_sweep
from agent.rules.backtest.threshold_sweep import SweepVariant
from agent.rules.lookup import find_rule
from agent.rules.rule import RuleSet

IN_FORCE = "in force: "  # before the labels of the rules in force


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRequest:
    """What to run over recorded history."""

    names: Sequence[str]
    since: float | None = None  # without it: 90 days before the end
    until: float | None = None  # without it: the last poll on record
    sweep: str = ""  # a threshold and its range: see `agent.rules.backtest.threshold_sweep`
    against: Sequence[str] = ()  # rules whose findings count as events; without it: the usual ones
    horizon: str = "30 days"
    delivery: str = "3 days"  # from an order to the cartridge at the printer
    cache: Path | None = None  # results of earlier backtests
    site: str = ""
    first_days: float = 0.0  # seconds in which a site is new: `[rules] first_days`
    poll_interval: float = POLL_INTERVAL  # seconds: `[schedule] alerts`
    assign: AssignTags = assign_nothing


@dataclass(slots=True)
class BacktestPlan:
    """Everything that has to be replayed for a request, in one pass."""

    rules: RuleSet
    request: BacktestRequest
    deployed: RuleSet | None
    swept: str = ""  # the rule whose threshold is swept
    steps: Sequence[SweepVariant] = ()

    def __post_init__(self) -> None:
        self.rules = _without_shadow(self.rules, self.request.names)
        if not self.request.sweep:
            return
        try:
            self.swept, steps = threshold_sweep.build_variants(self.rules, self.request.sweep)
        except ValueError as why:
            reason, _, suggestion = str(why).partition(" | ")
            raise ConfigError.for_file("--sweep", reason, suggestion=suggestion) from None
        self.steps = [replace(it, rules=_without_shadow(it.rules, [self.swept])) for it in steps]

    def label_of(self, step: SweepVariant) -> str:
        return f"{self.swept} = {step.label}"

    def list_requests(self) -> Iterator[RuleRequest]:
        """The rules of the request, those they are judged by, those in force, and each step of the sweep."""
        names = [*self.request.names, *([self.swept] if self.swept else [])]
        others = [it for name in names for it in reference_names(self.rules, name, self.request.against)]
        for name in dict.fromkeys([*names, *others]):
            yield RuleRequest(name=name, rules=self.rules, label=name)
        for step in self.steps:
            yield RuleRequest(name=self.swept, rules=step.rules, label=self.label_of(step))
        if self.deployed is not None:
            for name in dict.fromkeys(it for one in names for it in self.rivals(one)):
                yield RuleRequest(name=name, rules=self.deployed, label=IN_FORCE + name)

    def rivals(self, name: str) -> list[str]:
        """The rules in force that find the fault of this rule, as it is now or as it will be."""
        if self.deployed is None:
            return []
        known = [rules.rules[name].fault for rules in (self.rules, self.deployed) if name in rules.rules]
        return [it.id for it in self.deployed.rules.values() if not it.shadow and it.fault in known]


def reference_names(rules: RuleSet, name: str, against: Sequence[str]) -> list[str]:
    """The rules that a rule is judged by: those asked for, or the usual ones. Raises ConfigError."""
    chosen = list(against) or choose_reference_rules(rules, rules.rules[name])
    for other in chosen:
        find_rule(rules, other)
    return chosen


def check_request(rules: RuleSet, request: BacktestRequest) -> tuple[float, float]:
    """Find mistakes before a state file is read; returns horizon and delivery in seconds.

    Raises ConfigError.
    """
    for name in request.names:
        find_rule(rules, name)
    return _parse_option("--horizon", request.horizon), _parse_option("--delivery", request.delivery)


def _parse_option(option: str, text: str) -> float:
    try:
        return units.parse_duration(text)
    except ValueError as why:
        reason, _, suggestion = str(why).partition(": ")
        raise ConfigError.for_file(option, reason, suggestion=suggestion) from None


def _without_shadow(rules: RuleSet, names: Sequence[str]) -> RuleSet:
    """The rules, with those of these names judged as if they were not in shadow."""
    spoken = {
        name: replace(rule, shadow=False) if name in names else rule for name, rule in rules.rules.items()
    }
    return replace(rules, rules=spoken, _device_cache={})
