"""What the service and a collector agree on: one verb, `collect`, and when it is called.

    WHEN            collect(…)          is called
    "always"        Visit -> Answer     at each poll of a printer, if the poll asks for one of its TIERS
    "fills_gaps"    Visit -> Answer     for what the first have left open, and where they are silent
    "locally"       Round -> snapshots  as often as its TIERS are due: reads printers of this machine

Of two that are always called, the one that a credential let in comes first, then the alphabet: the first word
stands, later ones fill what it left open. Addresses of printers that are not on the network have a slash in
them ("cups/Desk"), so that nobody asks for them there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agent.collectors._vendor.vendor_profiles import Profiles
from agent.config import Config
from agent.core.model import Address, CachedIdentity, Snapshot, Tier
from agent.snmp import reader

When = Literal["always", "fills_gaps", "locally"]


class LearningReader(reader.SnmpReader, Protocol):
    """A printer's SNMP agent, asked with one credential."""

    @property
    def learned(self) -> str:
        """How it is best asked."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a collector is given: when, and by which configuration and vendor profiles."""

    at: float  # seconds since 1970
    config: Config
    profiles: Profiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit(Round):
    """One poll of one printer."""

    address: Address
    tiers: frozenset[Tier]
    readers: Mapping[str, LearningReader] = field(
        default_factory=dict
    )  # by credential, in the order to be tried
    known: CachedIdentity | None = None  # what an earlier snapshot taught
    learned: str = ""  # what this collector's last answer said of how to ask; not kept over a restart


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a printer said, and how it is best asked the next time."""

    snapshot: Snapshot
    credential: str | None = None
    learned: str = ""


class Collector(Protocol):
    """What each file in `agent/collectors/` offers."""

    WHEN: When
    TIERS: frozenset[Tier]

    def enabled(self, config: Config) -> bool:
        """Whether this configuration wants it."""
        ...

    async def collect(self, visit: Visit) -> Answer | None:
        """What the printer says; None if there is nothing to ask it with. Raises nothing but ReadingError."""
        ...


class LocalCollector(Protocol):
    """The same, for printers of this machine."""

    WHEN: When
    TIERS: frozenset[Tier]

    def enabled(self, config: Config) -> bool:
        """Whether this configuration wants it."""
        ...

    async def collect(self, visit: Round) -> Sequence[Snapshot]:
        """One snapshot for each printer. Raises nothing but ReadingError."""
        ...
