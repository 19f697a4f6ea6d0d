"""One clock for schedule, rules, retries and the simulator.

    real time     ----|----|----|----|---->
    clock.now()   -|----------|----------->     speed 1440: a day passes in a minute

Everything that decides takes `now` as an argument; everything that waits, waits on this clock.
Network timeouts are the exception: a packet takes real time, also in a demo.

The scale is written as `SPEED@REAL=STARTED` so that several processes share one clock: at real
time REAL (seconds since 1970) it showed STARTED, and it has run SPEED times as fast since.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self


@dataclass(frozen=True, slots=True)
class Clock:
    """Wall time and waiting, `speed` times as fast as real time."""

    speed: float = 1.0
    real_start: float = 0.0  # seconds since 1970 on the system's clock
    started: float = 0.0  # what this clock showed then

    @classmethod
    def scaled(cls, speed: float, *, started: float | None = None) -> Self:
        """A clock that shows `started` (default: the real time) now and runs `speed` times as fast."""
        real = time.time()
        return cls(speed=speed, real_start=real, started=real if started is None else started)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`: "1440@1790000000.0=1790000000.0". Raises ValueError."""
        speed, _, rest = text.partition("@")
        real, _, started = rest.partition("=")
        if not float(speed) > 0:
            raise ValueError(f"a clock's speed must be above 0, not {speed}")
        return cls(speed=float(speed), real_start=float(real), started=float(started))

    def __str__(self) -> str:
        return f"{self.speed!r}@{self.real_start!r}={self.started!r}"

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC, as this clock has it."""
        return self.started + (time.time() - self.real_start) * self.speed

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, scaled, unmoved by steps of the system's clock."""
        return time.monotonic() * self.speed

    def real_seconds(self, seconds: float) -> float:
        """Convert `seconds` of this clock to real seconds."""
        return seconds / self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of this clock."""
        await asyncio.sleep(max(0.0, self.real_seconds(seconds)))


def format_iso_time(at: float) -> str:
    """`at` as an RFC 3339 time in UTC: "2026-11-20T21:30:04Z"."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
