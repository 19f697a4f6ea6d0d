"""site.devices_affected: on how many of the site's printers something is found now.

`rule` counts only what that rule finds, `fault` only that fault: five printers whose jams recur in one week
have the same paper. Rules in shadow count, too; what is only pending does not.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import ANY_WORD, COUNT, SignalValue, ValueKind

KIND = COUNT
PER = ("device", "supply", "alert", "part", "site")
NOT_REPLAYABLE = True
EVIDENCE_TEXT = "{value} printers affected"
OPTIONS: dict[str, ValueKind] = {"rule": ANY_WORD, "fault": ANY_WORD}
WHEN_UNREACHABLE = True
READS = ("affected", "clock")


def read(asked: SignalQuery) -> SignalValue:
    rules, faults = asked.options.get("rule"), asked.options.get("fault")
    return float(
        len(
            {
                device
                for rule, fault, device in asked.facts.site.affected
                if _is_wanted(rules, rule) and _is_wanted(faults, fault)
            }
        )
    )


def _is_wanted(wanted: object, name: str) -> bool:
    return not isinstance(wanted, frozenset) or name in wanted
