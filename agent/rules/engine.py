"""From the facts about one printer to what changed: verdicts, states, and what is said of them.

    Facts ──► verdict ──► lifecycle ──► voice ──────────► Change
              holds?      where does    does a graver     opened,
                          it stand?     one speak? is it  resolved
                                        the time?

Only what can have changed is judged: rules that rest on a part of the facts that the last reading changed,
or on the clock, and those that are not quiet. Pure: the states before and the facts in, the states after and
the changes out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.core.model import Change, ChangeKind, Facts, Gathering, Impact
from agent.rules import templates
from agent.rules.conditions import Grounds, Verdict, evaluate, evidence
from agent.rules.lifecycle import Phase, State, Voice, announce, step
from agent.rules.rule import Rule, RuleSet
from agent.rules.state_store import Key, Notice, Standing

FOUND_SO = 3600.0  # what holds within an hour of meeting a printer was there before


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a judgement needs to know beyond the printer itself."""

    waits: Collection[str] = ()  # the turns ("daily@07:00") that are not due now
    above: Collection[str] = ()  # ids of the rules about the site that fire
    touched: Collection[str] | None = None  # the only supplies that changed; None: nobody knows


@dataclass(slots=True)
class _Case:
    """One judgement under way."""

    rules: RuleSet
    facts: Facts
    before: Mapping[Key, Standing]
    around: Around
    verdicts: dict[Key, tuple[Rule, Verdict]] = field(default_factory=dict)
    moved: dict[Key, State | None] = field(default_factory=dict)
    firing: set[Key] = field(default_factory=set)
    per: dict[str, str] = field(default_factory=dict)  # rule id -> what it is about


def decide(
    rules: RuleSet, before: Mapping[Key, Standing], facts: Facts, around: Around | None = None
) -> tuple[dict[Key, Standing], list[Change]]:
    """The states after these facts, and what to tell: first what opened, then what is over.

    In this order a ticket that passes from one rule to another stays the same ticket.
    """
    return _decide(rules, rules.about(facts.device, facts.site.id), before, facts, around or Around())


def decide_site(
    rules: RuleSet, before: Mapping[Key, Standing], facts: Facts
) -> tuple[dict[Key, Standing], list[Change]]:
    """The same for the rules about the site; `facts.device` stands in for it."""
    return _decide(rules, rules.about_site(facts.site.id), before, facts, Around())


def _decide(
    rules: RuleSet,
    relevant: Iterable[Rule],
    before: Mapping[Key, Standing],
    facts: Facts,
    around: Around,
) -> tuple[dict[Key, Standing], list[Change]]:
    case = _Case(rules=rules, facts=facts, before=before, around=around)
    here = {rule.id: rule for rule in relevant}
    case.verdicts.update(_verdicts(here.values(), case))
    for key, (rule, verdict) in case.verdicts.items():
        case.moved[key] = _step(rule, verdict, before.get(key), facts.now)
    kept = {key: it for key, it in before.items() if key[0] in here and key not in case.verdicts}
    for key, state in (*case.moved.items(), *((key, it.state) for key, it in kept.items())):
        if state and state.active:
            case.firing.add(key)
    after, changes = dict(kept), []
    for key, (rule, verdict) in case.verdicts.items():
        standing, change = _tell(rule, verdict, case)
        if standing:
            after[key] = standing
        if change:
            changes.append(change)
    changes += _withdrawn(before, here, facts)
    changes.sort(key=lambda change: change.kind is ChangeKind.RESOLVED)
    return after, changes


def _verdicts(relevant: Iterable[Rule], case: _Case) -> Iterator[tuple[Key, tuple[Rule, Verdict]]]:
    facts, fresh = case.facts, case.facts.fresh
    remembered: defaultdict[str, list[str]] = defaultdict(list)
    for rule_id, subject in case.before:
        remembered[rule_id].append(subject)
    blinded = facts.answers_in_a_row == 0 and facts.site.blind
    changed = None if fresh is None else fresh | {"clock"}
    grounds: dict[float, Grounds] = {}
    for rule in relevant:
        known = remembered.get(rule.id, ())
        waits = rule.turns is not None and rule.turns.text in case.around.waits
        if waits:  # out of its turn it is asked only for what it has to say and could not say yet
            known = [key for key in known if _unsaid(case.before[rule.id, key].state)]
            if not known:
                continue
        if blinded and rule.lasts:  # nobody answers: it may be us
            continue
        if not rule.turns and not known and changed is not None and rule.rests_on.isdisjoint(changed):
            continue
        oldest = rule.patience.gap
        if oldest not in grounds:
            grounds[oldest] = Grounds.of(facts, oldest)
        touched = case.around.touched if rule.alone and not rule.turns else None
        for verdict in evaluate(rule, grounds[oldest], known, touched):
            if not waits or verdict.subject.key in known:
                yield (rule.id, verdict.subject.key), (rule, verdict)


