"""The seam between the service and a collector: one verb, `collect`, and when it is called.

    WHEN            collect(…)          is called
    "always"        Visit -> Answer     at each poll of a printer, if the poll asks for one of its TIERS
    "fills_gaps"    Visit -> Answer     for what the first have left open, and where they are silent
    "locally"       Round -> snapshots  as often as its TIERS are due: reads printers of this machine

Of two that are always called, the one with a working credential comes first, then the alphabet: the first
value stands, later collectors fill the gaps. Addresses of printers that are not on the network have a slash
in them ("cups/Desk"), so that no network request is sent to them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agent.collectors._vendor.vendor_profiles import Profiles
from agent.config import Config
from agent.core.model import Address, CachedIdentity, IppPlace, Snapshot, Tier
from agent.snmp import reader

When = Literal["always", "fills_gaps", "locally"]


class LearningReader(reader.SnmpReader, Protocol):
    """A printer's SNMP agent, asked with one credential."""

    @property
    def learned(self) -> str:
        """The request strategy that works best, as text to be stored."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The input of a collector: the time, the configuration and the vendor profiles."""

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
    known: CachedIdentity | None = None  # from an earlier snapshot
    announced: tuple[IppPlace, ...] = ()  # where it announced that it answers IPP
    learned: str = ""  # `learned` of this collector's last answer; not kept over a restart


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The snapshot that was read, and the credential and strategy to begin with next time."""

    snapshot: Snapshot
    credential: str | None = None
    learned: str = ""


class Collector(Protocol):
    """The seam that each file in `agent/collectors/` implements."""

    WHEN: When
    TIERS: frozenset[Tier]

    def enabled(self, config: Config) -> bool:
        """Tell if the configuration switches this collector on."""
        ...

    async def collect(self, visit: Visit) -> Answer | None:
        """Read the printer; None without a credential to ask it with. Raises nothing but ReadingError."""
        ...


class LocalCollector(Protocol):
    """The seam of a collector of printers that are attached to this machine."""

    WHEN: When
    TIERS: frozenset[Tier]

    def enabled(self, config: Config) -> bool:
        """Tell if the configuration switches this collector on."""
        ...

    async def collect(self, visit: Round) -> Sequence[Snapshot]:
        """Read one snapshot for each printer. Raises nothing but ReadingError."""
        ...
