"""Printers that restart when they are polled."""

import pytest

from agent.pipeline.polling.reboot_guard import REST, Caution

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
    booted, now, rest = -86400.0, 0.0, caution.answered("a", 0.0, 8_640_000)
    for after in restarts:
        booted = booted if after is None else now + after
        now += POLL
        rest = caution.answered("a", now, int((now - booted) * 100))
    return rest, now


@pytest.mark.parametrize(("story", "restarts", "rest"), STORIES, ids=[story[0] for story in STORIES])
def test_caution(story, restarts, rest):
    caution = Caution()
    resting, now = polls(caution, restarts)
    assert resting is rest
    assert caution.rests("a", now) is rest
    assert not caution.rests("another", now)


def test_after_a_day_it_is_tried_once_more():
    caution = Caution()
    _, now = polls(caution, [5, 5, 5])
    assert caution.resting == ["a"]
    assert caution.rests("a", now + REST - 1)
    assert not caution.rests("a", now + REST)
    assert caution.resting == []


def test_a_printer_without_uptime_is_never_suspected():
    caution = Caution()
    assert not any(caution.answered("a", n * POLL, None) for n in range(6))
