"""Reading one printer with the credentials that may be tried; silence is an answer, too."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.clock import Clock
from agent.collectors import printer_mib
from agent.errors import NoAnswer, ReadingError
from agent.model import Address, Known, Snapshot, Tier
from agent.service.line import Reading
from agent.snmp.reader import Credential
from agent.snmp.session import Engine

log = logging.getLogger("printwarden.reading")


@dataclass(slots=True)
class Asking:
    """`ask` never raises for what a printer does: an error is counted, logged, and the next one asked."""

    engine: Engine
    clock: Clock
    counts: Counter[str] = field(default_factory=Counter)

    async def ask(
        self,
        address: Address,
        credentials: Iterable[Credential],
        tiers: frozenset[Tier],
        *,
        learned: str = "",
        known: Known | None = None,
    ) -> Reading | None:
        """What the printer says to the first credential that it answers; None if to none.

        `learned`: what the engine learned about it earlier; `known`: what an earlier snapshot taught.
        """
        for credential in credentials:
            reader = self.engine.reader(address, credential, learned or None)
            try:
                snapshot = await printer_mib.collect(reader, at=self.clock.now(), tiers=tiers, known=known)
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
