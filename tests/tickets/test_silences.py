"""Silences and longer delays: what waits is never lost and never told too early, and what is over was never told."""

import json
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from agent.core.model import Address, Change, ChangeKind, Device, Impact
from agent.core.store import Store
from agent.tickets import grouping, held_changes, lifecycle
from agent.tickets.held_changes import Hold
from agent.tickets.silences import LONGEST, MAX_SILENCES, Silence, SilenceList

PRINTER = Device(key="sn:A1", address=Address("192.0.2.10"))
CABLE = Device(key="sn:U1", address=Address("usb-queue"))
TABLES = {"tickets": lifecycle.SCHEMA, "grouping": grouping.SCHEMA, "holds": held_changes.SCHEMA}


def change(kind: ChangeKind, at: float, *, impact: Impact = Impact.DEGRADED, **words: object) -> Change:
    usual = {
        "device": PRINTER, "rule": "jams", "subject": "", "fault": "feed.jams", "component": "tray:2",
        "severity": "high", "title": "Jams", "since": at - 60.0, "evidence": {"value": 4},
    }  # fmt: skip
    return Change(kind=kind, at=at, impact=impact, **{**usual, **words})  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path):
    with closing(Store(tmp_path / "state" / "printwarden.db", TABLES)) as opened:
        yield opened


@pytest.fixture
def listed(tmp_path: Path) -> SilenceList:
    return SilenceList.in_folder(tmp_path)


def silence(**words: object) -> Silence:
    usual = {"target": "sn:A1", "begins": 0.0, "ends": 1000.0, "reason": "works", "by": "it"}
    return Silence(**{**usual, **words})  # type: ignore[arg-type]


def play(store: Store, now: float, *changes: Change, decide=held_changes.hold_nothing) -> list[tuple]:
    with store.transaction() as tx:
        passed = held_changes.apply_holds(tx, changes, now, decide)
        return [(one.kind.value, one.at, dict(one.evidence)) for one in passed]


def until(end: float, reason: str = "silenced"):
    return lambda _, now: Hold(until=end, reason=reason) if now < end else None


def test_what_still_holds_at_the_end_opens_then_and_says_for_how_long_it_was_silenced(store: Store) -> None:
    opened, decide = change(ChangeKind.OPENED, 100.0), until(1000.0)
    assert play(store, 100.0, opened, decide=decide) == []
    assert play(store, 999.0, decide=decide) == []
    assert play(store, 1000.0, decide=decide) == [("opened", 1000.0, {"value": 4, "silenced_for_s": 900})]
    assert play(store, 1001.0, decide=decide) == [], "once"
    assert play(store, 1100.0, change(ChangeKind.RESOLVED, 1100.0), decide=decide) == [
        ("resolved", 1100.0, {"value": 4})
    ]


@pytest.mark.parametrize("kind", [ChangeKind.RESOLVED, ChangeKind.WITHDRAWN])
def test_what_is_over_before_was_never_told(store: Store, kind: ChangeKind) -> None:
    decide = until(1000.0)
    play(store, 100.0, change(ChangeKind.OPENED, 100.0), decide=decide)
    assert play(store, 500.0, change(kind, 500.0), decide=decide) == []
    assert play(store, 2000.0, decide=decide) == []


def test_an_edit_of_the_rule_reaches_what_waits(store: Store) -> None:
    decide = until(1000.0, "delay")
    play(store, 100.0, change(ChangeKind.OPENED, 100.0), decide=decide)
    edited = change(ChangeKind.UPDATED, 200.0, rule="jams-often", former_rule="jams", title="Jams often")
    assert play(store, 200.0, edited, decide=decide) == []
    with store.transaction() as tx:
        ((waiting, hold),) = held_changes.list_holds(tx)
    assert (waiting.rule, waiting.title, hold.reason) == ("jams-often", "Jams often", "delay")
    ((kind, _, evidence),) = play(store, 1000.0, decide=decide)
    assert (kind, evidence["delayed_for_s"]) == ("opened", 900)


def test_a_silence_that_is_ended_lets_go_at_once_and_one_that_is_longer_keeps_on(store: Store) -> None:
    play(store, 100.0, change(ChangeKind.OPENED, 100.0), decide=until(1000.0))
    with store.transaction() as tx:
        held_changes.review_holds(tx, 200.0, until(5000.0))
    assert play(store, 1000.0, decide=until(5000.0)) == []
    with store.transaction() as tx:
        held_changes.review_holds(tx, 1100.0, held_changes.hold_nothing)
    assert [kind for kind, *_ in play(store, 1100.0)] == ["opened"]


