"""When a supply was replaced: by its serial number, or by a level that rose and stayed.

    80 … 9, 8, 100, 100, 100      replaced when it rose: three readings agree
    8, 18, 17, 16                 shaken: ten points are no new cartridge
    8, 60, 8                      an odd reading
    8 (A01), 8 (B77)              another serial: replaced, whatever the level

Pure: the time is an argument.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.core.model import Supply

MIN_RISE = 15  # points by which a level must rise
CONFIRMING_READINGS = 3  # readings for which it must


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyInstall:
    """The cartridge in one slot, as its readings describe it."""

    serial: str | None = None
    level: int | None = None  # percent, at the last reading that was a number
    renewed: float | None = None  # when it was installed, if a reading showed it
    rose_at: float | None = None  # the first reading of a rise that is not confirmed yet
    rose_from: int | None = None
    rose_seen: int = 0  # readings that agree with it


def update_install(life: SupplyInstall, level: int | None, serial: str | None, at: float) -> SupplyInstall:
    """Update the cartridge with one more reading. `level` is None if the printer gave no number."""
    if serial and life.serial and serial != life.serial:
        return SupplyInstall(serial=serial, level=level, renewed=at)
    life = replace(life, serial=serial or life.serial)
    if level is None:
        return life
    if life.rose_from is not None:
        life = _confirm_rise(life, level)
    elif life.level is not None and level >= life.level + MIN_RISE:
        life = replace(life, rose_at=at, rose_from=life.level, rose_seen=1)
    return replace(life, level=level)


def keep_marks(before: Sequence[Supply], now: Sequence[Supply]) -> tuple[Supply, ...]:
    """Keep serial and part number of a cartridge over a poll that did not ask for them.

    Makers' tables are asked for them once a day. A level that rose may be another cartridge's: none is kept.
    """
    old = {one.key: one for one in before}
    return tuple(_keep_mark(old.get(one.key), one) for one in now)


def _keep_mark(before: Supply | None, now: Supply) -> Supply:
    if before is None or before.description != now.description or _has_risen(before.percent, now.percent):
        return now
    return replace(now, serial=now.serial or before.serial, part_number=now.part_number or before.part_number)


def _has_risen(before: int | None, now: int | None) -> bool:
    return before is not None and now is not None and now >= before + MIN_RISE


def _confirm_rise(life: SupplyInstall, level: int) -> SupplyInstall:
    """Count this reading for or against a rise seen before."""
    calm = replace(life, rose_at=None, rose_from=None, rose_seen=0)
    if level < (life.rose_from or 0) + MIN_RISE:
        return calm
    if life.rose_seen + 1 < CONFIRMING_READINGS:
        return replace(life, rose_seen=life.rose_seen + 1)
    return replace(calm, renewed=life.rose_at)
