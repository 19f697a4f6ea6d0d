"""Replay of the site as a whole: the number of silent printers at each time, and the firings of its rules.

silences of all printers ──► how many of how many ──► rules about the site ──► firings,
                                                                                and who gives way to them
"""

import hashlib
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from agent.core.model import Change, Facts, SiteFacts
from agent.pipeline.replay.transitions import next_look, pair_firings
from agent.rules import engine
from agent.rules.backtest.firing import Firing
from agent.rules.evaluator import make_site_device
from agent.rules.rule import RuleSet
from agent.rules.state_store import RuleState, StateKey


@dataclass
class SiteHistory:
    """The numbers of known and silent printers of the site at each time, and the rules that fired."""

    id: str = ""
    times: list[float] = field(default_factory=list)
    devices: list[int] = field(default_factory=list)
    unreachable: list[int] = field(default_factory=list)
    fired_at: list[float] = field(default_factory=list)
    fired: list[frozenset[str]] = field(default_factory=list)
    settles: float | None = None  # end of the first days
    watched_since: float | None = None  # when its first printer was first seen

    @classmethod
    def load(cls, db: sqlite3.Connection, site: str, until: float, first_days: float = 0.0) -> "SiteHistory":
        """Load the site's history before `until`. `first_days`: seconds in which a site is new."""
        steps = [(row["first_seen"], 1, 0) for row in db.execute("SELECT first_seen FROM device")]
        met = min((at for at, *_ in steps), default=None)
        for row in db.execute("SELECT began, ended FROM unreachable_period WHERE began < ?", (until,)):
            steps.append((row["began"], 0, 1))
            steps.append((row["ended"] if row["ended"] is not None else until, 0, -1))
        settles = met + first_days if met is not None and first_days else None
        found = cls(id=site, settles=settles, watched_since=met)
        devices = unreachable = 0
        for at, more, silent in sorted(steps):
            devices, unreachable = devices + more, unreachable + silent
            found.times.append(at)
            found.devices.append(devices)
            found.unreachable.append(unreachable)
        return found

    @cached_property
    def digest(self) -> str:
        """Return its hash."""
        silences = repr((self.id, self.settles, self.times, self.devices, self.unreachable, self.fired_at))
        fired = repr([sorted(rules) for rules in self.fired])
        return hashlib.sha256((silences + fired).encode()).hexdigest()

    def copy(self) -> "SiteHistory":
        """Return the same site, of which no rule was judged yet."""
        return replace(self, fired_at=[], fired=[])

    def settles_after(self, since: float) -> float | None:
        """Return the end of its first days, where a replay from `since` on meets them."""
        return self.settles if self.settles is not None and self.settles > since else None

    def state_at(self, now: float) -> tuple[SiteFacts, frozenset[str]]:
        """Return the site's facts at `now`, and which rules about it fired."""
        place, fired = bisect_right(self.times, now), bisect_right(self.fired_at, now)
        site = SiteFacts(
            id=self.id,
            devices=self.devices[place - 1] if place else 0,
            unreachable=self.unreachable[place - 1] if place else 0,
            settles=self.settles,
            watched_since=self.watched_since,
        )
        return site, self.fired[fired - 1] if fired else frozenset()

    def replay_rules(self, rules: RuleSet, since: float, until: float) -> list[tuple[str, Firing]]:
        """Run the rules about the site; from then on `state_at` knows when they fired."""
        if not rules.rules_for_site(self.id):
            return []
        standing: dict[StateKey, RuleState] = {}
        found_changes: list[tuple[float, Change]] = []
        device = make_site_device(self.id)
        for now in self._iterate_moments(rules, standing, since, until):
            site, _ = self.state_at(now)
            facts = Facts(device=device, now=now, last_answer=now, answers_in_a_row=1, site=site)
            after, changes = engine.decide_site_changes(rules, standing, facts)
            standing.clear()
            standing.update(after)
            found_changes += [(now, change) for change in changes]
            active = frozenset(rule for (rule, _), it in standing.items() if it.state.is_active)
            if not self.fired or active != self.fired[-1]:
                self.fired_at.append(now)
                self.fired.append(active)
        return list(pair_firings(device, found_changes))

    def _iterate_moments(
        self, rules: RuleSet, standing: dict[StateKey, RuleState], since: float, until: float
    ) -> Iterable[float]:
        """Yield the times at which a printer fell silent or came back, or a wait ended."""
        place = bisect_right(self.times, since)
        now = since
        while now < until:
            yield now
            looks = (next_look(it.state, rules.rules[rule].timing, now) for (rule, _), it in standing.items())
            tick = min(looks, default=until)
            while place < len(self.times) and self.times[place] <= now:
                place += 1
            now = min(tick, self.times[place] if place < len(self.times) else until)
