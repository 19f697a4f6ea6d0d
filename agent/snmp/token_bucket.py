"""Budgets of requests: 200 a second in all and 20 a second into one subnet, by default.

A bucket hands out departure times (the generic cell rate algorithm, ITU-T I.371): each caller gets the
seconds to wait, in the order of the calls, and the rate holds over every stretch of time but for the burst.
Pure: `now` is an argument, in seconds on any steady clock.
"""

from dataclasses import dataclass
from ipaddress import ip_address

MAX_SUBNETS = 4096  # remembered at once; idle ones are forgotten first


@dataclass(slots=True)
class TokenBucket:
    """A budget of `rate` departures a second, up to `burst` of them at once after a pause."""

    rate: float
    burst: float = 1.0
    _due: float = float("-inf")  # when the bucket will be full again

    def take_token(self, now: float) -> float:
        """Take one departure; returns the seconds to wait for it."""
        full = max(now, self._due)
        self._due = full + 1.0 / self.rate
        return max(0.0, full - now - (self.burst - 1.0) / self.rate)

    def is_full(self, now: float) -> bool:
        """Tell if the bucket is full, so that a new one would behave alike."""
        return self._due <= now


class SubnetBuckets:
    """One bucket for each /24 (IPv4) or /64 (IPv6)."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: dict[bytes, TokenBucket] = {}

    def take_token(self, subnet: bytes, now: float) -> float:
        """Take one departure into `subnet`; returns the seconds to wait for it."""
        bucket = self._buckets.get(subnet)
        if bucket is None:
            if len(self._buckets) >= MAX_SUBNETS:
                self._buckets = {key: kept for key, kept in self._buckets.items() if not kept.is_full(now)}
            bucket = self._buckets[subnet] = TokenBucket(self._rate, self._burst)
        return bucket.take_token(now)


def subnet_prefix(host: str) -> bytes:
    """Find the prefix that shares one budget: a /24, or a /64 of IPv6."""
    packed = ip_address(host).packed
    return packed[:3] if len(packed) == 4 else packed[:8]
