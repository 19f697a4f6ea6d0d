"""What rules can ask about: one signal for each file in `functions/`, named after it.

`supply_level.py` is the signal `supply.level`. A file declares

    KIND                     the kind of value, from `agent.rules.value_kinds`
    PER                      the subjects it can speak of
    read(asked) -> Reading   None = unknown
    OPTIONS = {…}            further keys of a condition, with their kinds; optional
    NEEDS = (…)              the options that a condition must give; optional
    LASTS = True             it also speaks while the printer is silent; optional
    READS = (…)              the parts of the facts that it rests on (`PARTS`); without it: any
    TIMED = (…)              options that make it change by the mere passing of time; optional
    SHORT = {…}              short keys of a condition: key -> (signal, op) that it stands for; optional
    WORDS, words(asked)      further words for titles, by name; optional
    FORGOTTEN = True         the past keeps nothing of it: unknown in a backtest, which says so; optional
    ITSELF = True            it rests on what the supply's own row of the table says now, and on nothing else
    LIKE = _alerts           a file of shared declarations, which hold where this one has none; optional
    SAYS = "{value} jams"    how its reading is said in {evidence}; without it: name and value; optional

Adding a signal is adding a file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from agent.core import plugins
from agent.core.model import Facts
from agent.rules import functions
from agent.rules.subjects import Subject
from agent.rules.value_kinds import Kind, Reading

Options = Mapping[str, object]

PARTS = (
    "clock", "reach", "status", "alerts", "supplies", "meters", "events", "site",
    "orders", "affected", "trail",
)  # fmt: skip
"""What a reading of a printer may change; "clock" is the mere passing of time. The last three are read only
where some rule asks for them: orders under way, what fires on other printers, the trail of 30 days."""


class Asked(NamedTuple):
    """A question to a signal: about what, on what grounds, and with which of its options."""

    subject: Subject
    facts: Facts
    options: Options


Read = Callable[[Asked], Reading]
Say = Callable[[Asked], Mapping[str, str]]


def _silent(asked: Asked) -> Mapping[str, str]:
    del asked
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing that can be known of a subject."""

    name: str
    kind: Kind
    per: tuple[str, ...]
    read: Read
    options: Mapping[str, Kind] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    lasts: bool = False
    reads: frozenset[str] = frozenset(PARTS)
    timed: tuple[str, ...] = ()
    short: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    vocabulary: tuple[str, ...] = ()
    words: Say = _silent
    itself: bool = False
    forgotten: bool = False
    says: str = ""
    text: str = ""  # what a person should know of it

    def rests_on(self, options: Options) -> frozenset[str]:
        """The parts of the facts that can change what it says."""
        return self.reads | {"clock"} if any(name in options for name in self.timed) else self.reads


def _declarations(module: ModuleType) -> dict[str, Any]:
    """What a file declares, on top of what the file that it is `LIKE` declares for it."""
    shared = vars(module.LIKE) if hasattr(module, "LIKE") else {}
    return {name: value for name, value in shared.items() if name.isupper()} | vars(module)


@cache
def signals() -> Mapping[str, Signal]:
    """Every signal there is, by its dotted name."""
    found = {}
    for file_name in plugins.names(functions):
        module = plugins.load(functions, file_name)
        declared = _declarations(module)
        name = file_name.replace("_", ".", 1)
        found[name] = Signal(
            name=name,
            kind=declared["KIND"],
            per=declared["PER"],
            read=declared["read"],
            options=declared.get("OPTIONS", {}),
            needs=declared.get("NEEDS", ()),
            lasts=declared.get("LASTS", False),
            reads=frozenset(declared.get("READS", PARTS)),
            timed=declared.get("TIMED", ()),
            short=declared.get("SHORT", {}),
            vocabulary=declared.get("WORDS", ()),
            words=declared.get("words", _silent),
            forgotten=declared.get("FORGOTTEN", False),
            itself=declared.get("ITSELF", False),
            says=declared.get("SAYS", f"{name} {{value}}"),
            text=(module.__doc__ or "").partition(": ")[2].strip(),
        )
    return found
