"""What `rules check` advises: each piece is brought forth by a rule, and not by the same rule put right."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import rules as cli
from agent.core.errors import Complaint
from agent.pipeline.replay import fleet_lint
from agent.rules import advice, lint, loader

USUAL = {
    "id": '"mine"',
    "title": '"{device}"',
    "when.all": '[{ signal = "device.status", op = "is", value = "down" }]',
    "fault": '"service.requested"',
    "component": '"mine"',
    "impact": '"degraded"',
    "reason": '"It is a test."',
}
SUPPLY = {
    "per": '"supply"',
    "title": '"{supply}"',
    "component": '"{supply.colour}"',
    "when.all": '[{ signal = "supply.level", op = "<=", value = "10 %" }]',
    "clear.all": '[{ signal = "supply.level", op = ">=", value = "25 %" }]',
}
JAMS = {
    "per": '"part"',
    "component": '"{part}"',
    "when.all": '[{ signal = "part.event_rate", per = "7 days", op = ">", value = 3 }]',
    "inhibited_by": '["counter-epoch"]',
}
OFF = """
[[rule]]
id = "off"
enabled = false
title = "x"
when.all = [{ signal = "device.status", op = "is", value = "down" }]
fault = "service.requested"
impact = "degraded"
"""
RICOH = """
[[rule]]
id = "ricoh"
title = "x"
scope.vendors = ["Ricoh"]
when.all = [{ signal = "device.status", op = "is", value = "warning" }]
fault = "service.requested"
component = "ricoh"
impact = "degraded"
reason = "x"
"""
TWO_LEVELS = """[
    { signal = "supply.level", op = "<=", value = "10 %" }, { signal = "supply.level", op = "OP", value = "5 %" },
]"""
NIGHTS = '[{ calendar = "office", action = "delay" }, { calendar = "OTHER", action = "drop" }]'
TWIN = OFF.replace("enabled = false\n", 'component = "mine"\nreason = "x"\n')

EARLIER = OFF.replace("enabled = false\n", "")  # stands in a file of its own

ADVICE = [
    # check, beside it, the rule with what is unwise about it, with what would be right, key, said
    ("_warn_disabled_inhibitor", OFF, {"inhibited_by": '["off"]'}, {}, "inhibited_by", '"off" is switched off'),
    (
        "_warn_disjoint_inhibitor", RICOH,
        {"scope.vendors": '["HP", "Xerox*"]', "inhibited_by": '["ricoh"]'},
        {"scope.vendors": '["HP", "R*"]', "inhibited_by": '["ricoh"]'}, "inhibited_by", "the two never meet",
    ),
    ("_warn_duplicate_rule", TWIN, {}, {"for": '"1 hour"'}, "when", 'asks just what "off" asks'),
    (
        "_warn_replaced_rule", "", {"id": '"supply-low"'}, {"id": '"supply-lower"'}, "id",
        'takes the place of the shipped "supply-low", whose fault is supply.low',
    ),
    ("_warn_repeated_id", EARLIER, {"id": '"off"'}, {}, "id", 'takes the place of "off" in'),
    (
        "_warn_misspelt_word", "",
        SUPPLY | {"when.all": '[{ signal = "supply.colour", op = "is", value = "balck" }]', "clear.all": "[]"},
        SUPPLY | {"when.all": '[{ signal = "supply.colour", op = "is", value = "umber" }]', "clear.all": "[]"},
        "when.all[1].value", '"balck" is no usual colour',
    ),
    (
        "_warn_unfit_impact", "", {"fault": '"supply.low"', "impact": '"device_down"'},
        {"fault": '"supply.low"', "impact": '"supply"'}, "impact", "device_down does not go with supply.low",
    ),
    ("_warn_short_minutes", "", {"for": '"1 m"'}, {"for": '"1 min"'}, "for", "is 1 minute, not a month"),
    (
        "_warn_stale_between_polls", "", SUPPLY | {"stale_after": '"10 minutes"'},
        SUPPLY | {"stale_after": '"31 minutes"'}, "stale_after", "supplies are read each 30 min",
    ),
    ("_warn_missing_reason", "", {"reason": '" "'}, {}, "reason", "the next reader cannot know why"),
    (
        "_warn_wait_without_group", "", {"ticket": '{ group_wait = "2h" }'},
        {"ticket": '{ group_by = ["site"], group_wait = "2h" }'}, "ticket.group_wait", "has no effect",
    ),
    (
        "_warn_grouped_notices", "", {"fault": '"cover.open"', "impact": '"customer_fixable"', "max_tickets_per_day": "3"},
        {"fault": '"cover.open"', "max_tickets_per_day": "3"}, "ticket", "a notice, and no ticket",
    ),
    (
        "_warn_limited_outages", "", {"impact": '"device_down"', "max_tickets_per_day": "3"},
        {"max_tickets_per_day": "3"}, "max_tickets_per_day", "are told each",
    ),
    (
        "_warn_ineffective_flap", "", {"flap": '{ window = "1 day", max_opens = 2, hold = "4h" }'},
        {"flap": '{ window = "1 day", max_opens = 2, hold = "4h" }', "keep_firing": '"1h"'}, "flap",
        "so it is never held",
    ),
    (
        "_warn_stale_between_evaluations", "", {"evaluate": '"daily@07:00"', "stale_after": '"6h"'},
        {"evaluate": '"daily@07:00"'}, "stale_after", "no wait could ever be over",
    ),
    ("_warn_shared_component", "", SUPPLY | {"component": '"toner"'}, SUPPLY, "component", "shares one ticket"),
    (
        "_warn_usage_without_epoch", "", JAMS | {"inhibited_by": "[]"}, JAMS, "inhibited_by",
        "part.event_rate means little",
    ),
    (
        "_warn_noisy_level", "", SUPPLY | {"clear.all": "[]", "keep_firing": '"1h"'}, SUPPLY | {"keep_firing": '"1h"'},
        "clear.all", "wobbles by a few points",
    ),
    (
        "warn_idle_keys", "", {"once": "true", "max_tickets_per_day": "3"}, {"max_tickets_per_day": "3"},
        "max_tickets_per_day", "has no effect with once",
    ),
    (
        "warn_idle_conditions", "", SUPPLY | {"when.all": TWO_LEVELS.replace("OP", "<=")},
        SUPPLY | {"when.all": TWO_LEVELS.replace("OP", ">")}, "when.all[1]", "another condition says all",
    ),
    (
        "warn_repeated_calendar", "", {"suppress": NIGHTS.replace("OTHER", "office")},
        {"suppress": '[{ calendar = "office", action = "drop" }]'},
        "suppress", "stand twice",
    ),
]  # fmt: skip


def advised(tmp_path: Path, beside: str, different: dict[str, str]) -> list[Complaint]:
    lines = (f"{key} = {value}" for key, value in (USUAL | different).items())
    path = tmp_path / "mine.toml"
    path.write_text(f"{'' if beside == EARLIER else beside}\n[[rule]]\n" + "\n".join(lines), "utf-8")
    earlier = tmp_path / "earlier" / "theirs.toml"
    earlier.parent.mkdir(exist_ok=True)
    earlier.write_text(EARLIER, "utf-8")
    first = [earlier] if beside == EARLIER else []
    found = loader.load_rules([*loader.shipped_files(), *first, path])
    return [it for it in found.advice if it.file == str(path)]


@pytest.mark.parametrize(
    ("check", "beside", "unwise", "right", "key", "said"), ADVICE, ids=[it[0] for it in ADVICE]
)
def test_what_is_unwise_is_said_and_what_is_right_is_not(
    tmp_path: Path,
    check: str,
    beside: str,
    unwise: dict[str, str],
    right: dict[str, str],
    key: str,
    said: str,
) -> None:
    del check
    (it,) = advised(tmp_path, beside, unwise)
    assert it.key.endswith(f".{key}")
    assert said in it.reason
    assert it.suggestion
    assert it.line
    assert advised(tmp_path, beside, right) == []


def test_every_piece_of_advice_is_in_the_table() -> None:
    assert [it[0] for it in ADVICE] == [check.__name__ for check in advice.CHECKS]


def test_the_shipped_rules_are_given_no_advice() -> None:
    assert loader.load_rules(loader.shipped_files()).advice == ()


def test_there_are_more_than_twenty_checks() -> None:
    checks = [*lint.CHECKS, *lint.SET_CHECKS, *advice.CHECKS, *fleet_lint.FLEET_CHECKS]
    assert len({check.__name__ for check in checks}) == len(checks) >= 20


def test_advice_is_no_reason_to_refuse(tmp_path: Path) -> None:
    advised(tmp_path, "", {"reason": '""'})
    result = CliRunner().invoke(cli.app, ["check", str(tmp_path)])
    assert result.exit_code == 0
    assert "rule[1].reason: without it the next reader cannot know why it is as it is" in result.output
    assert "no complaint, 1 piece of advice" in result.output
    document = json.loads(CliRunner().invoke(cli.app, ["check", str(tmp_path), "--json"]).stdout)
    assert (document["complaints"], [it["key"] for it in document["advice"]]) == ([], ["rule[1].reason"])
