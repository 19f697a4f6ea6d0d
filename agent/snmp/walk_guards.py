"""A walk through one or several columns that always ends, also with a printer that loops.

- Names must grow strictly within a column (RFC 3416, 4.2.2); an answer that does not is not taken.
- A column ends with the first name outside of it, or with endOfMibView.
- A walk is cut off after 2,000 requests, 30 s of waiting for the printer, or 1 MiB of answers.

Pure: nothing here sends, waits or looks at a clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agent.snmp.oid import decode_arcs
from agent.snmp.reader import MissingValue, VarBind


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkLimits:
    """The limits at which a walk is cut off."""

    steps: int = 2_000  # requests
    seconds: float = 30.0  # waited for the printer; without the waits of the rate limiter
    octets: int = 1 << 20


@dataclass(slots=True)
class WalkColumn:
    """The rows read below one root."""

    root: bytes
    last: bytes
    rows: list[VarBind] = field(default_factory=list)
    open: bool = True
    refused: bool = False

    def add_rows(self, varbinds: Iterable[VarBind]) -> bool | None:
        """Add the next rows. True: there were some, or the column has ended. None: it goes back."""
        root, last, rows = self.root, self.last, self.rows
        for pair in varbinds:
            name, value = pair
            if not name.startswith(root) or value.__class__ is MissingValue:
                self.open = False
                break
            if (name <= last or not name.isascii()) and decode_arcs(name) <= decode_arcs(last):
                self.last = last  # octets order as arcs do where each arc of `name` is one octet
                return None
            last = name
            rows.append(pair)
        moved = last is not self.last or not self.open
        self.last = last
        return moved


class TableWalk:
    """The columns of one walk, and the share of its limits used so far."""

    def __init__(self, roots: Sequence[bytes], limits: WalkLimits) -> None:
        self.columns = [WalkColumn(root, root) for root in roots]
        self._limits = limits
        self._steps = 0
        self._octets = 0

    def open_columns(self, at_most: int) -> list[WalkColumn]:
        """List the columns to request next."""
        return [column for column in self.columns if column.open][:at_most]

    def add_answer(self, columns: Sequence[WalkColumn], varbinds: Sequence[VarBind]) -> bool:
        """Sort an answer's varbinds, row by row, into the requested `columns`; False: no progress."""
        width = len(columns)
        if width == 1:
            return columns[0].add_rows(varbinds) is True
        moved = [column.add_rows(varbinds[position::width]) for position, column in enumerate(columns)]
        return True in moved and None not in moved

    def count_answer(self, octets: int, seconds: float) -> str | None:
        """Count one answer, after `seconds` of waiting in all; returns the reason if the walk must stop."""
        self._steps += 1
        self._octets += octets
        limits = self._limits
        if self._steps >= limits.steps:
            return f"a table did not end within {limits.steps} requests"
        if self._octets > limits.octets:
            return f"a table did not end within {limits.octets} octets"
        if seconds > limits.seconds:
            return f"a table did not end within {limits.seconds:.0f} s of waiting"
        return None

    def all_rows(self) -> list[VarBind]:
        """List all rows, root by root."""
        return [row for column in self.columns for row in column.rows]
