"""The facts about a printer at earlier times, rebuilt from its stored history.

    past = DeviceHistory.load(db, device, since, until)
    past.facts_at(moment)        the facts at that moment
    past.list_changes(parts)     when one of these parts changed

Values are kept on change: between two changes the printer answered its polls with the same values.
Names, types and capacities of supplies and the place of the printer are not kept; they are those of today.
Page series older than 35 days are thinned to a reading a day: `thinned` says so.
"""

import sqlite3
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from agent.core.model import (
    Device,
    DeviceEvent,
    Episode,
    Facts,
    RecentHistory,
    SiteFacts,
    Status,
    Supply,
    Vague,
)
from agent.history import facts, record, retention, serialization, series, windows

WINDOW = facts.RECENT_WINDOW
DAY = 86400.0
ALL_PARTS = frozenset({"alerts", "events", "meters", "supplies", "trail"})
POLL_INTERVAL = 300.0  # seconds assumed between two polls

TimeSeries = tuple[list[float], list[series.SeriesValue]]
DailyCounts = tuple[tuple[float, int], ...]
ENDED = "ended"  # in place of a supply: an alert was gone
EMPTY_SERIES: TimeSeries = ([], [])
VAGUE_BY_VALUE = {vague.value: vague for vague in Vague}


@dataclass(frozen=True, kw_only=True)
class DeviceHistory:
    """The stored history of one printer in a span of time, in order of time."""

    device: Device
    since: float
    until: float
    first_answer: float | None = None  # the first answer on record
    supplies: tuple[Supply, ...] = ()  # as they are today
    levels: dict[str, TimeSeries] = field(default_factory=dict)
    pages: TimeSeries = field(default_factory=lambda: ([], []))
    engine: TimeSeries = field(default_factory=lambda: ([], []))
    epochs: tuple[tuple[float, int], ...] = ()  # (begin, number) of the epochs of the total meter
    speed: int | None = None  # as it is today
    state: TimeSeries = field(default_factory=lambda: ([], []))
    errors: TimeSeries = field(default_factory=lambda: ([], []))
    episodes: tuple[Episode, ...] = ()
    silences: tuple[tuple[float, float], ...] = ()
    device_events: tuple[DeviceEvent, ...] = ()
    thinned: bool = False
    poll_interval: float = POLL_INTERVAL  # seconds between two polls
    _begins: list[float] = field(default_factory=list)  # of the episodes
    _long_episodes: tuple[Episode, ...] = ()  # those that outlast the window
    replacements: tuple[DeviceEvent, ...] = ()
    _supplies_by_level: dict[tuple[str, int | str], Supply] = field(
        default_factory=dict, repr=False, compare=False
    )
    _statuses: dict[tuple[str, str], Status] = field(default_factory=dict, repr=False, compare=False)
    _replacement_times: dict[int, dict[str, float]] = field(default_factory=dict, repr=False, compare=False)
    _last_counts: dict[str, tuple[int, int, DailyCounts]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def load(
        cls,
        db: sqlite3.Connection,
        device: Device,
        since: float,
        until: float,
        poll_interval: float = POLL_INTERVAL,
    ) -> "DeviceHistory":
        """Load the history of `device`, with the 30 days before `since` that its facts look back on."""
        begin, key = since - WINDOW, device.key
        episodes = tuple(_load_episodes(db, key, begin, until))
        happened = tuple(_load_device_events(db, key, begin, until))
        return cls(
            device=device,
            since=since,
            until=until,
            first_answer=_load_first_answer(db, key),
            supplies=facts.load_last_supplies(db, key),
            levels={
                name.removeprefix("supply."): _load_series(db, key, name, begin, until)
                for name in series.list_series(db, key)
                if name.startswith("supply.")
            },
            pages=_load_series(db, key, record.TOTAL_METER, begin, until),
            engine=_load_series(db, key, record.ENGINE_METER, begin, until),
            speed=facts.load_speed(db, key),
            state=_load_series(db, key, "state", begin, until),
            errors=_load_series(db, key, "errors", begin, until),
            episodes=episodes,
            _begins=[it.began for it in episodes],
            _long_episodes=tuple(it for it in episodes if it.ended is None or it.ended - it.began > WINDOW),
            silences=tuple(_load_silences(db, key, begin, until)),
            device_events=happened,
            replacements=tuple(it for it in happened if it.what == "replaced"),
            thinned=since < (retention.load_thinned_until(db) or 0.0),
            poll_interval=poll_interval,
        )

    def list_changes(self, parts: Collection[str]) -> list[tuple[float, str, str]]:
        """List (time, part, supply) of every change of one of `parts` within the span, by time."""
        found = list(self._iter_changes(parts))
        return sorted(it for it in found if self.since <= it[0] < self.until)

    def _iter_changes(self, parts: Collection[str]) -> Iterator[tuple[float, str, str]]:
        for begin, end in self.silences:  # always: they limit every other part
            yield begin, "reach", ""
            yield end, "reach", ""
            yield end + self.poll_interval, "reach", ""
        if "supplies" in parts:
            for index, (times, _) in self.levels.items():
                yield from ((at, "supplies", index) for at in times)
            yield from ((it.known_at, "supplies", it.detail) for it in self.replacements)
        if "alerts" in parts:
            yield from ((it.began, "alerts", "") for it in self.episodes)
            yield from ((it.ended, "alerts", ENDED) for it in self.episodes if it.ended is not None)
        if "status" in parts:
            yield from ((at, "status", "") for at in (*self.state[0], *self.errors[0]))
        if "meters" in parts:
            yield from ((at, "meters", "") for at in self.pages[0])
        if "events" in parts:
            yield from ((it.known_at, "events", "") for it in self.device_events)

    def facts_at(
        self,
        now: float,
        site: SiteFacts | None = None,
        fresh: frozenset[str] | None = None,
        *,
        parts: Collection[str] = ALL_PARTS,
    ) -> Facts:
        """Rebuild the facts at `now`; parts not among `parts` are left out."""
        place, silence = self._silence_index(now), self._silence_at(now)
        back = self.silences[place - 1][1] if place and not silence else None
        answered = silence[0] - self.poll_interval if silence else now
        state, errors = _value_at(self.state, now), _value_at(self.errors, now)
        met = self.first_answer is not None and self.first_answer <= now
        open_alerts, recent = self._episodes_at(now) if "alerts" in parts else ([], ())
        epoch = next((it for it in reversed(self.epochs) if it[0] <= now), None)
        pages = _as_count(_value_at(self.pages, now))
        return Facts(
            device=self.device,
            now=now,
            last_answer=answered if met else None,
            answers_in_a_row=self._count_answers(now, back) if met and not silence else 0,
            answering_since=None if silence else back,
            status=self._build_status(state, errors),
            status_at=answered,
            errors_since=_errors_since(self.errors, now) if errors else {},
            open_alerts=tuple(open_alerts) if met else None,
            alerts_at=answered,
            recent_alerts=recent,
            supplies=self._supplies_at(now) if "supplies" in parts else None,
            supplies_at=answered,
            renewed=self.replacement_times_at(now) if "supplies" in parts else {},
            happened=self._device_events_at(now) if "events" in parts else (),
            pages=pages,
            meters_at=answered if pages is not None else None,
            silences=self._silences_before(now) if silence else (),
            pages_before=self._daily_counts_at("pages", now) if "meters" in parts else (),
            speed=self.speed,
            epoch=epoch[1] if epoch else None,
            epoch_since=epoch[0] if epoch else None,
            trail=self._build_recent_history(now) if "trail" in parts else RecentHistory(),
            fresh=fresh,
            site=site or SiteFacts(),
        )

    def is_silent(self, now: float) -> bool:
        return self._silence_at(now) is not None

    def changes_by_time(self, now: float) -> bool:
        """Return whether time alone may change the facts: it is silent, or an error or alert is open."""
        return self.is_silent(now) or bool(_value_at(self.errors, now)) or bool(self._episodes_at(now)[0])

    def _silence_index(self, now: float) -> int:
        return bisect_right(self.silences, now, key=lambda span: span[0])

    def _silence_at(self, now: float) -> tuple[float, float] | None:
        place = self._silence_index(now)
        return self.silences[place - 1] if place and now < self.silences[place - 1][1] else None

    def _silences_before(self, now: float) -> tuple[tuple[float, float], ...]:
        """Return the silences that ended within the window before `now`."""
        return tuple(it for it in self.silences if now - WINDOW < it[1] <= now)

    def _episodes_at(self, now: float) -> tuple[list[Episode], tuple[Episode, ...]]:
        """Find the episodes open at `now` and those begun within the window; later ends are left out.

        Open ones that began before the window are among the open.
        """
        since = bisect_right(self._begins, now - WINDOW)
        recent = self.episodes[since : bisect_right(self._begins, now)]
        open_ = [it for it in recent if it.ended is None or it.ended > now]
        if any(it.ended is not None for it in open_):
            recent = tuple(_episode_at(it, now) for it in recent)
            open_ = [it for it in recent if it.ended is None]
        older = [
            _episode_at(it, now)
            for it in self._long_episodes
            if it.began <= now - WINDOW and (it.ended is None or it.ended > now)
        ]
        return [*older, *open_], recent

    def _supplies_at(self, now: float) -> tuple[Supply, ...] | None:
        found = []
        for supply in self.supplies:
            value = _value_at(self.levels.get(supply.index, EMPTY_SERIES), now)
            if value is not None:
                found.append(self._with_level(supply, value))
        return tuple(found) or None

    def supply_at(self, index: str, now: float) -> Supply | None:
        """Rebuild one supply at `now`; None before it was first read."""
        value = _value_at(self.levels.get(index, EMPTY_SERIES), now)
        supply = next((it for it in self.supplies if it.index == index), None)
        return None if value is None or supply is None else self._with_level(supply, value)

    def _with_level(self, supply: Supply, value: int | str) -> Supply:
        """Return the supply with that level; equal arguments give the same object."""
        key = (supply.index, value)
        if key not in self._supplies_by_level:
            level = VAGUE_BY_VALUE[value] if isinstance(value, str) else value
            self._supplies_by_level[key] = replace(supply, level=level)
        return self._supplies_by_level[key]

    def _build_status(self, state: series.SeriesValue, errors: series.SeriesValue) -> Status | None:
        if state is None:
            return None
        key = (str(state), str(errors or ""))
        if key not in self._statuses:
            self._statuses[key] = serialization.parse_status_word(*key)
        return self._statuses[key]

    def _daily_counts_at(self, name: str, now: float) -> DailyCounts:
        """Return the counts of the last 30 days, computed once while no day and no reading is added."""
        of: TimeSeries = getattr(self, name)
        first, last = bisect_right(of[0], now - WINDOW), bisect_right(of[0], now)
        known = self._last_counts.get(name)
        if known is None or known[:2] != (first, last):
            known = self._last_counts[name] = (first, last, _daily_counts(of, first, last))
        return known[2]

    def _count_answers(self, now: float, back: float | None) -> int:
        """Return how many polls in a row it has answered since it came `back`."""
        return 1 + int((now - (back or 0.0)) // self.poll_interval)

    def _device_events_at(self, now: float) -> tuple[DeviceEvent, ...]:
        """Return the events of the window that were known at `now`."""
        return tuple(it for it in self.device_events if now - WINDOW < it.at <= now and it.known_at <= now)

    @cached_property
    def _noted_times(self) -> list[float]:
        """When each replacement was known, in order."""
        return sorted(it.known_at for it in self.replacements)

    def replacement_times_at(self, now: float) -> dict[str, float]:
        """Return when each supply was last replaced, as was known at `now`."""
        known = bisect_right(self._noted_times, now)
        if known not in self._replacement_times:
            early = sorted(self.replacements, key=lambda it: it.known_at)[:known]
            self._replacement_times[known] = {it.detail: it.at for it in sorted(early, key=lambda it: it.at)}
        return self._replacement_times[known]

    def _build_recent_history(self, now: float) -> RecentHistory:
        since = now - WINDOW
        silent = [
            (begin, end if end <= now else None)
            for begin, end in self.silences
            if begin <= now and end >= since
        ]
        place = bisect_right(self.pages[0], now)
        last_page = self.pages[0][place - 1] if place else None
        return RecentHistory(
            errors=windows.build_error_timeline(_values_between(self.errors, since, now), silent),
            engine=self._daily_counts_at("engine", now),
            largest_drop=None
            if last_page is None
            else windows.find_largest_drop(
                (
                    it,
                    [
                        value
                        for _, value in _values_between(
                            self.levels.get(it.index, EMPTY_SERIES), last_page, now
                        )
                    ],
                )
                for it in self.supplies
            ),
        )


def _episode_at(episode: Episode, now: float) -> Episode:
    """Return the episode as of `now`: still open if it ended later."""
    return replace(episode, ended=None) if episode.ended is not None and episode.ended > now else episode


def _daily_counts(of: TimeSeries, first: int, last: int) -> DailyCounts:
    """Return the first reading of each day of these rows, then the newest, as `facts` does."""
    times, values = of
    found: dict[float, int] = {}
    day = None
    for place in range(first, last):
        if times[place] // DAY != day:
            day = times[place] // DAY
            found[times[place]] = int(values[place] or 0)
    if last:
        found[times[last - 1]] = int(values[last - 1] or 0)
    return tuple(found.items())


def _values_between(of: TimeSeries, since: float, now: float) -> list[tuple[float, series.SeriesValue]]:
    """Return the value valid at `since` and those that followed until `now`."""
    first, last = max(0, bisect_right(of[0], since) - 1), bisect_right(of[0], now)
    return list(zip(of[0][first:last], of[1][first:last], strict=True))


def _load_first_answer(db: sqlite3.Connection, device: str) -> float | None:
    row = db.execute(
        "SELECT min(at) AS at FROM series JOIN series_value ON series.id = series_value.series "
        "WHERE device = ?",
        (device,),
    ).fetchone()
    first = db.execute("SELECT min(began) AS at FROM alert_episode WHERE device = ?", (device,)).fetchone()
    return min((at for at in (row["at"], first["at"]) if at is not None), default=None)


def _load_series(db: sqlite3.Connection, device: str, name: str, since: float, until: float) -> TimeSeries:
    pairs = list(series.load_values(db, device, name, since, until))
    return [at for at, _ in pairs], [value for _, value in pairs]


def _value_at(of: TimeSeries, now: float) -> series.SeriesValue:
    place = bisect_right(of[0], now)
    return of[1][place - 1] if place else None


def _as_count(value: series.SeriesValue) -> int | None:
    return value if isinstance(value, int) else None


def _errors_since(of: TimeSeries, now: float) -> dict[str, float]:
    """Map each error bit set at `now` to the time since when it has been set."""
    place = bisect_right(of[0], now)
    since: dict[str, float] = {}
    bits = set(str(of[1][place - 1] or "").split()) if place else set()
    while place and bits:
        place -= 1
        bits &= set(str(of[1][place] or "").split())
        since |= dict.fromkeys(bits, of[0][place])
    return since


def _load_episodes(db: sqlite3.Connection, device: str, since: float, until: float) -> Iterable[Episode]:
    found = db.execute(
        "SELECT e.*, t.alert FROM alert_episode e JOIN alert_text t ON t.id = e.text "
        "WHERE device = ? AND began < ? AND (ended IS NULL OR ended >= ?) ORDER BY began, e.id",
        (device, until, since),
    )
    return (record.episode_from_row(row) for row in found)


def _load_silences(
    db: sqlite3.Connection, device: str, since: float, until: float
) -> Iterable[tuple[float, float]]:
    found = db.execute(
        "SELECT began, ended FROM unreachable_period "
        "WHERE device = ? AND began < ? AND coalesce(ended, ?) >= ? ORDER BY began",
        (device, until, until, since),
    )
    return ((row["began"], until if row["ended"] is None else row["ended"]) for row in found)


def _load_device_events(
    db: sqlite3.Connection, device: str, since: float, until: float
) -> Iterable[DeviceEvent]:
    found = db.execute(
        "SELECT * FROM device_event WHERE device = ? AND at >= ? AND at < ? AND kind NOT LIKE 'first %' "
        "ORDER BY at, kind, detail",
        (device, since, until),
    )
    return (facts.build_device_event(row) for row in found)
