"""IPP as the second way to each printer: who is asked there, and how.

    SNMP answers, and tells who it is ...... IPP once, for the UUID and what SNMP left open
    ... and IPP added something ............ IPP with each poll of that part, so that it does not come and go
    SNMP is silent ......................... IPP in its place
    IPP answers where SNMP never did ....... SNMP only once a day, with the inventory
    IPP does not answer .................... not asked again for a day

TLS is tried first, for a few seconds: printers that have it are asked with it from then on.
"""

import logging
from dataclasses import dataclass, field

from agent.collectors import ipp
from agent.collectors._profiles import Profiles
from agent.collectors.ipp import Target
from agent.errors import ReadingError
from agent.model import Snapshot, Tier

DAY = 86400.0
FOR_TLS = 5.0  # seconds: who has it says so at once

TIER_OF = {
    "status": Tier.ALERTS, "alerts": Tier.ALERTS, "supplies": Tier.SUPPLIES, "inputs": Tier.SUPPLIES,
    "outputs": Tier.SUPPLIES, "meters": Tier.METERS,
}  # fmt: skip

log = logging.getLogger("printwarden.reading")


@dataclass(slots=True)
class SecondWay:
    """What is known of each host's IPP, since the start of the service."""

    profiles: Profiles
    port: int = ipp.PORT
    patience: float = ipp.PATIENCE
    _tls: dict[str, bool] = field(default_factory=dict)  # who answers, and whether with TLS
    _until: dict[str, float] = field(default_factory=dict)  # who does not: left alone until then
    _adds: dict[str, frozenset[str]] = field(default_factory=dict)  # parts that only IPP tells
    _alone: set[str] = field(default_factory=set)  # who answers IPP, and not SNMP

    def wanted(self, host: str, tiers: frozenset[Tier]) -> bool:
        """Whether IPP may add to what SNMP has answered."""
        added = self._adds.get(host, frozenset())
        return Tier.INVENTORY in tiers or any(TIER_OF[part] in tiers for part in added)

    def spares_snmp(self, host: str, tiers: frozenset[Tier]) -> bool:
        """Whether SNMP need not be asked now, because this printer does not speak it."""
        return host in self._alone and Tier.INVENTORY not in tiers

    def learn(self, host: str, *, snmp_answered: bool, added: frozenset[str] = frozenset()) -> None:
        """Note what a poll by both ways taught."""
        if snmp_answered:
            self._alone.discard(host)
            self._adds[host] = self._adds.get(host, frozenset()) | added
        else:
            self._alone.add(host)

    async def read(self, host: str, at: float) -> Snapshot | None:
        """What the printer says over IPP; None if nothing, or if it is better left alone."""
        if self._until.get(host, 0.0) > at:
            return None
        ways = [self._tls[host]] if host in self._tls else [True, False]
        for tls in ways:
            patience = min(FOR_TLS, self.patience) if tls and len(ways) > 1 else self.patience
            target = Target(host=host, port=self.port, tls=tls)
            try:
                snapshot = await ipp.collect(target, at=at, profiles=self.profiles, patience=patience)
            except ReadingError as why:
                log.debug("%s: IPP%s: %s", host, " with TLS" if tls else "", why.reason)
                continue
            self._tls[host] = tls
            return snapshot
        if host not in self._tls:
            self._until[host] = at + DAY
        return None
