"""site.devices_affected: on how many of the site's printers something is found now.

`rule` counts only what that rule finds, `fault` only that fault: five printers whose jams recur in one week
have the same paper. Rules in shadow count, too; what is only pending does not.
"""

from agent.rules.signals import Asked
from agent.rules.value_kinds import ANY_WORD, COUNT, Kind, Reading

KIND = COUNT
PER = ("device", "supply", "alert", "part", "site")
FORGOTTEN = True
SAYS = "{value} printers affected"
OPTIONS: dict[str, Kind] = {"rule": ANY_WORD, "fault": ANY_WORD}
LASTS = True
READS = ("affected", "clock")


def read(asked: Asked) -> Reading:
    rules, faults = asked.options.get("rule"), asked.options.get("fault")
    return float(
        len(
            {
                device
                for rule, fault, device in asked.facts.site.affected
                if _among(rules, rule) and _among(faults, fault)
            }
        )
    )


def _among(wanted: object, name: str) -> bool:
    return not isinstance(wanted, frozenset) or name in wanted
