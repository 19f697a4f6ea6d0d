"""When rules fired on a printer: what others give way to, so that each rule can be judged apart."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

from agent.rules.backtest.firing import Firing
from agent.rules.state_store import RuleState, StateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringSpan:
    """One time in which a rule fired or recovered, announced or not."""

    subject: str
    began: float
    ended: float = inf


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLife:
    """All that a rule did on one printer."""

    firings: tuple[Firing, ...] = ()  # what it announced
    spans: tuple[FiringSpan, ...] = ()


@dataclass(slots=True)
class SpanRecorder:
    """Notes from each evaluation to the next when rules fire."""

    began: dict[StateKey, float] = field(default_factory=dict)
    spans: list[tuple[str, FiringSpan]] = field(default_factory=list)

    def record_states(self, states: dict[StateKey, RuleState], now: float) -> None:
        """Note the states after an evaluation."""
        if not states and not self.began:
            return
        active = {key for key, it in states.items() if it.state.is_active}
        for key in self.began.keys() - active:
            self.spans.append((key[0], FiringSpan(subject=key[1], began=self.began.pop(key), ended=now)))
        for key in active - self.began.keys():
            self.began[key] = now

    def list_spans(self, rule: str) -> Iterator[FiringSpan]:
        """The spans of one rule; those that have not ended come last."""
        yield from (span for name, span in self.spans if name == rule)
        for (name, subject), at in self.began.items():
            if name == rule:
                yield FiringSpan(subject=subject, began=at)


@dataclass(frozen=True, slots=True)
class Inhibitor:
    """A rule that others give way to, with its spans."""

    rule: str
    per: str
    spans: Sequence[FiringSpan]


@dataclass(frozen=True, slots=True)
class FiringInhibitors:
    """The inhibitors that fire at `now`, found when they are asked for."""

    inhibitors: Iterable[Inhibitor]
    now: float

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        for it in self.inhibitors:
            for span in it.spans:
                if span.began <= self.now < span.ended:
                    yield it.rule, span.subject, it.per
