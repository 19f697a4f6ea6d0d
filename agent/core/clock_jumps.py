"""Jumps of the wall clock: set by NTP or by a person, a machine without a clock battery, a suspended one.

    wall time minus monotonic time     ────────────┐ jump: reported once
                                                   └──────────────────────

Cadences, due times and pauses are monotonic and take no notice. What follows the calendar is told of a jump.
Small steps and slewing are no jump. Pure: both times are arguments.
"""

from dataclasses import dataclass

MIN_JUMP = 10.0  # seconds of wall time; less is a correction that no calendar job notices


@dataclass(slots=True)
class ClockJumpDetector:
    """Compares wall and monotonic time, about once a second."""

    min_jump: float = MIN_JUMP
    _offset: float | None = None  # wall minus monotonic at the last look

    def detect_jump(self, wall: float, monotonic: float) -> float | None:
        """Return the seconds by which the wall clock was set since the last look; None if it was not."""
        before, self._offset = self._offset, wall - monotonic
        if before is None or abs(self._offset - before) < self.min_jump:
            return None
        return self._offset - before
