"""Signals that rules can use: one for each file in `functions/`, named after it.

`supply_level.py` is the signal `supply.level`. A file declares

    KIND                          the kind of value, from `agent.rules.value_kinds`
    PER                           the subjects that have it
    read(query) -> SignalValue    None: unknown

and, where it applies,

    OPTIONS = {…}                 further keys of a condition, with their kinds
    NEEDS = (…)                   the options that a condition must give
    READS = (…)                   the parts of the facts that it depends on (`FACT_PARTS`); without it: any
    TIMED = (…)                   options that make its value change as time passes
    SHORT = {…}                   short keys of a condition: key -> (signal, op) that it stands for
    PLACEHOLDERS, placeholder_values(query)   further {placeholders} of titles
    EVIDENCE_TEXT = "{value} jams"            how its value reads in {evidence}; without it: name and value
    WHEN_UNREACHABLE = True       it has a value also while the printer does not answer
    NOT_REPLAYABLE = True         history does not record it: unknown in a backtest, which reports that
    FORECAST = True               it rests on forecasts, which a backtest makes anew from history
    COUNTS_BEGUN = True           it rises with an alert that begins, and with nothing else
    ROW_LOCAL = True              it depends on the supply's own row of the last poll alone
    MANY = True                   it may have several values at once: each open alert has a code
    LIKE = _alerts                a file of shared declarations, for what this one does not declare

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
from agent.rules.value_kinds import SignalValue, ValueKind

Options = Mapping[str, object]

FACT_PARTS = (
    "clock", "reach", "status", "alerts", "supplies", "meters", "events", "site",
    "orders", "affected", "trail",
)  # fmt: skip
"""What a reading of a printer may change; "clock" is the mere passing of time. The last three are read only
where some rule asks for them: orders under way, what fires on other printers, the trail of 30 days."""


class SignalQuery(NamedTuple):
    """A question to a signal: about what, on what grounds, and with which of its options."""

    subject: Subject
    facts: Facts
    options: Options


ReadSignal = Callable[[SignalQuery], SignalValue]
FillPlaceholders = Callable[[SignalQuery], Mapping[str, str]]


def _no_placeholders(asked: SignalQuery) -> Mapping[str, str]:
    del asked
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing that can be known of a subject."""

    name: str
    kind: ValueKind
    per: tuple[str, ...]
    read: ReadSignal
    options: Mapping[str, ValueKind] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    when_unreachable: bool = False
    reads: frozenset[str] = frozenset(FACT_PARTS)
    timed: tuple[str, ...] = ()
    short: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    placeholders: tuple[str, ...] = ()
    placeholder_values: FillPlaceholders = _no_placeholders
    row_local: bool = False
    many: bool = False
    not_replayable: bool = False
    forecast: bool = False
    counts_begun: bool = False
    evidence_text: str = ""
    text: str = ""  # its explanation for people

    def depends_on(self, options: Options) -> frozenset[str]:
        """The parts of the facts that can change its value."""
        return self.reads | {"clock"} if any(name in options for name in self.timed) else self.reads


def _declarations(module: ModuleType) -> dict[str, Any]:
    """Return the declarations of a file, on top of those of the file that it is `LIKE`."""
    shared = vars(module.LIKE) if hasattr(module, "LIKE") else {}
    return {name: value for name, value in shared.items() if name.isupper()} | vars(module)


@cache
def load_signals() -> Mapping[str, Signal]:
    """Every signal there is, by its dotted name."""
    found = {}
    for file_name in plugins.list_plugins(functions):
        module = plugins.load_plugin(functions, file_name)
        declared = _declarations(module)
        name = file_name.replace("_", ".", 1)
        found[name] = Signal(
            name=name,
            kind=declared["KIND"],
            per=declared["PER"],
            read=declared["read"],
            options=declared.get("OPTIONS", {}),
            needs=declared.get("NEEDS", ()),
            when_unreachable=declared.get("WHEN_UNREACHABLE", False),
            reads=frozenset(declared.get("READS", FACT_PARTS)),
            timed=declared.get("TIMED", ()),
            short=declared.get("SHORT", {}),
            placeholders=declared.get("PLACEHOLDERS", ()),
            placeholder_values=declared.get("placeholder_values", _no_placeholders),
            not_replayable=declared.get("NOT_REPLAYABLE", False),
            forecast=declared.get("FORECAST", False),
            counts_begun=declared.get("COUNTS_BEGUN", False),
            row_local=declared.get("ROW_LOCAL", False),
            many=declared.get("MANY", False),
            evidence_text=declared.get("EVIDENCE_TEXT", f"{name} {{value}}"),
            text=(module.__doc__ or "").partition(": ")[2].strip(),
        )
    return found
