"""Levels and capacities; a printer may answer without a number (RFC 3805, prtMarkerSuppliesLevel)."""

from enum import StrEnum
from typing import Self


class Vague(StrEnum):
    """A level that is an answer but not a number (RFC 3805, prtMarkerSuppliesLevel and others)."""

    OTHER = "other"  # -1: no restriction on this parameter
    UNKNOWN = "unknown"  # -2
    SOME_LEFT = "some_left"  # -3: some remaining (or some room remaining), amount not known
    LOW = "low"  # a maker's own code, never of the MIB: low, amount not known

    @classmethod
    def from_raw(cls, raw: int) -> Self | None:
        """Decode -1, -2, -3, also when firmware sent them as unsigned 32-bit numbers."""
        signed = raw - (1 << 32) if raw > (1 << 32) - 4 else raw
        return {-1: cls.OTHER, -2: cls.UNKNOWN, -3: cls.SOME_LEFT}.get(signed)


Amount = int | Vague | None
"""A level or capacity: a number >= 0, a vague answer, or nothing read."""


def compute_percent(level: Amount, largest: Amount) -> int | None:
    """Return 100 x level / largest, rounded half up and at most 100; None where either is no number.

    A level of 0 is 0 % whatever the capacity: nothing left is nothing left in any unit.
    """
    if type(level) is int and level == 0:
        return 0
    if not isinstance(level, int) or not isinstance(largest, int) or largest <= 0 or level < 0:
        return None
    return min(100, (200 * level + largest) // (2 * largest))


def find_vagueness(level: Amount, largest: Amount) -> Vague | None:
    """Return the reason for a missing percentage: the vagueness of the level first, then of the capacity."""
    if compute_percent(level, largest) is not None:
        return None
    if isinstance(level, Vague):
        return level
    if isinstance(largest, Vague):
        return largest
    return Vague.UNKNOWN


def resolve_capacity(level: Amount, largest: Amount, unit: str | None) -> Amount:
    """Return the level that means 100 %.

    With unit percent(19) the capacity may be -1, -2 or 0, or a yield in pages beside a level in percent:
    60 of 12000 is 60 %. Only a level beyond 100 is one of the capacity's own unit: 7300 of 10000 is 73 %.
    """
    if unit != "percent":
        return largest
    has_number = isinstance(largest, int) and largest > 0
    return largest if has_number and isinstance(level, int) and level > 100 else 100


AVAILABILITY = {
    0: "idle", 1: "on request", 2: "standby", 3: "broken", 4: "active", 5: "unknown", 6: "busy",
}  # fmt: skip


def decode_availability(status: int | None) -> str | None:
    """Decode the lowest three bits of PrtSubUnitStatusTC (RFC 3805): 3 is unavailable because broken."""
    return None if status is None else AVAILABILITY.get(status & 7, "unknown")
