"""From the facts about one printer to changes: rule results, states, notifications.

    Facts ──► verdict ──► lifecycle ──► decision ──────────► Change
              holds?      where does    does a graver     opened,
                          it stand?     one speak? is it  resolved
                                        the time?

Only what can have changed is judged: rules that rest on a part of the facts that the last reading changed,
or on the clock, and those that are not quiet. Pure: the states before and the facts in, the states after and
the changes out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from agent.core.model import Change, ChangeKind, Facts, Impact
from agent.rules import change_builder, rule_edits
from agent.rules.conditions import EvaluationContext, RuleResult, build_evidence, evaluate_rule
from agent.rules.lifecycle import LifecycleState, NotifyDecision, Phase, advance_state, announce_change
from agent.rules.rule import Rule, RuleSet
from agent.rules.state_store import RuleState, StateKey

ENDINGS = (ChangeKind.RESOLVED, ChangeKind.WITHDRAWN)
PREEXISTING_WINDOW = 3600.0  # what holds within an hour of meeting a printer was there before


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationScope:
    """Inputs of an evaluation beyond the printer's own facts."""

    not_due: Collection[str] = ()  # the turns ("daily@07:00") that are not due now
    firing_site_rules: Collection[str] = ()  # ids of the rules about the site that fire
    touched: Collection[str] | None = None  # the only supplies that changed; None: unknown
    firing_elsewhere: Iterable[tuple[str, str, str]] = ()  # (rule, subject, per) of rules judged apart


@dataclass(slots=True)
class _EvaluationState:
    """One evaluation in progress."""

    rules: RuleSet
    facts: Facts
    before: Mapping[StateKey, RuleState]
    scope: EvaluationScope
    results: dict[StateKey, tuple[Rule, RuleResult]] = field(default_factory=dict)
    next_states: dict[StateKey, LifecycleState | None] = field(default_factory=dict)
    firing: set[StateKey] = field(default_factory=set)
    per: dict[str, str] = field(default_factory=dict)  # rule id -> kind of subject


def decide_changes(
    rules: RuleSet, before: Mapping[StateKey, RuleState], facts: Facts, scope: EvaluationScope | None = None
) -> tuple[dict[StateKey, RuleState], list[Change]]:
    """Return the states after these facts and the changes: first opened, then resolved.

    In this order a ticket that passes from one rule to another stays the same ticket.
    """
    return _decide_for_rules(
        rules, rules.rules_for_device(facts.device, facts.site.id), before, facts, scope or EvaluationScope()
    )


def decide_site_changes(
    rules: RuleSet, before: Mapping[StateKey, RuleState], facts: Facts
) -> tuple[dict[StateKey, RuleState], list[Change]]:
    """The same for the rules about the site; `facts.device` stands in for it."""
    return _decide_for_rules(rules, rules.rules_for_site(facts.site.id), before, facts, EvaluationScope())


def _decide_for_rules(
    rules: RuleSet,
    relevant: Iterable[Rule],
    before: Mapping[StateKey, RuleState],
    facts: Facts,
    scope: EvaluationScope,
) -> tuple[dict[StateKey, RuleState], list[Change]]:
    here = {rule.id: rule for rule in relevant}
    before, former = rule_edits.pass_on_states(before, here)
    case = _EvaluationState(rules=rules, facts=facts, before=before, scope=scope)
    case.results.update(_evaluate_rules(here.values(), case))
    for key, (rule, verdict) in case.results.items():
        case.next_states[key] = _advance_rule(rule, verdict, before.get(key), facts)
    kept = {key: it for key, it in before.items() if key[0] in here and key not in case.results}
    for key, state in (*case.next_states.items(), *((key, it.state) for key, it in kept.items())):
        if state and state.is_active:
            case.firing.add(key)
    after, changes = dict(kept), []
    for key, (rule, verdict) in case.results.items():
        standing, change = _announce_result(rule, verdict, case)
        if change:
            changes.append(change)
        if change and standing and rule.once and change.kind is ChangeKind.OPENED:
            changes.append(replace(change, kind=ChangeKind.RESOLVED))
            standing = _close_occurrence(standing)
        if standing:
            after[key] = standing
    edits = rule_edits.EditedStates(here=here, facts=facts, verdicts=case.results, after=after)
    changes += edits.update_notices(former)
    changes += edits.end_withdrawn(before)
    changes.sort(key=lambda change: change.kind in ENDINGS)
    return edits.after, changes


def _evaluate_rules(
    relevant: Iterable[Rule], case: _EvaluationState
) -> Iterator[tuple[StateKey, tuple[Rule, RuleResult]]]:
    facts, fresh = case.facts, case.facts.fresh
    remembered: defaultdict[str, list[str]] = defaultdict(list)
    for rule_id, subject in case.before:
        remembered[rule_id].append(subject)
    blinded = facts.answers_in_a_row == 0 and facts.site.all_unreachable
    changed = None if fresh is None else fresh | {"clock"}
    contexts: dict[float, EvaluationContext] = {}
    for rule in relevant:
        known = remembered.get(rule.id, ())
        waits = rule.schedule is not None and rule.schedule.text in case.scope.not_due
        if waits:  # out of its turn it is asked only for what it has to say and could not say yet
            known = [key for key in known if _is_withheld(case.before[rule.id, key].state)]
            if not known:
                continue
        if blinded and rule.when_unreachable:  # no printer answers: the agent itself may be cut off
            continue
        if not rule.schedule and not known and changed is not None and rule.depends_on.isdisjoint(changed):
            continue
        oldest = rule.timing.stale_after
        if oldest not in contexts:
            contexts[oldest] = EvaluationContext.from_facts(facts, oldest)
        bound = rule.supply_local or (rule.supply_bound and fresh == frozenset({"supplies"}))
        touched = case.scope.touched if bound and not rule.schedule else None
        for verdict in evaluate_rule(rule, contexts[oldest], known, touched):
            if not waits or verdict.subject.key in known:
                yield (rule.id, verdict.subject.key), (rule, verdict)


