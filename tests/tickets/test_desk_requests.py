"""What the provider asks of a site: answered once, one kind at most once an hour, however often it is pulled."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.core.store import Store
from agent.tickets.feedback import desk_requests

HOUR, DAY, NOW = 3600.0, 86400.0, 1_795_210_204.0  # 2026-11-20T21:30:04Z


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    store = Store(tmp_path / "state.db", {"requests": desk_requests.SCHEMA})
    with store.transaction() as opened:
        yield opened
    store.close()


def asked(name: str, kind: str = "restate_open", **more: Any) -> dict[str, Any]:
    return {"request_id": name, "request": kind, "since": None, "reason": None} | more


def due(tx: sqlite3.Connection, now: float) -> list[str]:
    return [one.kind for one in desk_requests.list_due(tx, now)]


def answer(tx: sqlite3.Connection, now: float) -> None:
    for one in desk_requests.list_due(tx, now):
        desk_requests.save_answered(tx, one, now)


def test_a_request_is_answered_once_however_often_it_is_pulled(tx: sqlite3.Connection) -> None:
    assert desk_requests.save_requests(tx, [asked("r1"), asked("r1")], NOW) == 1
    assert due(tx, NOW) == ["restate_open"]
    answer(tx, NOW)
    assert desk_requests.save_requests(tx, [asked("r1")], NOW + DAY) == 0
    assert due(tx, NOW + DAY) == []


def test_each_kind_is_answered_at_most_once_an_hour_and_none_is_forgotten(tx: sqlite3.Connection) -> None:
    answered = []
    for minute in range(0, 240, 5):
        now = NOW + minute * 60
        kind = ("restate_open", "resend_dead")[minute % 2]
        desk_requests.save_requests(tx, [asked(f"r{minute}", kind)], now)
        answered += [(kind, minute) for kind in due(tx, now)]
        answer(tx, now)
    assert [minute for kind, minute in answered if kind == "restate_open"] == [0, 60, 120, 180]
    assert [minute for kind, minute in answered if kind == "resend_dead"] == [5, 65, 125, 185]
    assert due(tx, NOW + 5 * HOUR) == ["resend_dead", "restate_open"], "the last ones still wait"


def test_a_clock_that_was_set_back_holds_no_answer_for_long(tx: sqlite3.Connection) -> None:
    desk_requests.save_requests(tx, [asked("r1")], NOW)
    answer(tx, NOW)
    desk_requests.save_requests(tx, [asked("r2")], NOW - DAY)
    assert due(tx, NOW - DAY) == ["restate_open"]


@pytest.mark.parametrize(
    ("given", "since"),
    [
        (["2026-11-20T20:30:04Z"], NOW - HOUR), (["2020-01-01T00:00:00Z"], NOW - 30 * DAY), ([None], None),
        (["2099-01-01T00:00:00Z"], None), (["2026-99-99T99:99:99Z"], None),
        (["2026-11-20T20:30:04Z", "2026-11-20T19:30:04Z", None], NOW - 2 * HOUR),
    ],
)  # fmt: skip
def test_it_looks_back_as_far_as_the_earliest_asks_and_at_most_30_days(
    tx: sqlite3.Connection, given: list[str | None], since: float | None
) -> None:
    desk_requests.save_requests(tx, [asked(f"r{n}", since=at) for n, at in enumerate(given)], NOW)
    (found,) = desk_requests.list_due(tx, NOW)
    assert found.since == since


def test_an_answer_goes_on_where_it_stopped_and_a_new_request_begins_anew(tx: sqlite3.Connection) -> None:
    desk_requests.save_requests(tx, [asked("r1")], NOW)
    (request,) = desk_requests.list_due(tx, NOW)
    desk_requests.save_progress(tx, request, "t200")
    assert desk_requests.list_due(tx, NOW)[0].position == "t200"
    desk_requests.save_requests(tx, [asked("r2")], NOW)
    assert desk_requests.list_due(tx, NOW)[0].position == ""


def test_hostile_words_stay_small(tx: sqlite3.Connection) -> None:
    many = [asked(f"r{n}", reason="\x1b]0;x\x07" + "y" * 2000) for n in range(3000)]
    desk_requests.save_requests(tx, many, NOW)
    (found,) = desk_requests.list_due(tx, NOW)
    assert "\x1b" not in found.reason
    assert len(found.reason) <= 255
    kept = tx.execute("SELECT count(*) FROM desk_request_id").fetchone()[0]
    assert kept == desk_requests.MAX_IDS
