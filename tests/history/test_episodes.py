"""Alert rows to episodes, as stories."""

import pytest

from agent.core.model import Alert, AlertKind
from agent.history.episodes import match_episodes


def row(index, code=8, group="input", group_index=2, kind=AlertKind.CONDITION):
    return Alert(index=index, code=code, group=group, group_index=group_index, location=-2, kind=kind)


JAM, JAM_AGAIN, COVER, EMPTY = row(5), row(9), row(6, 3, "cover", 1), row(7, 808, "input", 1)

STORIES = [
    # name, open alerts, rows now, rebooted, (ongoing, ended, began) as counts
    ("the same row goes on", [JAM], [JAM], False, (1, 0, 0)),
    ("a row that is gone has ended", [JAM], [], False, (0, 1, 0)),
    ("a new row begins", [], [JAM], False, (0, 0, 1)),
    ("all open rows count, not the newest", [JAM], [JAM, COVER], False, (1, 0, 1)),
    ("the end of one does not end another", [JAM, COVER], [JAM], False, (1, 1, 0)),
    ("the same jam with a higher index is another jam", [JAM], [JAM_AGAIN], False, (0, 1, 1)),
    ("rows renumbered downwards go on", [JAM_AGAIN], [JAM], False, (1, 0, 0)),
    ("after a reboot the key decides, whatever the index", [JAM], [row(40)], True, (1, 0, 0)),
    ("after a reboot what is not listed any more has ended", [JAM, COVER], [row(1)], True, (1, 1, 0)),
    ("twins stay two", [row(5), row(8)], [row(5), row(8)], False, (2, 0, 0)),
    ("one of twins may end", [row(5), row(8)], [row(5)], False, (1, 1, 0)),
    ("two trays are two alerts", [JAM], [JAM, row(6, group_index=1)], False, (1, 0, 1)),
    ("a removal row begins nothing", [JAM], [JAM, row(7, 1801, "alert", 5)], False, (1, 0, 0)),
    ("a mere state begins nothing", [], [row(1, 503, "generalPrinter", -1, AlertKind.STATE)], False, (0, 0, 0)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("story", "open_", "rows", "rebooted", "counts"), STORIES, ids=[s[0] for s in STORIES]
)
def test_turn(story, open_, rows, rebooted, counts):
    turned = match_episodes(open_, rows, rebooted=rebooted)
    assert (len(turned.ongoing), len(turned.ended), len(turned.began)) == counts


def test_an_episode_takes_over_the_row_as_it_is_now():
    later = row(1)
    assert match_episodes([JAM], [later], rebooted=True).ongoing == ((0, later),)
