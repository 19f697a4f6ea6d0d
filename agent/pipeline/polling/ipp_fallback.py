"""A second way to each printer, IPP for example, beside the one that is always taken: when it is asked.

the first way tells who it is ............ the second once, for the UUID and what the first left open
... and the second added something ....... the second with each poll of that part, so that it stays
the first way is silent .................. the second in its place
the second answers where the first never . the first only once a day, with the inventory
the second does not answer ............... not asked again for a day
"""

import logging
from dataclasses import dataclass, field, replace

from agent.collectors._visit import Collector, Visit
from agent.core.errors import ReadingError
from agent.core.model import Snapshot, Tier

DAY = 86400.0

TIER_BY_PART = {
    "status": Tier.ALERTS, "alerts": Tier.ALERTS, "supplies": Tier.SUPPLIES, "inputs": Tier.SUPPLIES,
    "outputs": Tier.SUPPLIES, "meters": Tier.METERS,
}  # fmt: skip

log = logging.getLogger("printwarden.reading")


@dataclass(slots=True)
class IppFallback:
    """One collector that fills gaps, with what it learned of each host since the start of the service."""

    name: str
    collector: Collector
    _learned: dict[str, str] = field(default_factory=dict)  # who answers, and how they are best asked
    _paused_until: dict[str, float] = field(default_factory=dict)  # who does not: left alone until then
    _added_parts: dict[str, frozenset[str]] = field(default_factory=dict)  # parts that only this way tells
    _ipp_only: set[str] = field(default_factory=set)  # who answers this way, and not the first

    def may_add(self, host: str, tiers: frozenset[Tier]) -> bool:
        """Whether it may add to what the first way has answered."""
        added = self._added_parts.get(host, frozenset())
        return Tier.INVENTORY in tiers or any(TIER_BY_PART[part] in tiers for part in added)

    def spares_first(self, host: str, tiers: frozenset[Tier]) -> bool:
        """Whether the first way need not be tried now, because this printer does not know it."""
        return host in self._ipp_only and Tier.INVENTORY not in tiers

    def record_answer(self, host: str, *, first_answered: bool, added: frozenset[str] = frozenset()) -> None:
        """Note what a poll by both ways taught."""
        if first_answered:
            self._ipp_only.discard(host)
            self._added_parts[host] = self._added_parts.get(host, frozenset()) | added
        else:
            self._ipp_only.add(host)

    async def read_printer(self, visit: Visit) -> Snapshot | None:
        """What the printer says this way; None if nothing, or if it is better left alone."""
        host = visit.address.host
        if self._paused_until.get(host, 0.0) > visit.at or not visit.tiers & self.collector.TIERS:
            return None
        try:
            answer = await self.collector.collect(replace(visit, learned=self._learned.get(host, "")))
        except ReadingError as why:
            log.debug("%s: %s: %s", host, self.name, why.reason)
            answer = None
        if answer is None:
            if host not in self._learned:
                self._paused_until[host] = visit.at + DAY
            return None
        self._learned[host] = answer.learned
        return answer.snapshot