def _is_withheld(state: LifecycleState) -> bool:
    """True if it fires and its notification is withheld: by hours, an inhibitor, or the first days."""
    return state.phase is Phase.FIRING and not state.announced and not state.dropped


def _advance_rule(
    rule: Rule, verdict: RuleResult, before: RuleState | None, facts: Facts
) -> LifecycleState | None:
    was, renewed = before.state if before else None, _load_renewal_time(rule, verdict, facts)
    return advance_state(
        was,
        holds=verdict.holds,
        ceased=verdict.ceased,
        now=facts.now,
        timing=rule.timing,
        ended=was is not None and renewed is not None and renewed > was.began,
    )


def _load_renewal_time(rule: Rule, verdict: RuleResult, facts: Facts) -> float | None:
    """Return when the subject became another: a supply was replaced, the counter fell or jumped again.

    A rule with one ticket for each epoch of the counter ends with the epoch, and fires anew in the next.
    """
    if "{counter.epoch}" not in rule.component:
        return verdict.subject.renewed
    breaks = [it for it in facts.happened if it.what == "counter" and it.detail in {"backwards", "jumped"}]
    return max((it.at for it in breaks), default=None)


def _decide_notification(rule: Rule, key: StateKey, case: _EvaluationState) -> NotifyDecision:
    """Decide whether the rule may notify now."""
    if rule.shadow or _is_inhibited(rule, key[1], case):
        return NotifyDecision.LATER
    if rule.suppressions:
        suppressions = [it for it in rule.suppressions if it.applies_at(case.facts.now)]
        if suppressions:
            return NotifyDecision.NEVER if any(it.drops for it in suppressions) else NotifyDecision.LATER
    if rule.impact in {Impact.SUPPLY, Impact.PREDICTED} and _in_first_days(case.facts):
        return (
            NotifyDecision.NOW if _is_preexisting(case.next_states[key], case.facts) else NotifyDecision.LATER
        )
    return NotifyDecision.NOW


def _is_inhibited(rule: Rule, subject: str, case: _EvaluationState) -> bool:
    """True if a rule in `inhibited_by` fires: on the same subject if both are about the same
    kind of subject, else anywhere on the printer, or for the site as a whole."""
    if not rule.inhibited_by:
        return False
    if not set(rule.inhibited_by).isdisjoint(case.scope.firing_site_rules):
        return True
    here = ((name, other, case.rules.rules[name].per) for name, other in case.firing)
    return any(
        name in rule.inhibited_by and (other == subject or per != rule.per)
        for name, other, per in (*here, *case.scope.firing_elsewhere)
    )


def _in_first_days(facts: Facts) -> bool:
    return facts.site.settles is not None and facts.now < facts.site.settles


def _is_preexisting(state: LifecycleState | None, facts: Facts) -> bool:
    """True if the condition already held when the agent first saw the printer."""
    return state is not None and state.began - facts.device.first_seen <= PREEXISTING_WINDOW


def _announce_result(
    rule: Rule, verdict: RuleResult, case: _EvaluationState
) -> tuple[RuleState | None, Change | None]:
    key = (rule.id, verdict.subject.key)
    before, state, facts = case.before.get(key), case.next_states[key], case.facts
    was = before.state if before else None
    if state is None and was is None:
        return None, None
    after, kind = announce_change(was, state, decision=_decide_if_announceable(rule, key, case, state))
    notice = before.notice if before else None
    if kind is ChangeKind.OPENED:
        began, old = state.began if state else None, _in_first_days(facts) and _is_preexisting(state, facts)
        notice = change_builder.build_notice(rule, verdict, facts, began, preexisting=old)
    change, stood = None, was if kind is ChangeKind.RESOLVED else after
    if kind and notice and stood:
        said = build_evidence(verdict)
        change = change_builder.build_change(
            kind,
            key,
            notice,
            stood.began,
            facts,
            said,
            gathering=change_builder.build_grouping(rule, notice, facts),
        )
        change = replace(change, renewed=stood.began if rule.once else verdict.subject.renewed)
    if after is None:
        return None, change
    kept = notice is not None and (after.announced or (notice.closed and after.dropped))
    return RuleState(state=after, notice=notice if kept else None), change


def _close_occurrence(standing: RuleState) -> RuleState:
    """The state of an occurrence whose ticket was sent and closed: it reports nothing more."""
    notice = replace(standing.notice, closed=True) if standing.notice else None
    return RuleState(state=replace(standing.state, announced=False, dropped=True), notice=notice)


def _decide_if_announceable(
    rule: Rule, key: StateKey, case: _EvaluationState, state: LifecycleState | None
) -> NotifyDecision:
    """Decide on a notification, only where there is something to announce."""
    if state is None or state.phase is not Phase.FIRING or state.announced or state.dropped:
        return NotifyDecision.LATER
    return _decide_notification(rule, key, case)
