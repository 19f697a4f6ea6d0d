"""Reading one printer in every way that may be tried; silence is an answer, too."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agent.collectors._vendor.vendor_profiles import Profiles
from agent.collectors._visit import Answer, Collector, Visit
from agent.config import Config
from agent.core.clock import Clock
from agent.core.errors import NoAnswer, ReadingError
from agent.core.model import Address, CachedIdentity, Credential, Snapshot, Tier
from agent.pipeline.pipeline import PollResult
from agent.pipeline.polling import snapshot_merging
from agent.pipeline.polling.ipp_fallback import IppFallback
from agent.snmp.engine import SnmpClient

log = logging.getLogger("printwarden.reading")


@dataclass(slots=True)
class PrinterReader:
    """`ask` never raises for what a printer does: an error is counted, logged, and the next way tried."""

    snmp_client: SnmpClient
    clock: Clock
    config: Config
    profiles: Profiles
    first: list[Collector]  # always asked
    second: list[IppFallback]  # asked for what the first left open
    counts: Counter[str] = field(default_factory=Counter)

    async def read_printer(
        self,
        address: Address,
        credentials: Iterable[Credential],
        tiers: frozenset[Tier],
        *,
        learned: str = "",
        known: CachedIdentity | None = None,
    ) -> PollResult | None:
        """What the printer says in all ways together; None if nothing in any.

        `learned`: what the SNMP engine learned about it earlier; `known`: what an earlier snapshot taught.
        """
        visit = Visit(
            at=self.clock.now(),
            config=self.config,
            profiles=self.profiles,
            address=address,
            tiers=tiers,
            readers={
                one.name: self.snmp_client.create_reader(address, one, learned or None) for one in credentials
            },
            known=known,
        )
        spared = any(way.spares_first(address.host, tiers) for way in self.second)
        reading = None if spared else await self._first(visit)
        for way in self.second:
            if reading is None or way.may_add(address.host, tiers):
                reading = await self._second(way, visit, reading)
        return reading

    async def _first(self, visit: Visit) -> PollResult | None:
        """What is told by the collectors that are always asked."""
        answers = [await self._collect(one, visit) for one in self.first if visit.tiers & one.TIERS]
        told = sorted(filter(None, answers), key=lambda answer: answer.credential is None)
        if not told:
            return None
        best, *others = told
        self.counts["read"] += 1
        for problem in (problem for answer in told for problem in answer.snapshot.problems):
            self._count_problem("reading error", visit.address, problem)
        reading = PollResult(snapshot=best.snapshot, credential=best.credential, learned=best.learned)
        for other in others:
            if (merged := self._merge(reading.snapshot, other.snapshot, visit.known)) is not None:
                reading = replace(reading, snapshot=merged)
        return reading

    async def _collect(self, collector: Collector, visit: Visit) -> Answer | None:
        try:
            return await collector.collect(visit)
        except ReadingError as why:
            self._count_problem(
                "no answer" if isinstance(why, NoAnswer) else "reading error", visit.address, str(why)
            )
            return None

    async def _second(self, way: IppFallback, visit: Visit, reading: PollResult | None) -> PollResult | None:
        """`reading` with what the second way adds to it, or what that way says alone."""
        host, other = visit.address.host, await way.read_printer(visit)
        if other is None:
            return reading
        if reading is None:
            self.counts["read"] += 1
            way.record_answer(host, first_answered=False)
            return PollResult(snapshot=replace(other, address=visit.address))
        merged = self._merge(reading.snapshot, other, visit.known)
        if merged is None:
            return reading
        lacking = snapshot_merging.missing_parts(reading.snapshot)
        way.record_answer(
            host, first_answered=True, added=frozenset(name for name in lacking if getattr(merged, name))
        )
        return replace(reading, snapshot=merged)

    def _merge(self, snapshot: Snapshot, other: Snapshot, known: CachedIdentity | None) -> Snapshot | None:
        """One snapshot of two; None if they are of two printers."""
        who = snapshot.identity or (known.identity if known else None)
        if snapshot_merging.is_same_printer(who, other.identity):
            return snapshot_merging.fill_from_ipp(snapshot, other)
        self._count_problem(
            "two printers", snapshot.address, f"another printer answers {other.via} at this address"
        )
        return None

    def silent_result(self, address: Address) -> PollResult:
        """The reading of a printer that did not answer."""
        return PollResult(snapshot=Snapshot(address=address, at=self.clock.now(), reachable=False))

    def _count_problem(self, what: str, address: Address, said: str) -> None:
        self.counts[what] += 1
        log.info("%s: %s: %s", address, what, said)
