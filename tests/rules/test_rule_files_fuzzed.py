"""Whatever stands in a rule file: it is taken, or refused with complaints. It never crashes the check."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core.errors import ConfigError
from agent.rules import engine, loader
from agent.rules.signals import load_signals
from agent.rules.value_kinds import MEMBERSHIP_OPERATORS, ORDER_OPERATORS

QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)

VALUES = st.sampled_from([
    '"10 %"', '"5 days"', '"toner"', '"jam"', "8", "-1", "0", "1.5", "inf", "nan", "true", "[]", '["toner"]',
    '[["a"]]', "{}", '{ a = 1 }', "1979-05-27T07:32:00Z", '""', '"\\u0000"', '"%"', '"99999999999999999 %"',
])  # fmt: skip
KEYS = st.sampled_from(["min_age", "severity", "group", "code", "per", "min_count", "max_count", "nonsense"])
CONDITIONS = st.builds(
    lambda signal, op, value, extra: (
        f'{{ signal = {signal}, op = "{op}", value = {value}'
        + "".join(f", {key} = {it}" for key, it in extra.items())
        + " }"
    ),
    st.one_of(st.sampled_from(sorted(load_signals())).map(lambda name: f'"{name}"'), VALUES),
    st.sampled_from([*ORDER_OPERATORS, *MEMBERSHIP_OPERATORS, "~"]),
    VALUES,
    st.dictionaries(KEYS, VALUES, max_size=2),
)
LISTS = st.one_of(st.lists(CONDITIONS, max_size=3).map(lambda them: f"[{', '.join(them)}]"), VALUES)
RULES = st.builds(
    lambda per, when, clear, extra: "\n".join(
        ["[[rule]]", 'id = "any"', f"per = {per}", f"when.all = {when}", f"clear.all = {clear}", *extra,
         'title = "{device} {value}"', 'fault = "feed.jams"', 'impact = "degraded"']
    ),
    st.sampled_from(['"device"', '"supply"', '"alert"', '"part"', "7"]),
    LISTS,
    LISTS,
    st.lists(
        st.builds("{} = {}".format, st.sampled_from(["for", "owner", "inhibited_by", "scope", "enabled"]), VALUES),
        max_size=1,
    ),
)  # fmt: skip


def refusal(path: Path) -> ConfigError | None:
    try:
        loader.load_rules([path])
    except ConfigError as why:
        return why
    return None


@QUICK
@given(text=RULES)
def test_any_rule_is_taken_or_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "any.toml"
    file.write_text(text, "utf-8")
    refused = refusal(file)
    assert refused is None or all(it.reason and it.file == str(file) for it in refused.complaints)


@QUICK
@given(text=RULES)
def test_what_is_taken_can_judge(tmp_path: Path, printer: Any, text: str) -> None:
    file = tmp_path / "any.toml"
    file.write_text(text, "utf-8")
    if refusal(file) is None:
        rows = (printer.episode(printer.alert(8, "input")),)
        facts = printer.facts(60.0, open_alerts=rows, recent_alerts=rows)
        standing, _ = engine.decide_changes(loader.load_rules([file]), {}, facts)
        engine.decide_changes(loader.load_rules([file]), standing, printer.silent(120.0, since=60.0))


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"[[rule]", b"rule = 1", b"", b'[[rule]]\nid = "a"\nid = "b"']
)
def test_a_broken_file_is_refused_and_an_empty_one_is_nothing(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(content)
    assert (refusal(file) is None) == (content == b"")
