"""The queue of due printers: a heap, each tier with its own cadence and a steady jitter.

One job per printer would cost more than the polls (0.56 ms a run, measured): one periodic job asks the queue
for the printers that are due.
"""

import hashlib
import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.model import Tier
from agent.core.units import HourRange

QUIET_FACTOR = 6.0  # how many times as long a cadence is in quiet hours
MERGE_SHARE = 0.1  # a tier due within this share of its cadence is polled together with one that is due now


@dataclass(slots=True)
class PollQueue:
    """The printers and the tiers that are due. Pure, and on monotonic time but for quiet hours.

    `now` is seconds of `Clock.monotonic`, so that a wall clock that is set changes no due time; jitter comes
    from the key.
    """

    cadence: Mapping[Tier, float]  # seconds
    quiet_hours: HourRange | None = None
    slowdown: float = 1.0  # above 1 while the outbox fills up: poll less before anything is dropped
    _due: dict[str, dict[Tier, float]] = field(default_factory=dict)
    _heap: list[tuple[float, str]] = field(default_factory=list)

    def add_printer(self, key: str, now: float) -> None:
        """Add a printer just read in full: each tier is next due within its first cadence, spread by key."""
        if key not in self._due:
            share = _jitter_share(key)
            self._due[key] = {tier: now + length * share for tier, length in self.cadence.items()}
            self._push_due(key)

    def drop_printer(self, key: str) -> None:
        self._due.pop(key, None)  # its entries in the heap are skipped

    def set_due(self, key: str, tiers: frozenset[Tier], now: float) -> None:
        """Make `tiers` of a known printer due now."""
        if key in self._due:
            self._due[key].update(dict.fromkeys(tiers, now))
            self._push_due(key)

    def take_due(self, now: float, limit: int, *, wall: float) -> list[tuple[str, frozenset[Tier]]]:
        """Take at most `limit` printers that are due, longest overdue first, with the tiers of each.

        `wall`: seconds since 1970, for the quiet hours.
        """
        quiet = self.quiet_hours is not None and self.quiet_hours.covers_time(wall)
        stretch = self.slowdown * (QUIET_FACTOR if quiet else 1.0)
        found: list[tuple[str, frozenset[Tier]]] = []
        while self._heap and self._heap[0][0] <= now and len(found) < limit:
            at, key = heapq.heappop(self._heap)
            tiers = self._due.get(key)
            if tiers is None or at != min(tiers.values()):
                continue  # dropped, or pushed again with another time
            ready = {tier for tier, due in tiers.items() if due <= now + MERGE_SHARE * self.cadence[tier]}
            tiers.update({tier: now + self.cadence[tier] * stretch for tier in ready})
            self._push_due(key)
            found.append((key, frozenset(ready)))
        return found

    def _push_due(self, key: str) -> None:
        heapq.heappush(self._heap, (min(self._due[key].values()), key))


def _jitter_share(key: str) -> float:
    """Return a number from 0 to 1, the same for a key at each start, evenly spread over many keys."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest()) / (1 << 32)
