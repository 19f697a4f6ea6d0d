"""The state of a ticket at the provider's desk, after all feedback. Pure.

Keys that a message leaves out stay as they were. A reopened ticket loses its outcome. The same messages
repeated in their order give the same state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from agent.core import text


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFeedback:
    """One ticket at the desk; None is what was not said."""

    provider_ticket_no: str | None = None
    status: str | None = None  # acknowledged, assigned, on_hold, closed, reopened
    service_org: str | None = None  # who has it
    cause_code: str | None = None
    outcome: str | None = None  # confirmed, no_fault_found, user_fixable, duplicate, out_of_scope
    parts_used: tuple[tuple[str, int], ...] = ()  # (part number, quantity)
    labour_min: int | None = None
    visits: int | None = None
    hold_for_parts: bool | None = None
    hold_reason: str | None = None  # waiting_for_customer, waiting_for_parts, no_access
    at: str | None = None  # when the desk noted its newest word
    arrived_at: str | None = None
    approval: str | None = None  # approved, declined
    callback_of: str | None = None  # the earlier ticket whose repair did not last
    closed_at: str | None = None
    note: str | None = None

    def with_update(self, said: Mapping[str, Any]) -> Self:
        """Return the state after one more message (mps.feedback/1)."""
        known = {one.name for one in fields(self)} - {"parts_used"}
        values = {
            name: _clean_value(value) for name, value in said.items() if name in known and value is not None
        }
        if parts := said.get("parts_used"):
            values["parts_used"] = tuple((_clean_value(one["part_no"]), one["qty"]) for one in parts)
        before = self
        if values.get("status") == "reopened":
            before = replace(self, outcome=None, cause_code=None, closed_at=None)
        return replace(before, **values)

    def format_summary(self) -> str:
        """In a few words: "T-88123, closed: confirmed"."""
        state = (self.status or "").replace("_", " ")
        if self.outcome and self.status == "closed":
            state += f": {self.outcome.replace('_', ' ')}"
        elif self.service_org and state:
            state += f": {self.service_org}"
        return ", ".join(part for part in (self.provider_ticket_no, state) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackResult:
    """The result of a batch of feedback messages."""

    taken: int = 0
    unknown: tuple[str, ...] = ()  # tickets that are not ours


def _clean_value(value: Any) -> Any:
    """Text without what could deceive or break a screen, at most 255 characters of it."""
    return text.clean_text(value) if isinstance(value, str) else value
