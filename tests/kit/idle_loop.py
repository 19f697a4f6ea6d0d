"""An event loop that does not sit out short time-outs: where nothing happens, its time jumps to the next timer.

The printers of a test answer in the loop that asks them. Once every socket is quiet, what has not been answered will
not be: a request to a silent host ends at once, and a busy machine makes no answer late.
"""

import asyncio
import selectors
from typing import Any

QUIET = 0.01  # real seconds without an event, after which nothing is under way
STILL_QUIET = 0.001  # real seconds: the same, where the wait before saw no event either
LONGEST = 5.0  # seconds: a longer wait is sat out, as that of a job that runs every minute


class SkippingSelector(selectors.DefaultSelector):
    """Waits for events; adds to `skipped` the seconds of a time-out that it did not wait."""

    skipped = 0.0
    _patience = QUIET

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or not 0 < timeout <= LONGEST:
            return super().select(timeout)
        waits = min(timeout, self._patience)
        events = super().select(waits)
        if not events:
            self.skipped += timeout - waits
        self._patience = QUIET if events else STILL_QUIET
        return events


class IdleSkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time skips what would only be waited for."""

    def __init__(self) -> None:
        self._skipping = SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        return super().time() + self._skipping.skipped
