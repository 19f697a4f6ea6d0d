"""Protect printers that restart when they are polled: three times in a row suspends polling for a day.

    polled        polled        polled        polled
      |  up again   |  up again   |  up again   |
      v  v          v  v          v  v          v
    ──┴──┴──────────┴──┴──────────┴──┴──────────┴─── not polled for a day, then one more try

A restart counts only within two minutes after a poll of this agent: a printer switched off at night is
not counted. Pure: the time is an argument.
"""

from dataclasses import dataclass, field

BLAME_WINDOW = 120.0  # seconds after a poll in which a restart is attributed to it
MAX_REBOOTS = 3
SUSPENSION = 86400.0  # seconds


@dataclass(slots=True)
class RebootGuard:
    """The restarts that followed a poll, by printer; only suspicious printers are kept."""

    _polled: dict[str, float] = field(default_factory=dict)
    _restarts: dict[str, int] = field(default_factory=dict)
    _suspended_until: dict[str, float] = field(default_factory=dict)

    def record_answer(self, key: str, now: float, uptime: int | None) -> bool:
        """Record an answer; True if polling is suspended from now on. `uptime`: 1/100 s."""
        before, self._polled[key] = self._polled.get(key), now
        if before is None or uptime is None:
            return False
        booted = now - uptime / 100
        if not before < booted <= before + BLAME_WINDOW:
            self._restarts.pop(key, None)
            return False
        self._restarts[key] = self._restarts.get(key, 0) + 1
        if self._restarts[key] < MAX_REBOOTS:
            return False
        self._suspended_until[key] = now + SUSPENSION
        return True

    def is_suspended(self, key: str, now: float) -> bool:
        """Report that the printer is not to be polled now."""
        until = self._suspended_until.get(key)
        if until is not None and until <= now:
            del self._suspended_until[key]
            return False
        return until is not None

    @property
    def suspended_keys(self) -> list[str]:
        """The keys of the printers that are not polled."""
        return sorted(self._suspended_until)
