"""Whether a promise is one: specific, measurable, aligned, relevant and time-bound.

specific      it is for a priority that some fault has, and counts in a named calendar
measurable    it has a span or a share
aligned       whoever is sent can keep it, and its parts agree with each other
relevant      the contract covers what the promise needs
time-bound    contract and shares have a period
"""

from collections.abc import Iterator

from agent.contracts.checks import ContractFinding
from agent.contracts.contract_book import USUAL_PRIORITIES, find_priority
from agent.contracts.file_format import ContractFile, ContractForm, SlaForm
from agent.contracts.value_types import BusinessSpan
from agent.core.calendars import ALWAYS_OPEN, Calendar
from agent.core.model import Impact
from agent.core.toml import TomlPath

ORDERED = ("response", "resolution")  # each at most as long as the next


def check_promises(form: ContractFile) -> Iterator[ContractFinding]:
    """Check what every contract promises."""
    calendars = {one.id: one.build_calendar(one.id, None) for one in form.calendar}
    for number, contract in enumerate(form.contract):
        where: TomlPath = ("contract", number)
        for priority, sla in contract.sla.items():
            calendar = calendars.get(sla.calendar, ALWAYS_OPEN)
            yield from _check_sla(form, contract, priority, sla, calendar, (*where, "sla", priority))
        yield from _check_period(contract, where)
        yield from _check_priorities(contract, where)
        yield from _check_approval(contract, where)


def _check_sla(
    form: ContractFile,
    contract: ContractForm,
    priority: str,
    sla: SlaForm,
    calendar: Calendar,
    where: TomlPath,
) -> Iterator[ContractFinding]:
    if not any(find_priority(contract, impact) == priority for impact in Impact):
        yield ContractFinding(
            where=where,
            reason=f"not specific: no fault has the priority {priority} under this contract",
            suggestion=f'add [contract.priority] with degraded = "{priority}", or remove this promise',
        )
    spans = [getattr(sla, key) for key in ("response", "resolution", "max_downtime", "loaner_after")]
    if not any(spans) and not sla.plan_with_next_visit:
        yield ContractFinding(
            where=where,
            reason="not measurable: it says no time",
            suggestion='add response = "4h" or resolution = "8h"',
        )
    if sla.resolution and not set(contract.covers) & {"labour", "parts"}:
        yield ContractFinding(
            where=(*where, "resolution"),
            reason="not relevant: a repair is promised, and neither labour nor parts are covered",
            suggestion='add covers = ["labour", "parts"], or promise the response alone',
            wrong=contract.billing_model != "time_and_materials",
        )
    yield from _check_alignment(form, contract, sla, calendar, where)


def _check_alignment(
    form: ContractFile, contract: ContractForm, sla: SlaForm, calendar: Calendar, where: TomlPath
) -> Iterator[ContractFinding]:
    """Check that the spans agree with each other and with who is sent."""
    for shorter, longer in (("response", "resolution"), ("resolution", "max_downtime")):
        first, second = getattr(sla, shorter), getattr(sla, longer)
        clock = (
            ALWAYS_OPEN if contract.uptime_counts == "all_hours" and longer == "max_downtime" else calendar
        )
        if first and second and clock is calendar and _seconds(first, calendar) > _seconds(second, calendar):
            yield ContractFinding(
                where=(*where, longer),
                reason=f"not aligned: {longer} ({second.text}) is due before {shorter} ({first.text})",
                suggestion=f"write a {longer} that is at least as long",
            )
    targets = [span for span in (sla.response, sla.resolution) if span]
    shortest = min(targets, key=lambda one: _seconds(one, calendar), default=None)
    if sla.warn_before and shortest and _seconds(sla.warn_before, calendar) >= _seconds(shortest, calendar):
        yield ContractFinding(
            where=(*where, "warn_before"),
            reason=f"not aligned: each ticket would be at risk as it opens: {shortest.text} is all there is",
            suggestion="write a shorter warn_before, or leave it out: a quarter of the target",
        )
    sent = [one for one in form.service_org if one.id in contract.service_org]
    for one in sent:
        within = one.acknowledge_within
        if within and sla.response and _seconds(within, calendar) > _seconds(sla.response, calendar):
            yield ContractFinding(
                where=(*where, "response"),
                reason=f"not aligned: {one.id} may acknowledge within {within.text}, later than this is due",
                suggestion="shorten its acknowledge_within, or lengthen the response",
            )


def _seconds(span: BusinessSpan, calendar: Calendar) -> float:
    return span.count_seconds(calendar)


def _check_period(contract: ContractForm, where: TomlPath) -> Iterator[ContractFinding]:
    promises = bool(contract.sla) or contract.uptime_target_pct is not None
    if promises and contract.ends is None and contract.renews is None:
        yield ContractFinding(
            where=where,
            reason="not time-bound: it has no last day",
            suggestion='add ends = 2028-12-31, or renews = "yearly"',
        )
    if contract.uptime_target_pct is not None and contract.uptime_period is None:
        yield ContractFinding(
            where=(*where, "uptime_target_pct"),
            reason="not time-bound: over which time is the share taken?",
            suggestion='add uptime_period = "month"',
        )


def _check_priorities(contract: ContractForm, where: TomlPath) -> Iterator[ContractFinding]:
    if contract.priority.get(Impact.PREDICTED) == "P1":
        yield ContractFinding(
            where=(*where, "priority", "predicted"),
            reason="a prediction is never P1: nothing is broken yet",
            suggestion='write predicted = "P3", or "P2"',
        )
    missing: dict[str, list[str]] = {}
    for impact in USUAL_PRIORITIES if contract.sla else ():
        priority = find_priority(contract, impact)
        if priority and priority not in contract.sla:
            missing.setdefault(priority, []).append(impact)
    for name, impacts in missing.items():
        yield ContractFinding(
            where=(*where, "sla"),
            reason=f"nothing is promised for {name}, the priority of {', '.join(impacts)}",
            suggestion=f"add [contract.sla.{name}], or leave it so if that is meant",
            wrong=False,
        )


def _check_approval(contract: ContractForm, where: TomlPath) -> Iterator[ContractFinding]:
    if contract.billing_model == "time_and_materials" and contract.approval is None:
        yield ContractFinding(
            where=(*where, "billing_model"),
            reason="time and materials needs a way to approve a visit before somebody is sent",
            suggestion='add [contract.approval] with by = ["mail"]',
        )
