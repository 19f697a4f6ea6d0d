"""Printers that restart when they are polled."""

import pytest

from agent.pipeline.polling.reboot_guard import SUSPENSION, RebootGuard

POLL = 300.0  # seconds between two polls

STORIES = [
    # name, seconds between the poll before and the restart (None: it stayed up), whether it is to rest
    ("a printer that stays up is polled on", [None] * 6, False),
    ("three restarts right after a poll are enough", [5, 5, 5], True),
    ("two are not", [5, 5], False),
    ("one good poll in between forgives", [5, 5, None, 5, 5], False),
    ("a restart long after the poll is none of ours", [200, 200, 200, 200], False),
]  # fmt: skip


def polls(caution, restarts):
    """Poll every five minutes; the verdict of the last poll."""
    booted, now, rest = -86400.0, 0.0, caution.record_answer("a", 0.0, 8_640_000)
    for after in restarts:
        booted = booted if after is None else now + after
        now += POLL
        rest = caution.record_answer("a", now, int((now - booted) * 100))
    return rest, now


@pytest.mark.parametrize(("story", "restarts", "rest"), STORIES, ids=[story[0] for story in STORIES])
def test_caution(story, restarts, rest):
    caution = RebootGuard()
    resting, now = polls(caution, restarts)
    assert resting is rest
    assert caution.is_suspended("a", now) is rest
    assert not caution.is_suspended("another", now)


def test_after_a_day_it_is_tried_once_more():
    caution = RebootGuard()
    _, now = polls(caution, [5, 5, 5])
    assert caution.suspended_keys == ["a"]
    assert caution.is_suspended("a", now + SUSPENSION - 1)
    assert not caution.is_suspended("a", now + SUSPENSION)
    assert caution.suspended_keys == []


def test_a_printer_without_uptime_is_never_suspected():
    caution = RebootGuard()
    assert not any(caution.record_answer("a", n * POLL, None) for n in range(6))
