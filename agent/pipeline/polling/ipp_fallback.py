"""Decide when a printer is read in a second way, IPP for example, beside the first.

the first way identifies the printer ..... ask the second once, for the UUID and the gaps
... and the second filled a gap .......... ask the second with each poll of that part
the first way is silent .................. ask the second in its place
only the second ever answers ............. ask the first once a day, with the inventory
the second does not answer ............... do not ask it again for a day; where it announced itself, for an
                                           hour, or until it is announced elsewhere
"""

import logging
from dataclasses import dataclass, field, replace

from agent.collectors._visit import Collector, Visit
from agent.core.errors import ReadingError
from agent.core.model import IppPlace, Snapshot, Tier

HOUR, DAY = 3600.0, 86400.0

TIER_BY_PART = {
    "status": Tier.ALERTS, "alerts": Tier.ALERTS, "supplies": Tier.SUPPLIES, "inputs": Tier.SUPPLIES,
    "outputs": Tier.SUPPLIES, "meters": Tier.METERS,
}  # fmt: skip

log = logging.getLogger(__name__)


@dataclass(slots=True)
class IppFallback:
    """One collector that fills gaps, with what it learned of each host since the start of the service."""

    name: str
    collector: Collector
    _learned: dict[str, str] = field(
        default_factory=dict
    )  # host -> how it is best asked; only hosts that answer
    _paused_until: dict[str, float] = field(
        default_factory=dict
    )  # host that does not answer -> when to try again
    _announced: dict[str, tuple[IppPlace, ...]] = field(default_factory=dict)  # when it was asked last
    _added_parts: dict[str, frozenset[str]] = field(default_factory=dict)  # parts that only this way has
    _ipp_only: set[str] = field(default_factory=set)  # hosts that answer this way, and not the first

    def may_add(self, host: str, tiers: frozenset[Tier]) -> bool:
        """Report that it may add to the answer of the first way."""
        added = self._added_parts.get(host, frozenset())
        return Tier.INVENTORY in tiers or any(TIER_BY_PART[part] in tiers for part in added)

    def spares_first(self, host: str, tiers: frozenset[Tier]) -> bool:
        """Report that the first way can be skipped now, because this printer never answers it."""
        return host in self._ipp_only and Tier.INVENTORY not in tiers

    def record_answer(self, host: str, *, first_answered: bool, added: frozenset[str] = frozenset()) -> None:
        """Record the result of a poll by both ways."""
        if first_answered:
            self._ipp_only.discard(host)
            self._added_parts[host] = self._added_parts.get(host, frozenset()) | added
        else:
            self._ipp_only.add(host)

    async def read_printer(self, visit: Visit, now: float) -> Snapshot | None:
        """Read the printer this way; None without an answer, or while it is paused."""
        host = visit.address.host
        if self._announced.get(host, ()) != visit.announced:
            self._announced[host] = visit.announced
            self._learned.pop(host, None)
            self._paused_until.pop(host, None)
        if self._paused_until.get(host, 0.0) > now or not visit.tiers & self.collector.TIERS:
            return None
        try:
            answer = await self.collector.collect(replace(visit, learned=self._learned.get(host, "")))
        except ReadingError as why:
            log.debug("%s: %s: %s", host, self.name, why.reason)
            answer = None
        if answer is None:
            if host not in self._learned:
                self._paused_until[host] = now + (HOUR if visit.announced else DAY)
            return None
        self._learned[host] = answer.learned
        return answer.snapshot
