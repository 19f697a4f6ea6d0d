"""Pauses between attempts at a destination.

    failures in a row     1     2     3     4     5      …     9 and more
    at most               2 s   4 s   8 s   16 s  32 s         300 s
                                            breaker open ──────────────►

Each wait is drawn evenly from zero to that ("full jitter"), so that a thousand agents that lost the
same receiver do not come back in step. A receiver's Retry-After (RFC 9110, 10.2.3) is a floor, with
jitter on top for the same reason. Everything here is pure, except `retry_until`, which waits.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeVar

import tenacity

from uplink.errors import Blocked, DeliveryError, InFlight, Later

T = TypeVar("T")

FIRST_BACKOFF = 1.0  # seconds
MAX_BACKOFF = 300.0
PROBE_INTERVAL = 900.0  # seconds between probes of a destination that refuses this agent
MIN_RETRY_AFTER, MAX_RETRY_AFTER = 1.0, 3600.0  # bounds of a Retry-After
OPENS_AFTER = 5  # transient failures in a row


def draw_backoff(failures: int, dice: random.Random) -> float:
    """uniform(0, min(300 s, 1 s * 2^failures))."""
    return dice.uniform(0, min(MAX_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failures, 30)))


def pause_after_failure(why: DeliveryError, failures: int, dice: random.Random) -> float:
    """Seconds until the next attempt, after `failures` in a row of which `why` is the last."""
    if isinstance(why, Blocked):
        return PROBE_INTERVAL
    if why.retry_after is None:
        return draw_backoff(failures, dice)
    return why.retry_after + dice.uniform(0, max(MAX_BACKOFF, why.retry_after / 10))


def parse_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that a Retry-After header asks for, within 1 s and 1 h; None without a usable one.

    The value is a number of seconds or an HTTP date (RFC 9110, 10.2.3). A date is compared with the
    receiver's own Date header where there is one, so that a wrong clock on either side does no harm.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        asked = float(value[:9])
    else:
        until, said_at = parse_http_date(value), parse_http_date(headers.get("date", ""))
        if until is None:
            return None
        asked = until - (now if said_at is None else said_at)
    return min(MAX_RETRY_AFTER, max(MIN_RETRY_AFTER, asked))


def parse_http_date(value: str) -> float | None:
    """Parse an HTTP date (RFC 9110, 5.6.7) to seconds since 1970; None if `value` is not one."""
    try:
        at = parsedate_to_datetime(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):  # years and zones of twenty digits, too
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreaker:
    """Limits the load on a receiver that fails.

        CLOSED --5 transient failures in a row--> OPEN --the pause is over--> one small trial
          ^                                        ^                            |      |
          |                                        +-----------fails------------+      |
          +------------------------------------succeeds--------------------------------+

    While it is open, an attempt carries one item, a ticket or a heartbeat if there is one.
    """

    failures: int = 0

    @property
    def is_open(self) -> bool:
        return self.failures >= OPENS_AFTER

    def after_attempt(self, why: DeliveryError | None) -> "CircuitBreaker":
        """The breaker after an attempt that ended with `why`; None is success, and a refusal is an answer."""
        if isinstance(why, InFlight | Blocked):
            return self
        return CircuitBreaker(failures=self.failures + 1) if isinstance(why, Later) else CircuitBreaker()


async def retry_until(
    attempt: Callable[[], Awaitable[T]],
    *,
    wait: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    give_up: Callable[[], bool],
) -> T:
    """Call `attempt()` until it ends without `Later` or `Blocked`; `wait()` gives the seconds between.

    Once `give_up()` is true, the last error is raised instead.
    """
    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type((Later, Blocked)),
        wait=lambda _: wait(),
        stop=lambda _: give_up(),
        sleep=sleep,
        reraise=True,
    )
    return await retrying(attempt)
