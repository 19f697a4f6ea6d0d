"""Some printers restart when they are asked too much. Who does so three times in a row is left alone.

    polled        polled        polled        polled
      |  up again   |  up again   |  up again   |
      v  v          v  v          v  v          v
    ──┴──┴──────────┴──┴──────────┴──┴──────────┴─── rests for a day, then one more try

A restart counts only if it came within two minutes after our own poll: a printer that somebody
switches off at night is none of ours. Pure: the time is an argument.
"""

from dataclasses import dataclass, field

AFTERMATH = 120.0  # seconds after a poll in which a restart is put down to it
TIMES = 3
REST = 86400.0  # seconds


@dataclass(slots=True)
class Caution:
    """What is known of each printer's restarts. Only the suspicious are remembered."""

    _polled: dict[str, float] = field(default_factory=dict)
    _restarts: dict[str, int] = field(default_factory=dict)
    _resting: dict[str, float] = field(default_factory=dict)

    def answered(self, key: str, now: float, uptime: int | None) -> bool:
        """Note that the printer answered; True if it is to rest from now on. `uptime`: 1/100 s."""
        before, self._polled[key] = self._polled.get(key), now
        if before is None or uptime is None:
            return False
        booted = now - uptime / 100
        if not before < booted <= before + AFTERMATH:
            self._restarts.pop(key, None)
            return False
        self._restarts[key] = self._restarts.get(key, 0) + 1
        if self._restarts[key] < TIMES:
            return False
        self._resting[key] = now + REST
        return True

    def rests(self, key: str, now: float) -> bool:
        """Whether the printer is better left alone now."""
        until = self._resting.get(key)
        if until is not None and until <= now:
            del self._resting[key]
            return False
        return until is not None

    @property
    def resting(self) -> list[str]:
        """The keys of the printers that are left alone."""
        return sorted(self._resting)
