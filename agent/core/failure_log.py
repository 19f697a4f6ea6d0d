"""Unexpected errors: counted each time, logged with a traceback once a day for each place in the code.

An error is unexpected if no room has translated it into one of ours. It never ends a loop: the loop's one
edge catches it and records it here. Only a fatal one (the state on disk is damaged) ends the service. The
same error from a thousand hosts is one traceback, not a thousand.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.core import text

LOG_INTERVAL = 86400.0  # real seconds until the same error is logged in full again
MAX_REMEMBERED = 200  # different errors, and edges, that are remembered
COUNTED_AS = "unexpected error"

log = logging.getLogger(__name__)

Origin = tuple[str, str, int]  # class of the error, file, line


@dataclass(slots=True)
class FailureLog:
    """The unexpected errors since the start, with the last one of each task or edge."""

    counts: Counter[str] = field(default_factory=Counter)
    is_fatal: Callable[[BaseException], bool] = lambda _error: False
    on_fatal: Callable[[BaseException], None] | None = None  # ends the service
    reasons: dict[str, str] = field(default_factory=dict)
    _logged: dict[Origin, float] = field(default_factory=dict)

    def record_failure(self, edge: str, why: BaseException) -> None:
        """Count `why`, caught at `edge`, such as the name of a task; log it unless it was logged lately."""
        if self.on_fatal and self.is_fatal(why):
            self.on_fatal(why)
            return
        self.counts[COUNTED_AS] += 1
        if len(self.reasons) >= MAX_REMEMBERED:
            del self.reasons[next(iter(self.reasons))]
        self.reasons[edge] = reason = text.clean_text(f"{type(why).__name__}: {why}")
        origin, now = find_origin(why), time.monotonic()
        if now - self._logged.get(origin, -LOG_INTERVAL) < LOG_INTERVAL:
            log.debug("%s: %s", edge, reason)
            return
        if len(self._logged) >= MAX_REMEMBERED:
            del self._logged[next(iter(self._logged))]
        self._logged[origin] = now
        trace = None if isinstance(why, OSError) else why  # the system's answer needs no traceback
        log.error("%s failed and goes on: %s (logged once a day)", edge, reason, exc_info=trace)


def find_origin(why: BaseException) -> Origin:
    """Return the class of the error and the line that raised it."""
    trace = why.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = type(why).__qualname__
    return (name, trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace else (name, "", 0)
