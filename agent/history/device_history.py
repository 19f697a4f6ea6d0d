"""What was known of a printer at earlier times, put together from what was kept.

    past = Past.load(db, device, since, until)
    past.at(moment)            the facts as they were then
    past.changes(parts)        when one of these parts changed

Kept on change, so between two changes all was as before: the printer answered its polls, and said the same.
What is not kept is taken as it is today: the names, types and capacities of supplies, and where the printer
stands. Page series older than 35 days are thinned to a reading a day: `thinned` says so.
"""

import sqlite3
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from agent.core.model import Device, Episode, Facts, Happening, SiteFacts, Status, Supply, Trail, Vague
from agent.history import facts, record, retention, serialization, series, windows

WINDOW = facts.RECENT
DAY = 86400.0
EVERYTHING = frozenset({"alerts", "events", "meters", "supplies", "trail"})
POLL = 300.0  # between two polls, as far as the past knows

Series = tuple[list[float], list[series.Value]]
NOTHING: Series = ([], [])
VAGUE = {vague.value: vague for vague in Vague}


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """All that was kept of one printer in a span of time, by time."""

    device: Device
    since: float
    until: float
    met: float | None = None  # the first answer on record
    supplies: tuple[Supply, ...] = ()  # as they are today
    levels: dict[str, Series] = field(default_factory=dict)
    pages: Series = field(default_factory=lambda: ([], []))
    engine: Series = field(default_factory=lambda: ([], []))
    epochs: tuple[tuple[float, int], ...] = ()  # since when the total meter has been in which epoch
    speed: int | None = None  # as it is today
    state: Series = field(default_factory=lambda: ([], []))
    errors: Series = field(default_factory=lambda: ([], []))
    episodes: tuple[Episode, ...] = ()
    silences: tuple[tuple[float, float], ...] = ()
    happened: tuple[Happening, ...] = ()
    thinned: bool = False
    _begins: list[float] = field(default_factory=list)  # of the episodes
    _long: tuple[Episode, ...] = ()  # those that outlast the window
    swaps: tuple[Happening, ...] = ()
    _made: dict[tuple[str, int | str], Supply] = field(default_factory=dict, repr=False, compare=False)
    _said: dict[tuple[str, str], Status] = field(default_factory=dict, repr=False, compare=False)
    _swapped: dict[str, float] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, db: sqlite3.Connection, device: Device, since: float, until: float) -> "Past":
        """What was kept of `device`, with the 30 days before `since` that its facts look back on."""
        begin, key = since - WINDOW, device.key
        episodes = tuple(_episodes(db, key, begin, until))
        happened = tuple(_happened(db, key, begin, until))
        return cls(
            device=device,
            since=since,
            until=until,
            met=_met(db, key),
            supplies=facts.supplies(db, key),
            levels={
                name.removeprefix("supply."): _series(db, key, name, begin, until)
                for name in series.names(db, key)
                if name.startswith("supply.")
            },
            pages=_series(db, key, record.TOTAL, begin, until),
            engine=_series(db, key, record.ENGINE, begin, until),
            speed=facts.speed(db, key),
            state=_series(db, key, "state", begin, until),
            errors=_series(db, key, "errors", begin, until),
            episodes=episodes,
            _begins=[it.began for it in episodes],
            _long=tuple(it for it in episodes if it.ended is None or it.ended - it.began > WINDOW),
            silences=tuple(_silences(db, key, begin, until)),
            happened=happened,
            swaps=tuple(it for it in happened if it.what == "replaced"),
            thinned=since < (retention.thinned_until(db) or 0.0),
        )

    def changes(self, parts: Collection[str]) -> list[tuple[float, str, str]]:
        """(when, which part, which supply) of every change of one of `parts` within the span, by time."""
        found = list(self._changes(parts))
        return sorted(it for it in found if self.since <= it[0] < self.until)

    def _changes(self, parts: Collection[str]) -> Iterator[tuple[float, str, str]]:
        for begin, end in self.silences:  # always: they decide what can be known at all
            yield begin, "reach", ""
            yield end, "reach", ""
            yield end + POLL, "reach", ""
        if "supplies" in parts:
            for index, (times, _) in self.levels.items():
                yield from ((at, "supplies", index) for at in times)
            yield from ((it.at, "supplies", it.detail) for it in self.happened if it.what == "replaced")
        if "alerts" in parts:
            yield from ((it.began, "alerts", "") for it in self.episodes)
            yield from ((it.ended, "alerts", "") for it in self.episodes if it.ended is not None)
        if "status" in parts:
            yield from ((at, "status", "") for at in (*self.state[0], *self.errors[0]))
        if "meters" in parts:
            yield from ((at, "meters", "") for at in self.pages[0])
        if "events" in parts:
            yield from ((it.at, "events", "") for it in self.happened)

    def at(
        self,
        now: float,
        site: SiteFacts | None = None,
        fresh: frozenset[str] | None = None,
        *,
        parts: Collection[str] = EVERYTHING,
    ) -> Facts:
        """The facts as they were known at `now`; those of other parts than `parts` are left out."""
        place, silence = self._place(now), self._silence(now)
        back = self.silences[place - 1][1] if place and not silence else None
        heard = silence[0] - POLL if silence else now
        state, errors = _value(self.state, now), _value(self.errors, now)
        known = self.met is not None and self.met <= now
        standing, recent = self._begun(now) if "alerts" in parts else ([], ())
        events = "events" in parts
        epoch = next((it for it in reversed(self.epochs) if it[0] <= now), None)
        return Facts(
            device=self.device,
            now=now,
            last_answer=heard if known else None,
            answers_in_a_row=0 if silence or not known else 1 + int((now - (back or 0.0)) // POLL),
            answering_since=None if silence else back,
            status=self._status(state, errors),
            status_at=heard,
            errors_since=_errors_since(self.errors, now) if errors else {},
            open_alerts=tuple(standing) if known else None,
            alerts_at=heard,
            recent_alerts=recent,
            supplies=self._supplies(now) if "supplies" in parts else None,
            supplies_at=heard,
            renewed=self._renewed(now) if "supplies" in parts else {},
            happened=tuple(it for it in self.happened if now - WINDOW < it.at <= now) if events else (),
            pages=_count(_value(self.pages, now)),
            pages_before=_daily(self.pages, now) if "meters" in parts else (),
            speed=self.speed,
            epoch=epoch[1] if epoch else None,
            epoch_since=epoch[0] if epoch else None,
            trail=self._trail(now) if "trail" in parts else Trail(),
            fresh=fresh,
            site=site or SiteFacts(),
        )

    def silent(self, now: float) -> bool:
        return self._silence(now) is not None

    def restless(self, now: float) -> bool:
        """Whether time alone may change what is known: it is silent, or something stands open."""
        return self.silent(now) or bool(_value(self.errors, now)) or bool(self._begun(now)[0])

    def _place(self, now: float) -> int:
        return bisect_right(self.silences, now, key=lambda span: span[0])

    def _silence(self, now: float) -> tuple[float, float] | None:
        place = self._place(now)
        return self.silences[place - 1] if place and now < self.silences[place - 1][1] else None

    def _begun(self, now: float) -> tuple[list[Episode], tuple[Episode, ...]]:
        """(open, begun within the window) as they were known at `now`: whether an alert ends is not known
        before it does. Long ones from before the window are open, too."""
        since = bisect_right(self._begins, now - WINDOW)
        recent = self.episodes[since : bisect_right(self._begins, now)]
        standing = [it for it in recent if it.ended is None or it.ended > now]
        if any(it.ended is not None for it in standing):
            recent = tuple(_still_open(it, now) for it in recent)
            standing = [it for it in recent if it.ended is None]
        older = [
            _still_open(it, now)
            for it in self._long
            if it.began <= now - WINDOW and (it.ended is None or it.ended > now)
        ]
        return [*older, *standing], recent

    def _supplies(self, now: float) -> tuple[Supply, ...] | None:
        found = []
        for supply in self.supplies:
            value = _value(self.levels.get(supply.index, NOTHING), now)
            if value is not None:
                found.append(self._at_level(supply, value))
        return tuple(found) or None

    def supply(self, index: str, now: float) -> Supply | None:
        """One supply as it was; None before it was read."""
        value = _value(self.levels.get(index, NOTHING), now)
        known = next((it for it in self.supplies if it.index == index), None)
        return None if value is None or known is None else self._at_level(known, value)

    def _at_level(self, supply: Supply, value: int | str) -> Supply:
        """The supply with that level: the same one whenever it is asked for again."""
        key = (supply.index, value)
        if key not in self._made:
            level = VAGUE[value] if isinstance(value, str) else value
            self._made[key] = replace(supply, level=level)
        return self._made[key]

    def _status(self, state: series.Value, errors: series.Value) -> Status | None:
        if state is None:
            return None
        key = (str(state), str(errors or ""))
        if key not in self._said:
            self._said[key] = serialization.expand(*key)
        return self._said[key]

    def _renewed(self, now: float) -> dict[str, float]:
        if self.swaps and self.swaps[-1].at > now:
            return {it.detail: it.at for it in self.swaps if it.at <= now}
        if not self._swapped:
            self._swapped.update({it.detail: it.at for it in self.swaps})
        return self._swapped

    def _trail(self, now: float) -> Trail:
        since = now - WINDOW
        silent = [
            (begin, end if end <= now else None)
            for begin, end in self.silences
            if begin <= now and end >= since
        ]
        moved = bisect_right(self.pages[0], now)
        stood = self.pages[0][moved - 1] if moved else None
        return Trail(
            errors=windows.errors(_standing(self.errors, since, now), silent),
            engine=_daily(self.engine, now),
            drawn=None
            if stood is None
            else windows.drawn(
                (it, [value for _, value in _standing(self.levels.get(it.index, NOTHING), stood, now)])
                for it in self.supplies
            ),
        )


def _still_open(episode: Episode, now: float) -> Episode:
    """The episode as it was known at `now`."""
    return replace(episode, ended=None) if episode.ended is not None and episode.ended > now else episode


def _daily(of: Series, now: float) -> tuple[tuple[float, int], ...]:
    """The first reading of each of the last 30 days, then the newest: as `facts` gives it."""
    times, values = of
    first, last = bisect_right(times, now - WINDOW), bisect_right(times, now)
    found: dict[float, int] = {}
    day = None
    for place in range(first, last):
        if times[place] // DAY != day:
            day = times[place] // DAY
            found[times[place]] = int(values[place] or 0)
    if last:
        found[times[last - 1]] = int(values[last - 1] or 0)
    return tuple(found.items())


def _standing(of: Series, since: float, now: float) -> list[tuple[float, series.Value]]:
    """The value that stood at `since`, and those that came until `now`."""
    first, last = max(0, bisect_right(of[0], since) - 1), bisect_right(of[0], now)
    return list(zip(of[0][first:last], of[1][first:last], strict=True))


def _met(db: sqlite3.Connection, device: str) -> float | None:
    row = db.execute(
        "SELECT min(at) AS at FROM series JOIN series_value ON series.id = series_value.series "
        "WHERE device = ?",
        (device,),
    ).fetchone()
    first = db.execute("SELECT min(began) AS at FROM alert_episode WHERE device = ?", (device,)).fetchone()
    return min((at for at in (row["at"], first["at"]) if at is not None), default=None)


def _series(db: sqlite3.Connection, device: str, name: str, since: float, until: float) -> Series:
    pairs = list(series.between(db, device, name, since, until))
    return [at for at, _ in pairs], [value for _, value in pairs]


def _value(of: Series, now: float) -> series.Value:
    place = bisect_right(of[0], now)
    return of[1][place - 1] if place else None


def _count(value: series.Value) -> int | None:
    return value if isinstance(value, int) else None


def _errors_since(of: Series, now: float) -> dict[str, float]:
    """Since when each error bit that is set has been set."""
    place = bisect_right(of[0], now)
    since: dict[str, float] = {}
    standing = set(str(of[1][place - 1] or "").split()) if place else set()
    while place and standing:
        place -= 1
        standing &= set(str(of[1][place] or "").split())
        since |= dict.fromkeys(standing, of[0][place])
    return since


def _episodes(db: sqlite3.Connection, device: str, since: float, until: float) -> Iterable[Episode]:
    found = db.execute(
        "SELECT e.*, t.alert FROM alert_episode e JOIN alert_text t ON t.id = e.text "
        "WHERE device = ? AND began < ? AND (ended IS NULL OR ended >= ?) ORDER BY began, e.id",
        (device, until, since),
    )
    return (record.episode(row) for row in found)


def _silences(
    db: sqlite3.Connection, device: str, since: float, until: float
) -> Iterable[tuple[float, float]]:
    found = db.execute(
        "SELECT began, ended FROM unreachable_period "
        "WHERE device = ? AND began < ? AND coalesce(ended, ?) >= ? ORDER BY began",
        (device, until, until, since),
    )
    return ((row["began"], until if row["ended"] is None else row["ended"]) for row in found)


def _happened(db: sqlite3.Connection, device: str, since: float, until: float) -> Iterable[Happening]:
    found = db.execute(
        "SELECT * FROM device_event WHERE device = ? AND at >= ? AND at < ? ORDER BY at",
        (device, since, until),
    )
    return (
        Happening(at=row["at"], what=row["kind"], detail=row["detail"], count=row["count"]) for row in found
    )
