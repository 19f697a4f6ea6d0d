"""From the facts about one printer to what changed: verdicts, states, and what is said of them.

    Facts ──► verdict ──► lifecycle ──► inhibition ──► Change
              holds?      where does     is a graver     opened,
                          it stand?      one speaking?   resolved

Pure: the states before and the facts in, the states after and the changes out.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from agent.model import Change, ChangeKind, Facts, Impact
from agent.rules import wording
from agent.rules.lifecycle import Phase, State, announce, step
from agent.rules.rule import Rule, RuleSet
from agent.rules.states import Key, Notice, Standing
from agent.rules.verdict import Grounds, Verdict, evaluate, evidence


def decide(
    rules: RuleSet, before: Mapping[Key, Standing], facts: Facts
) -> tuple[dict[Key, Standing], list[Change]]:
    """The states after these facts, and what to tell: first what opened, then what is over.

    In this order a ticket that passes from one rule to another stays the same ticket.
    """
    verdicts = dict(_verdicts(rules, before, facts))
    moved = {
        (rule.id, verdict.subject.key): step(
            _state(before, (rule.id, verdict.subject.key)),
            holds=verdict.holds,
            ceased=verdict.ceased,
            now=facts.now,
            patience=rule.patience,
        )
        for rule, verdict in verdicts.values()
    }
    firing = {key for key, state in moved.items() if state and state.phase is not Phase.PENDING}
    after: dict[Key, Standing] = {}
    changes: list[Change] = []
    for key, (rule, verdict) in verdicts.items():
        hushed = rule.shadow or _inhibited(rule, key[1], rules, firing)
        standing, change = _tell(rule, verdict, before.get(key), moved[key], facts, hushed=hushed)
        if standing:
            after[key] = standing
        if change:
            changes.append(change)
    changes += _withdrawn(before, verdicts, facts)
    changes.sort(key=lambda change: change.kind is ChangeKind.RESOLVED)
    return after, changes


def _verdicts(
    rules: RuleSet, before: Mapping[Key, Standing], facts: Facts
) -> Iterator[tuple[Key, tuple[Rule, Verdict]]]:
    remembered = defaultdict(list)
    for rule_id, subject in before:
        remembered[rule_id].append(subject)
    grounds: dict[float, Grounds] = {}
    for rule in rules.about(facts.device):
        oldest = rule.patience.gap
        if oldest not in grounds:
            grounds[oldest] = Grounds.of(facts, oldest)
        for verdict in evaluate(rule, grounds[oldest], remembered.get(rule.id, ())):
            yield (rule.id, verdict.subject.key), (rule, verdict)


def _state(before: Mapping[Key, Standing], key: Key) -> State | None:
    standing = before.get(key)
    return standing.state if standing else None


def _inhibited(rule: Rule, subject: str, rules: RuleSet, firing: set[Key]) -> bool:
    """Whether a rule that `rule` gives way to fires: on the same subject if both are about the same
    kind of subject, else anywhere on the printer."""
    return any(
        name in rule.inhibited_by and (other == subject or rules.rules[name].per != rule.per)
        for name, other in firing
    )


def _tell(
    rule: Rule, verdict: Verdict, before: Standing | None, state: State | None, facts: Facts, *, hushed: bool
) -> tuple[Standing | None, Change | None]:
    was = before.state if before else None
    after, kind = announce(was, state, hushed=hushed)
    notice = before.notice if before else None
    if kind is ChangeKind.OPENED:
        notice = _notice(rule, verdict, facts)
    change, stood = None, after or was
    if kind and notice and stood:
        key = (rule.id, verdict.subject.key)
        change = _change(kind, key, notice, stood.began, facts, evidence(verdict))
    return Standing(state=after, notice=notice) if after else None, change


def _notice(rule: Rule, verdict: Verdict, facts: Facts) -> Notice:
    words = wording.words(verdict, facts)
    return Notice(
        fault=rule.fault,
        component=wording.fill(rule.component, words),
        impact=rule.impact.value,
        severity=rule.severity,
        title=wording.fill(rule.title, words),
    )


def _withdrawn(
    before: Mapping[Key, Standing], verdicts: Mapping[Key, object], facts: Facts
) -> Iterator[Change]:
    """What was announced by rules that are no longer there, or no longer about this printer."""
    for key, standing in before.items():
        if key not in verdicts and standing.state.announced and standing.notice:
            why = {"withdrawn": "the rule is no longer in force"}
            yield _change(
                ChangeKind.RESOLVED, key, standing.notice, standing.state.began, facts, why
            )  # fmt: skip


def _change(
    kind: ChangeKind, key: Key, notice: Notice, began: float, facts: Facts, because: Mapping[str, object]
) -> Change:
    return Change(
        kind=kind,
        at=facts.now,
        device=facts.device,
        rule=key[0],
        subject=key[1],
        fault=notice.fault,
        component=notice.component,
        impact=Impact(notice.impact),
        severity=notice.severity,
        title=notice.title,
        since=began,
        evidence=because,
    )
