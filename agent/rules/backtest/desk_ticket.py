"""A ticket as the provider's desk would have had it, and how two sets of them differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

REOPEN_WITHIN = 2 * 86400.0  # seconds in which a fault that returns reopens its ticket
NOTICE = "notice"  # stays at the site: no ticket of the desk


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskTicket:
    """One ticket from its opening to its end; a digest and a storm are one ticket of the whole site."""

    device: str  # key of the printer; "site:S-1" for a digest or a storm
    name: str  # of the printer
    fault: str
    component: str
    rule: str  # the rule that opened it
    impact: str
    severity: str
    title: str
    opened: float  # when the desk was told
    closed: float | None = None  # None: still open at the end
    kind: str = "ticket"  # "ticket", "digest", "storm", or "notice", which the desk is not told
    reopened: int = 0

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What tells it from others of the same time; a storm is one of its rule."""
        rule = self.rule if self.kind == "storm" else ""
        return self.device, self.fault, self.component, rule

    def is_same(self, other: "DeskTicket") -> bool:
        """True if both are about the same, at overlapping times."""
        first, later = sorted((self, other), key=lambda it: it.opened)
        overlaps = first.closed is None or later.opened <= first.closed + REOPEN_WITHIN
        return self.identity == other.identity and overlaps


def list_only_in(tickets: Sequence[DeskTicket], others: Iterable[DeskTicket]) -> list[DeskTicket]:
    """The tickets that have no counterpart among the others."""
    found: dict[tuple[str, str, str, str], list[DeskTicket]] = {}
    for it in others:
        found.setdefault(it.identity, []).append(it)
    return [it for it in tickets if not any(map(it.is_same, found.get(it.identity, ())))]