def test_a_restart_in_between_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state" / "printwarden.db"
    with closing(Store(path, TABLES)) as opened:
        play(opened, 100.0, change(ChangeKind.OPENED, 100.0), decide=until(1000.0))
    with closing(Store(path, TABLES)) as opened:
        assert [kind for kind, *_ in play(opened, 1000.0, decide=until(1000.0))] == ["opened"]


def test_random_histories_open_no_ticket_in_a_silence_and_lose_none_after_it(store: Store) -> None:
    """Against a plain model: at each end of a silence, exactly what still holds is open."""
    luck = Random(7)
    holding: set[str] = set()
    silent = False
    for step in range(400):
        now = float(step * 10)
        if luck.random() < 0.1:
            silent = not silent
            decide = (
                (lambda _, at: Hold(until=at + 1e6, reason="silenced"))
                if silent
                else held_changes.hold_nothing
            )
            with store.transaction() as tx:
                held_changes.review_holds(tx, now, decide)
        decide = (
            (lambda _, at: Hold(until=at + 1e6, reason="silenced")) if silent else held_changes.hold_nothing
        )
        subject = luck.choice("abcdef")
        kind = ChangeKind.RESOLVED if subject in holding else ChangeKind.OPENED
        holding ^= {subject}
        moved = change(kind, now, subject=subject, component=subject)
        with store.transaction() as tx:
            passed = held_changes.apply_holds(tx, [moved], now, decide)
            events = grouping.apply_changes(tx, passed)
            open_ones = {one.component for one in lifecycle.load_open_tickets(tx)}
        if silent:
            assert not [one for one in events if one.event in {"open", "reopen"}]
            assert open_ones <= holding
        else:
            assert open_ones == holding


COVERED = [
    ("the printer", {}, PRINTER, Impact.DEGRADED, 500.0, True),
    ("another printer", {"target": "sn:B2"}, PRINTER, Impact.DEGRADED, 500.0, False),
    ("its network", {"target": "192.0.2.0/24"}, PRINTER, Impact.DEGRADED, 500.0, True),
    ("another network", {"target": "198.51.100.0/24"}, PRINTER, Impact.DEGRADED, 500.0, False),
    (
        "a printer on a cable is in no network",
        {"target": "192.0.2.0/24"},
        CABLE,
        Impact.DEGRADED,
        500.0,
        False,
    ),
    ("the site", {"target": "site"}, CABLE, Impact.DEGRADED, 500.0, True),
    ("not yet", {"begins": 600.0}, PRINTER, Impact.DEGRADED, 500.0, False),
    ("no longer", {}, PRINTER, Impact.DEGRADED, 1000.0, False),
    ("a printer that is down", {}, PRINTER, Impact.DEVICE_DOWN, 500.0, False),
    ("also a printer that is down", {"also_critical": True}, PRINTER, Impact.DEVICE_DOWN, 500.0, True),
]


@pytest.mark.parametrize(
    ("story", "words", "device", "impact", "now", "covered"), COVERED, ids=[it[0] for it in COVERED]
)
def test_what_a_silence_covers(
    listed: SilenceList, story: str, words: dict, device: Device, impact: Impact, now: float, covered: bool
) -> None:
    listed.add_silence(silence(**words), 0.0)
    found = listed.find_silence(change(ChangeKind.OPENED, now, impact=impact, device=device), now)
    assert (found is not None) is covered


def test_the_list_forgets_what_is_over_and_is_bounded(listed: SilenceList) -> None:
    listed.add_silence(silence(), 0.0)
    listed.add_silence(silence(target="site", ends=2000.0), 1500.0)
    assert [one.target for one in listed.load_silences(1500.0)] == ["site"]
    assert len(listed.path.read_text().splitlines()) == 1
    assert listed.end_silences("site", 1500.0) == 1
    assert listed.end_silences("site", 1500.0) == 0
    lines = [
        json.dumps({"target": f"sn:{n}", "begins": 0, "ends": 9e5, "reason": "", "by": ""})
        for n in range(MAX_SILENCES)
    ]
    listed.path.write_text("\n".join(lines))
    with pytest.raises(ValueError, match="end some of them first"):
        listed.add_silence(silence(), 0.0)


LINES = ["", "{", "[]", '{"target": "site"}', '{"target": 7, "begins": "a", "ends": 2, "reason": "", "by": ""}',
         json.dumps({"target": "site", "begins": 0, "ends": LONGEST + 1, "reason": "", "by": ""}),
         json.dumps({"target": "site", "begins": 5, "ends": 5, "reason": "", "by": ""})]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_line_that_is_no_silence_silences_nothing(listed: SilenceList, line: str) -> None:
    listed.path.write_text(line + "\n")
    assert listed.load_silences(0.0) == ()
