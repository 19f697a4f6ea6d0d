"""Read one printer in every permitted way, and merge the answers into one snapshot."""

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
from agent.discovery.announced_places import AnnouncedPlaces
from agent.pipeline.pipeline import PollResult
from agent.pipeline.polling import snapshot_merging
from agent.pipeline.polling.ipp_fallback import IppFallback
from agent.pipeline.polling.mac_gate import ExcludedMacs, MacGate
from agent.snmp.engine import SnmpClient

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PrinterReader:
    """Reads printers. No printer can make it raise: an error is counted, logged, and the next way tried."""

    snmp_client: SnmpClient
    clock: Clock
    config: Config
    profiles: Profiles
    first: list[Collector]  # collectors of every poll
    second: list[IppFallback]  # collectors for the gaps that the first left
    counts: Counter[str] = field(default_factory=Counter)
    excluded: ExcludedMacs = field(default_factory=ExcludedMacs)
    places: AnnouncedPlaces = field(default_factory=AnnouncedPlaces)

    async def read_printer(
        self,
        address: Address,
        credentials: Iterable[Credential],
        tiers: frozenset[Tier],
        *,
        learned: str = "",
        cached: CachedIdentity | None = None,
        attempts: int | None = None,
        announced: bool = True,
    ) -> PollResult | None:
        """Read the printer in all ways together; None if it answers in none, or has an excluded MAC.

        `learned`: how the SNMP engine asks it best; `cached`: facts of an earlier snapshot; `attempts`: how
        often the first SNMP request is sent, if not as configured; `announced`: something says that the host
        is a printer. Without it the second ways (IPP) ask only after the first has identified a printer.
        """
        visit = Visit(
            at=self.clock.now(),
            config=self.config,
            profiles=self.profiles,
            address=address,
            tiers=tiers,
            readers={
                one.name: MacGate(
                    self.snmp_client.create_reader(address, one, learned or None, attempts), self.excluded
                )
                for one in credentials
            },
            known=cached,
            announced=self.places.get_places(address.host),
        )
        skipped = any(way.spares_first(address.host, tiers) for way in self.second)
        reading = None if skipped else await self._read_first(visit)
        for way in self.second:
            if self.excluded.covers_host(address.host):
                return None
            if not (announced or _shows_printer(reading)):
                continue
            if reading is None or way.may_add(address.host, tiers):
                reading = await self._read_second(way, visit, reading)
        return reading

    async def _read_first(self, visit: Visit) -> PollResult | None:
        """Merge the answers of the collectors of every poll; None without any."""
        answers = [await self._collect(one, visit) for one in self.first if visit.tiers & one.TIERS]
        ranked = sorted(filter(None, answers), key=lambda answer: answer.credential is None)
        if not ranked:
            return None
        best, *others = ranked
        self.counts["read"] += 1
        for problem in (problem for answer in ranked for problem in answer.snapshot.problems):
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

    async def _read_second(
        self, way: IppFallback, visit: Visit, reading: PollResult | None
    ) -> PollResult | None:
        """Return `reading` with the gaps filled by the second way, or the answer of that way alone."""
        host, other = visit.address.host, await way.read_printer(visit, self.clock.monotonic())
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
            host,
            first_answered=True,
            added=frozenset(
                name for name in lacking if getattr(merged, name) != getattr(reading.snapshot, name)
            ),
        )
        return replace(reading, snapshot=merged)

    def _merge(self, snapshot: Snapshot, other: Snapshot, cached: CachedIdentity | None) -> Snapshot | None:
        """Merge two snapshots; None if they are of two printers."""
        identity = snapshot.identity or (cached.identity if cached else None)
        if snapshot_merging.is_same_printer(identity, other.identity):
            return snapshot_merging.fill_from_ipp(snapshot, other)
        self._count_problem(
            "two printers", snapshot.address, f"another printer answers {other.via} at this address"
        )
        return None

    def silent_result(self, address: Address) -> PollResult:
        """Build the result for a printer that did not answer."""
        return PollResult(snapshot=Snapshot(address=address, at=self.clock.now(), reachable=False))

    def _count_problem(self, what: str, address: Address, detail: str) -> None:
        self.counts[what] += 1
        log.info("%s: %s: %s", address, what, detail)


def _shows_printer(reading: PollResult | None) -> bool:
    identity = reading.snapshot.identity if reading else None
    return identity is not None and bool(identity.is_printer)
