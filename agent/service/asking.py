"""Reading one printer with the credentials that may be tried; silence is an answer, too."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agent.clock import Clock
from agent.collectors import printer_mib
from agent.collectors._profiles import Profiles
from agent.errors import NoAnswer, ReadingError
from agent.model import Address, Known, Snapshot, Tier
from agent.service import merging
from agent.service.line import Reading
from agent.service.second_way import SecondWay
from agent.snmp.reader import Credential
from agent.snmp.session import Engine

log = logging.getLogger("printwarden.reading")


@dataclass(slots=True)
class Asking:
    """`ask` never raises for what a printer does: an error is counted, logged, and the next one asked."""

    engine: Engine
    clock: Clock
    counts: Counter[str] = field(default_factory=Counter)
    profiles: Profiles | None = None  # the shipped ones
    ipp: SecondWay | None = None

    async def ask(
        self,
        address: Address,
        credentials: Iterable[Credential],
        tiers: frozenset[Tier],
        *,
        learned: str = "",
        known: Known | None = None,
    ) -> Reading | None:
        """What the printer says, over SNMP and IPP; None if nothing over either.

        `learned`: what the engine learned about it earlier; `known`: what an earlier snapshot taught.
        """
        if self.ipp is None:
            return await self._over_snmp(address, credentials, tiers, learned, known)
        reading = None
        if not self.ipp.spares_snmp(address.host, tiers):
            reading = await self._over_snmp(address, credentials, tiers, learned, known)
        if reading is not None and not self.ipp.wanted(address.host, tiers):
            return reading
        other = await self.ipp.read(address.host, self.clock.now())
        if other is None:
            return reading
        if reading is None:
            self.counts["read"] += 1
            self.ipp.learn(address.host, snmp_answered=False)
            return Reading(snapshot=replace(other, address=address))
        return self._both(self.ipp, reading, other, known)

    def _both(self, ipp: SecondWay, reading: Reading, other: Snapshot, known: Known | None) -> Reading:
        """One reading of two, if they are of one printer."""
        snapshot = reading.snapshot
        who = snapshot.identity or (known.identity if known else None)
        if not merging.same(who, other.identity):
            self._count("two printers", snapshot.address, "another printer answers IPP at this address")
            return reading
        merged = merging.merge(snapshot, other)
        added = frozenset(name for name in merging.lacking(snapshot) if getattr(merged, name))
        ipp.learn(snapshot.address.host, snmp_answered=True, added=added)
        return replace(reading, snapshot=merged)

    async def _over_snmp(
        self,
        address: Address,
        credentials: Iterable[Credential],
        tiers: frozenset[Tier],
        learned: str,
        known: Known | None,
    ) -> Reading | None:
        """What the printer says to the first credential that it answers; None if to none."""
        for credential in credentials:
            reader = self.engine.reader(address, credential, learned or None)
            try:
                snapshot = await printer_mib.collect(
                    reader, at=self.clock.now(), tiers=tiers, known=known, profiles=self.profiles
                )
            except ReadingError as why:
                self._count("no answer" if isinstance(why, NoAnswer) else "reading error", address, str(why))
                continue
            self.counts["read"] += 1
            for problem in snapshot.problems:
                self._count("reading error", address, problem)
            return Reading(snapshot=snapshot, credential=credential.name, learned=reader.learned or "")
        return None

    def silence(self, address: Address) -> Reading:
        """The reading of a printer that did not answer."""
        return Reading(snapshot=Snapshot(address=address, at=self.clock.now(), reachable=False))

    def _count(self, what: str, address: Address, said: str) -> None:
        self.counts[what] += 1
        log.info("%s: %s: %s", address, what, said)
