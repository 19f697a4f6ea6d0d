"""Alert rows become episodes: one occurrence of one alert, from first seen to seen gone.

A printer numbers its alerts 1, 2, 3 … (prtAlertIndex, RFC 3805) and starts again after a reset, so the
index alone does not identify an alert. Its key is code, group, row and location.

    same index, same key               the episode goes on
    key gone                           it ended
    same key, higher index             another occurrence: the old ended, a new one began
    same key, lower index              the firmware renumbered its rows, or restarted: it goes on
    after a reboot                     the key alone decides

A row about the removal of another (code 1801) and a row of kind "state" begin no episode.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agent.core.model import Alert, AlertKind

REMOVAL_CODE = 1801  # alertRemovalOfBinaryChangeEntry

EpisodeKey = tuple[int | None, str | None, int | None, int | None, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeChanges:
    """The changes made by one reading of the alert table. Numbers are positions in the open alerts."""

    ongoing: tuple[tuple[int, Alert], ...]  # with the row as it is now
    ended: tuple[int, ...]
    began: tuple[Alert, ...]


def match_episodes(open_: Sequence[Alert], rows: Sequence[Alert], *, rebooted: bool) -> EpisodeChanges:
    """Match the rows of the table as it is now with the alerts that were open."""
    waiting = {key: position for position, key in enumerate(_episode_keys(open_))}
    current = [row for row in rows if row.code != REMOVAL_CODE and row.kind is not AlertKind.STATE]
    ongoing, began = [], []
    ended: list[int] = []
    for key, row in zip(_episode_keys(current), current, strict=True):
        before = waiting.pop(key, None)
        if before is not None and (rebooted or row.index <= open_[before].index):
            ongoing.append((before, row))
            continue
        if before is not None:
            ended.append(before)
        began.append(row)
    return EpisodeChanges(ongoing=tuple(ongoing), ended=(*ended, *waiting.values()), began=tuple(began))


def _episode_keys(alerts: Sequence[Alert]) -> list[EpisodeKey]:
    """Return a key for each alert; equal ones are numbered by age, so that twins stay two."""
    count: Counter[tuple[object, ...]] = Counter()
    keys: dict[int, EpisodeKey] = {}
    for position, alert in sorted(enumerate(alerts), key=lambda item: item[1].index):
        plain = (alert.code, alert.group, alert.group_index, alert.location)
        keys[position] = (*plain, count[plain])
        count[plain] += 1
    return [keys[position] for position in range(len(alerts))]
