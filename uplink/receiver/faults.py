"""Fault injection: makes the receiver fail on request, to see how agents cope."""

import random
from typing import Self

from pydantic import BaseModel, ConfigDict, Field


class FaultInjection(BaseModel):
    """The faults injected into requests that bring events; none by default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fail: int | None = Field(default=None, ge=400, le=599, description="Answer with this status …")
    share: float = Field(default=1.0, ge=0, le=1, description="… to this share of requests …")
    times: int | None = Field(default=None, ge=0, description="… or to the next so many; then all is well.")
    throttle: float | None = Field(
        default=None, ge=0, description="Answer 429 with this Retry-After, in seconds."
    )
    hang: float = Field(default=0, ge=0, description="Take this many seconds before answering.")
    portal: bool = Field(default=False, description="Answer 200 with a login page, as a captive portal does.")
    drop: bool = Field(
        default=False, description="Store the events, then cut the connection without an answer."
    )
    poison: str | None = Field(default=None, description="Answer 422 to a batch that has this subject.")
    most: int = Field(default=500, ge=1, description="Answer 413 to batches with more events.")
    bare: bool = Field(default=False, description="Take one event a request, in no array; 415 to a batch.")

    @classmethod
    def parse_failure(cls, text: str) -> Self:
        """Parse "503" (always) or "503:0.3" (30 % of requests). Raises ValueError."""
        status, _, share = text.partition(":")
        try:
            return cls(fail=int(status), share=float(share or 1))
        except ValueError as why:
            raise ValueError(f'"{text}" is no failure: write STATUS or STATUS:SHARE, like 503:0.3') from why

    def should_fail(self, dice: random.Random) -> bool:
        """Decide whether this request fails."""
        return self.fail is not None and self.times != 0 and dice.random() < self.share

    def after_failure(self) -> Self:
        """Return the faults that remain after one request has failed."""
        return self if self.times is None else self.model_copy(update={"times": max(0, self.times - 1)})
