"""What an edit of rules means for tickets that are open.

    rule gone, another asks the same            ──► its states pass on: the ticket stays as it is
    rule gone, another finds the same fault now ──► the ticket passes to it, without its `for`
    rule gone, or it no longer covers the printer ► WITHDRAWN: a cancellation, not a repair
    title, severity or impact edited            ──► UPDATED, at the next reading that shows it
    other numbers in the same title             ──► nothing
    rule put into shadow                        ──► the ticket stays, until it is over

While the printer is silent nothing passes on and nothing is withdrawn that another rule may yet find.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from agent.core.model import Change, ChangeKind, Facts, GroupingPolicy, Impact
from agent.rules import change_builder, templates
from agent.rules.conditions import EvaluationContext, RuleResult, build_evidence, evaluate_rule
from agent.rules.fingerprints import fingerprint_question, fingerprint_wording
from agent.rules.lifecycle import Phase
from agent.rules.rule import Rule
from agent.rules.state_store import Notice, RuleState, StateKey

States = Mapping[StateKey, RuleState]
WITHDRAWN = {"withdrawn": "the rule is no longer in force"}
EDITED = {"edited": "the rule was edited"}


def pass_on_states(before: States, here: Mapping[str, Rule]) -> tuple[States, dict[StateKey, str]]:
    """The states before, with those of renamed rules under the new id; and the former ids of these.

    `here`: the rules in force for this printer, by id.
    """
    gone = [(key, it.notice) for key, it in before.items() if key[0] not in here and it.notice]
    if not gone:
        return before, {}
    asking = {fingerprint_question(rule): name for name, rule in here.items()}
    after, former = dict(before), {}
    for key, notice in gone:
        name = asking.get(notice.question)
        if name is not None and (name, key[1]) not in after:
            after[name, key[1]] = after.pop(key)
            former[name, key[1]] = key[0]
    return after, former


@dataclass(slots=True, kw_only=True)
class EditedStates:
    """The states after an evaluation, while what edits mean for them is worked in."""

    here: Mapping[str, Rule]
    facts: Facts
    verdicts: Mapping[StateKey, tuple[Rule, RuleResult]]
    after: dict[StateKey, RuleState]

    def update_notices(self, former: Mapping[StateKey, str]) -> Iterator[Change]:
        """Report what is announced in other words than the rule has now, or under another id."""
        for key, standing in list(self.after.items()):
            notice, rule = standing.notice, self.here.get(key[0])
            if notice is None or rule is None:
                continue
            _, verdict = self.verdicts.get(key, (rule, None))
            if verdict and standing.state.announced and _needs_update(rule, notice, verdict):
                yield from self._reword(rule, verdict, standing, former.get(key, key[0]))
            elif key in former and standing.state.announced:
                yield self._build_update(key, notice, standing.state.began, former[key])
            self.after[key] = _stamp_question(self.after[key], rule)

    def end_withdrawn(self, before: States) -> Iterator[Change]:
        """Pass on, or withdraw, what was announced by rules that are gone or no longer cover this printer."""
        for key, standing in before.items():
            if key[0] in self.here or not standing.state.announced or not standing.notice:
                continue
            rules = [it for it in self.here.values() if it.fault == standing.notice.fault and not it.shadow]
            heir = next(self._find_heirs(rules, key, standing, before), None)
            if heir is not None:
                rule, verdict, mine = heir
                self.after[rule.id, key[1]] = mine
                yield from self._reword(rule, verdict, mine, key[0])
            elif rules and not self.facts.answers_in_a_row:
                self.after[key] = standing
            else:
                yield self._build_change(
                    ChangeKind.WITHDRAWN, key, standing.notice, standing.state.began, WITHDRAWN
                )

    def _find_heirs(
        self, rules: list[Rule], key: StateKey, standing: RuleState, before: States
    ) -> Iterator[tuple[Rule, RuleResult, RuleState]]:
        """The rules that find the same fault now and have no ticket of their own for it."""
        notice, began = standing.notice, standing.state.began
        for rule in rules:
            mine = self.after.get((rule.id, key[1]), before.get((rule.id, key[1])))
            verdict = self._evaluate_rule(rule, key[1])
            if notice is None or verdict is None or not verdict.holds or rule.once:
                continue
            if mine and (mine.state.announced or mine.state.dropped):
                continue
            words = templates.placeholder_values(verdict, self.facts, began)
            if templates.fill_template(rule.component, words) == notice.component:
                state = replace(
                    mine.state if mine else standing.state,
                    phase=Phase.FIRING,
                    began=began,
                    stale=False,
                    announced=True,
                )
                yield rule, verdict, RuleState(state=state, notice=notice)

    def _evaluate_rule(self, rule: Rule, subject: str) -> RuleResult | None:
        """The verdict of a rule on a subject, also out of its turn."""
        if (rule.id, subject) in self.verdicts:
            return self.verdicts[rule.id, subject][1]
        context = EvaluationContext.from_facts(self.facts, rule.timing.stale_after)
        found = evaluate_rule(rule, context, [subject])
        return next((it for it in found if it.subject.key == subject), None)

    def _reword(self, rule: Rule, verdict: RuleResult, standing: RuleState, former: str) -> Iterator[Change]:
        """Report a ticket in the words of its rule as it is now; for another receiver it is opened anew."""
        key, state, old = (rule.id, verdict.subject.key), standing.state, standing.notice
        new = change_builder.build_notice(rule, verdict, self.facts, state.began)
        if old is None:
            return
        title = old.title if old.wording == new.wording else new.title  # other numbers are no edit
        new = replace(new, title=title, fault=old.fault, component=old.component, digest=old.digest)
        self.after[key] = replace(standing, notice=new)
        if _has_other_receiver(old, new):
            yield self._build_change(ChangeKind.WITHDRAWN, (former, key[1]), old, state.began, EDITED)
            opened = self._build_change(ChangeKind.OPENED, key, new, state.began, build_evidence(verdict))
            yield replace(opened, grouping=change_builder.build_grouping(rule, new, self.facts))
        else:
            yield self._build_update(key, new, state.began, former)

    def _build_update(self, key: StateKey, notice: Notice, began: float, former: str) -> Change:
        change = self._build_change(ChangeKind.UPDATED, key, notice, began, EDITED)
        return replace(change, former_rule=former)

    def _build_change(
        self, kind: ChangeKind, key: StateKey, notice: Notice, began: float, why: Mapping[str, object]
    ) -> Change:
        policy = GroupingPolicy(digest=notice.digest, site=self.facts.site.id)
        return change_builder.build_change(kind, key, notice, began, self.facts, why, gathering=policy)


def _needs_update(rule: Rule, notice: Notice, verdict: RuleResult) -> bool:
    """True if it was reported in words that the rule no longer has, and the new ones are known."""
    if rule.shadow or rule.once or verdict.holds is None or verdict.ceased:
        return False
    kept = (notice.severity, notice.impact) == (rule.severity, rule.impact.value)
    return notice.wording != fingerprint_wording(rule) if notice.wording else not kept


def _has_other_receiver(old: Notice, new: Notice) -> bool:
    """True if one of them is for the site, and the other for the service desk."""
    return (old.impact == Impact.CUSTOMER_FIXABLE) != (new.impact == Impact.CUSTOMER_FIXABLE)


def _stamp_question(standing: RuleState, rule: Rule) -> RuleState:
    """The state with what its rule asks now, so that it is found under another id."""
    notice, question = standing.notice, fingerprint_question(rule)
    if notice is None or (notice.question == question and notice.wording):
        return standing
    wording = notice.wording or (
        fingerprint_wording(rule)
        if (notice.severity, notice.impact) == (rule.severity, rule.impact.value)
        else ""
    )
    return replace(standing, notice=replace(notice, question=question, wording=wording))
