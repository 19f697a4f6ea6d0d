"""Scores of a rule: its firings against the events that it should foretell. Pure.

    firing ──────┬─ came true within the horizon ─► right      precision = right / firings
                 └─ did not ─────────────────────► false
    event  ──────┬─ a firing foretold it ────────► caught      recall = caught / events
                 └─ none did ────────────────────► missed      lead = event − opening

Proportions are given with their 95 % Wilson interval, and with a warning below 20 cases: a precision of
3 in 3 says hardly anything.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from agent.rules.backtest.desk_ticket import DeskTicket
from agent.rules.backtest.firing import Firing, ObservedEvent
from agent.rules.backtest.order_figures import OrderFigures

SMALL_SAMPLE = 20
Z_95 = 1.959964  # 95 %


@dataclass(frozen=True, slots=True)
class Proportion:
    """`hits` of `of`, with the 95 % interval of E. B. Wilson (1927)."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        if not self.of:
            return None
        p, n, z2 = self.hits / self.of, self.of, Z_95 * Z_95
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = Z_95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    @property
    def is_small_sample(self) -> bool:
        return self.of < SMALL_SAMPLE

    def __str__(self) -> str:
        if self.interval is None:
            return "– (nothing to count)"
        low, high = self.interval
        warning = f" · n < {SMALL_SAMPLE}: says little" if self.is_small_sample else ""
        return f"{self.value:.0%} ({self.hits} of {self.of}, {low:.0%}–{high:.0%}){warning}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleScore:
    """Precision, recall and lead of one rule over a span of time."""

    rule: str
    device_months: float
    firings: tuple[Firing, ...] = ()  # one for each ticket, and each item of a list
    tickets: tuple[DeskTicket, ...] = ()  # what the desk would have had of it
    orders: OrderFigures | None = None  # of rules that order supplies
    right: tuple[Firing, ...] = ()
    false: tuple[Firing, ...] = ()
    caught: tuple[ObservedEvent, ...] = ()
    missed: tuple[ObservedEvent, ...] = ()
    leads: tuple[float, ...] = ()  # seconds, of what was caught
    flaps: int = 0
    judged: bool = True  # whether there was something to compare it with
    thinned: bool = False
    unreplayable_signals: tuple[
        str, ...
    ] = ()  # signals that were unknown all along: the past keeps nothing of them
    known_since: float | None = None  # the first reading in the span; None: the whole span
    unended: int = 0  # firings whose horizon was not over: neither right nor false

    @property
    def precision(self) -> Proportion:
        return Proportion(len(self.right), len(self.right) + len(self.false))

    @property
    def recall(self) -> Proportion:
        return Proportion(len(self.caught), len(self.caught) + len(self.missed))

    @property
    def ticket_rate(self) -> float:
        """Tickets for each printer and month."""
        return len(self.tickets) / self.device_months if self.device_months else 0.0

    @property
    def lead_quartiles(self) -> tuple[float, float] | None:
        """The lower quartile and the median of the lead, in seconds."""
        if not self.leads:
            return None
        low = quantiles(self.leads, n=4)[0] if len(self.leads) > 1 else self.leads[0]
        return low, median(self.leads)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceEvents:
    """The events a rule should foretell (`events`), and further proof that a firing was right (`proofs`)."""

    events: Sequence[ObservedEvent] = ()
    proofs: Sequence[ObservedEvent] = ()
    horizon: float = 30 * 86400.0
    until: float = math.inf  # the end of what is known


@dataclass(slots=True)
class _EventIndex:
    """Events by printer, to be looked up."""

    events: dict[str, list[ObservedEvent]] = field(default_factory=dict)

    @classmethod
    def from_events(cls, events: Iterable[ObservedEvent]) -> "_EventIndex":
        near = cls()
        for event in sorted(events, key=lambda it: it.at):
            near.events.setdefault(event.device, []).append(event)
        return near

    def find_matches(self, firing: Firing, horizon: float) -> list[ObservedEvent]:
        """Find the events of the same subject from the opening to the end of the horizon."""
        end = firing.opened + horizon
        return [
            event
            for event in self.events.get(firing.device, ())
            if firing.opened <= event.at <= end and is_same_subject(firing.subject, event.subject)
        ]


def is_same_subject(subject: str, other: str | None) -> bool:
    """True if both concern the same subject; a whole printer includes all of its subjects."""
    return not other or not subject or subject == other


def score_rule(
    rule: str,
    firings: Sequence[Firing],
    reference: ReferenceEvents | None,
    *,
    device_months: float,
    thinned: bool = False,
) -> RuleScore:
    """The rule's worth. Without a reference it is only counted."""
    flaps = count_flaps(firings)
    if reference is None:
        return RuleScore(
            rule=rule, device_months=device_months, firings=tuple(firings), flaps=flaps, judged=False,
            thinned=thinned,
        )  # fmt: skip
    events, proofs = (
        _EventIndex.from_events(reference.events),
        _EventIndex.from_events((*reference.events, *reference.proofs)),
    )
    right = [it for it in firings if proofs.find_matches(it, reference.horizon)]
    proven = set(map(id, right))
    others = [it for it in firings if id(it) not in proven]
    false = [it for it in others if it.opened + reference.horizon <= reference.until]
    first: dict[int, Firing] = {}
    for firing in sorted(firings, key=lambda it: it.opened):
        for event in events.find_matches(firing, reference.horizon):
            first.setdefault(id(event), firing)
    caught = [event for event in reference.events if id(event) in first]
    return RuleScore(
        rule=rule,
        device_months=device_months,
        firings=tuple(firings),
        right=tuple(right),
        false=tuple(false),
        caught=tuple(caught),
        missed=tuple(event for event in reference.events if id(event) not in first),
        leads=tuple(event.at - first[id(event)].opened for event in caught),
        flaps=flaps,
        thinned=thinned,
        unended=len(others) - len(false),
    )


def count_flaps(firings: Sequence[Firing]) -> int:
    """Count the firings that followed within a day of another about the same subject."""
    return sum(
        other.opened - (one.closed or one.opened) < 86400.0 for one, other in _consecutive_firings(firings)
    )


def _consecutive_firings(firings: Sequence[Firing]) -> Iterable[tuple[Firing, Firing]]:
    """Each firing with the next one about the same subject."""
    last: dict[tuple[str, str], Firing] = {}
    for firing in sorted(firings, key=lambda it: it.opened):
        key = (firing.device, firing.subject)
        if key in last:
            yield last[key], firing
        last[key] = firing
