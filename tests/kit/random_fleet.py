"""The truth of a random fleet: what each printer printed, what its counter showed, and which borders that makes.

    reset, zero, old, half, stall, wrap      what a counter does
    board, reboot, off                       what a printer does
    move, exchange addresses                 where it answers
    replace, take the place                  another one stands there: a new one, or one that was away

The truth knows nothing of the agent: a border is expected where two values that were shown one after the other
cannot be one count, where a wrong value ended, and where a printer changed its place.
"""

import random
from dataclasses import dataclass, field

STEP = 6 * 3600.0
STEPS_A_DAY = 4
WRAP = 1 << 24
MOST = 30_000  # pages: more cannot be printed in one step
SETTLED = 3 * 86400.0  # seconds without a border, after which a counter is not in doubt
PAGES = 20  # a step and printer, at most
COUNTING = ("reset", "zero", "old", "half", "stall")
PLACES = ("exchange addresses", "replace", "take the place", "move")
ACTS = (*COUNTING, *PLACES, "board", "reboot", "off")
COUNTER_BORDERS = frozenset({"swap", "wrap", "glitch", "nvram", "fell", "jumped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a reader could see of a printer at one moment."""

    at: float
    shown: int
    wrong: bool  # the counter shows something else than its count
    host: str
    board: int


@dataclass
class TruePrinter:
    """One printer as it is."""

    number: int
    host: str | None
    count: int
    printed: int = 0
    on: bool = True
    board: int = 0
    boots: int = 0
    fault: str = ""  # what its counter does now
    left: int = 0  # steps until the fault, or the time in which it is off, is over
    frozen: int = 0
    last: Look | None = None
    doubted: bool = False  # its wrong value began with a border, when the counter was settled
    bordered: float = 0.0  # time of its last border
    has_shown: set[int] = field(default_factory=set)
    printed_at: dict[float, int] = field(default_factory=dict)  # by the time of each look
    expected: set[tuple[float, str]] = field(default_factory=set)  # "counter", "moved", "displaced"
    allowed: set[tuple[float, str]] = field(default_factory=set)

    @property
    def key(self) -> str:
        return f"sn:VNB{self.number:07d}"

    @property
    def level(self) -> int:
        """The percent of its toner; every third printer needs an order."""
        return 3 if self.number % 3 == 0 else 30 + self.number

    @property
    def shown(self) -> int:
        odd = {"zero": 0, "old": self.frozen - 500, "half": self.count & 0xFFF, "stall": self.frozen}
        return odd.get(self.fault, self.count) % WRAP

    @property
    def answers(self) -> bool:
        return self.host is not None and self.on

    def take_look(self, at: float) -> None:
        """Let a reader see the printer now, and expect the borders that this makes."""
        assert self.host is not None
        now = Look(
            at=at, shown=self.shown, wrong=self.shown != self.count % WRAP, host=self.host, board=self.board
        )
        before, self.last = self.last, now
        self.printed_at[at] = self.printed
        self.has_shown.add(self.shown)
        if before is None:
            return
        settled = at - self.bordered > SETTLED
        rise = now.shown - before.shown
        impossible = rise < 0 or rise > MOST
        if (
            impossible
            or now.board != before.board
            or (before.wrong and not now.wrong and rise > 0 and self.doubted)
        ):
            self._expect(at, "counter")
        elif before.wrong or now.wrong or not settled:
            self.allowed.add((at, "counter"))
        self.doubted = now.wrong and (self.doubted or (impossible and settled))
        if now.host != before.host:
            self._expect(at, "moved")
            self.allowed.add((at, "displaced"))  # for the moment between the two answers

    def _expect(self, at: float, what: str) -> None:
        self.expected.add((at, what))
        if what == "counter":
            self.bordered = at


@dataclass
class TrueFleet:
    """The printers of a site, and what happens to them step by step."""

    luck: random.Random
    hosts: list[str]
    printers: list[TruePrinter] = field(default_factory=list)

    def add_printer(self, host: str) -> TruePrinter:
        number = len(self.printers) + 1
        near_its_end = self.luck.random() < 0.2
        count = WRAP - self.luck.randrange(50, 400) if near_its_end else 20_000 + 70_000 * number
        self.printers.append(TruePrinter(number=number, host=host, count=count))
        return self.printers[-1]

    @property
    def standing(self) -> list[TruePrinter]:
        return [one for one in self.printers if one.host is not None]

    def find_at(self, host: str) -> TruePrinter | None:
        return next((one for one in self.printers if one.host == host), None)

    def step(self, *, act: bool) -> bool:
        """Print, end and begin troubles; return whether a printer changed its place."""
        for one in self.standing:
            pages = self.luck.randrange(PAGES) if one.on else 0
            one.count, one.printed = one.count + pages, one.printed + pages
            one.left -= 1
            if one.left <= 0:
                one.fault, one.on = "", True
        before = {one.number: one.host for one in self.printers}
        if act:
            self._act(self.luck.choice(ACTS), self.luck.choice([one for one in self.standing if one.on]))
        return any(before.get(one.number) != one.host for one in self.printers)

    def end_troubles(self) -> None:
        for one in self.standing:
            one.fault, one.on = "", True

    def take_looks(self, at: float) -> None:
        """Let a reader see each printer that answers; a printer whose place is taken is displaced."""
        for one in self.printers:
            if one.answers:
                one.take_look(at)
        for one in self.printers:
            if one.last is None or one.host is not None or one.last.at >= at:
                continue
            other = self.find_at(one.last.host)
            if other is not None and other.answers and not any(what == "displaced" and when > one.last.at
                                                               for when, what in one.expected):  # fmt: skip
                one.expected.add((at, "displaced"))

    def _act(self, what: str, one: TruePrinter) -> None:
        if what in PLACES:
            self._change_places(what, one)
        elif what == "board":
            one.board += 1
        elif what == "reboot":
            one.boots += 1
        elif what == "off":
            one.on, one.left = False, self.luck.randrange(1, 8)
        elif not one.fault and one.count % WRAP > 10_000:
            if what == "reset":
                one.count = self.luck.randrange(PAGES)
            else:
                one.fault, one.left, one.frozen = what, self.luck.randrange(1, 8), one.count

    def _change_places(self, what: str, one: TruePrinter) -> None:
        free = [host for host in self.hosts if self.find_at(host) is None]
        away = [other for other in self.printers if other.host is None]
        if what == "exchange addresses":
            other = self.luck.choice([other for other in self.standing if other.on])
            one.host, other.host = other.host, one.host
        elif what == "move" and free:
            one.host = self.luck.choice(free)
        elif what == "replace" or (what == "take the place" and not away):
            host, one.host = one.host or "", None
            self.add_printer(host)
        elif what == "take the place":
            back = self.luck.choice(away)
            back.host, one.host, back.fault, back.on = one.host, None, "", True