def _unsaid(state: State) -> bool:
    """Whether it is a fact that was kept back: by hours, by another rule, by a site's first days."""
    return state.phase is Phase.FIRING and not state.announced and not state.dropped


def _step(rule: Rule, verdict: Verdict, before: Standing | None, now: float) -> State | None:
    was, renewed = before.state if before else None, verdict.subject.renewed
    return step(
        was,
        holds=verdict.holds,
        ceased=verdict.ceased,
        now=now,
        patience=rule.patience,
        ended=was is not None and renewed is not None and renewed > was.began,
    )


def _voice(rule: Rule, key: Key, case: _Case) -> Voice:
    """Whether the rule may speak up now."""
    if rule.shadow or _inhibited(rule, key[1], case):
        return Voice.LATER
    if rule.hushes:
        hushes = [hush for hush in rule.hushes if hush.at(case.facts.now)]
        if hushes:
            return Voice.NEVER if any(hush.drops for hush in hushes) else Voice.LATER
    if rule.impact in {Impact.SUPPLY, Impact.PREDICTED} and _first_days(case.facts):
        return Voice.FREE if _found_so(case.moved[key], case.facts) else Voice.LATER
    return Voice.FREE


def _inhibited(rule: Rule, subject: str, case: _Case) -> bool:
    """Whether a rule that `rule` gives way to fires: on the same subject if both are about the same
    kind of subject, else anywhere on the printer, or for the site as a whole."""
    if not rule.inhibited_by:
        return False
    if not set(rule.inhibited_by).isdisjoint(case.around.above):
        return True
    return any(
        name in rule.inhibited_by and (other == subject or case.rules.rules[name].per != rule.per)
        for name, other in case.firing
    )


def _first_days(facts: Facts) -> bool:
    return facts.site.settles is not None and facts.now < facts.site.settles


def _found_so(state: State | None, facts: Facts) -> bool:
    """Whether what holds was there when the agent met the printer."""
    return state is not None and state.began - facts.device.first_seen <= FOUND_SO


def _tell(rule: Rule, verdict: Verdict, case: _Case) -> tuple[Standing | None, Change | None]:
    key = (rule.id, verdict.subject.key)
    before, state, facts = case.before.get(key), case.moved[key], case.facts
    was = before.state if before else None
    if state is None and was is None:
        return None, None
    after, kind = announce(was, state, voice=_speak(rule, key, case, state))
    notice = before.notice if before else None
    if kind is ChangeKind.OPENED:
        notice = _notice(rule, verdict, facts, state)
    change, stood = None, was if kind is ChangeKind.RESOLVED else after
    if kind and notice and stood:
        said = evidence(verdict)
        change = _change(
            kind, key, notice, stood.began, facts, said, gathering=_gathering(rule, notice, facts)
        )
    if after is None:
        return None, change
    return Standing(state=after, notice=notice if after.announced else None), change


def _speak(rule: Rule, key: Key, case: _Case, state: State | None) -> Voice:
    """The voice, asked for only where there is something to announce."""
    if state is None or state.phase is not Phase.FIRING or state.announced or state.dropped:
        return Voice.LATER
    return _voice(rule, key, case)


def _notice(rule: Rule, verdict: Verdict, facts: Facts, state: State | None) -> Notice:
    words = templates.words(verdict, facts, state.began if state else None)
    old = _first_days(facts) and _found_so(state, facts)
    return Notice(
        fault=rule.fault,
        component=templates.fill(rule.component, words),
        impact=rule.impact.value,
        severity=rule.severity,
        title=templates.fill(rule.title, words),
        digest=old and rule.impact not in {Impact.DEVICE_DOWN, Impact.CUSTOMER_FIXABLE},
    )


def _gathering(rule: Rule, notice: Notice, facts: Facts) -> Gathering:
    return Gathering(
        by=rule.together.by,
        wait=rule.together.wait,
        most_a_day=None if rule.impact is Impact.DEVICE_DOWN else rule.most_a_day,
        digest=notice.digest,
        site=facts.site.id,
    )


def _withdrawn(before: Mapping[Key, Standing], here: Collection[str], facts: Facts) -> Iterator[Change]:
    """What was announced by rules that are no longer there, or no longer about this printer."""
    for key, standing in before.items():
        if key[0] not in here and standing.state.announced and standing.notice:
            why = {"withdrawn": "the rule is no longer in force"}
            gathering = Gathering(digest=standing.notice.digest, site=facts.site.id)
            began = standing.state.began
            yield _change(
                ChangeKind.RESOLVED, key, standing.notice, began, facts, why, gathering=gathering
            )  # fmt: skip


def _change(
    kind: ChangeKind,
    key: Key,
    notice: Notice,
    began: float,
    facts: Facts,
    because: Mapping[str, object],
    *,
    gathering: Gathering,
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
        gathering=gathering,
    )
