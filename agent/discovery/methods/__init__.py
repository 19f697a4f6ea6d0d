"""Ways of finding printers, one a file: a new way is a new file, run by the service as its cadence says."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agent.config import Config
from agent.config.access_policy import AccessPolicy
from agent.core.clock import Clock
from agent.core.model import Address, Credential, Sighting
from agent.snmp.reader import SnmpValue


class AddressProber(Protocol):
    """One packet to many addresses, paced; the answers as they come."""

    def probe_addresses(
        self, addresses: Iterable[Address], credential: Credential, oids: tuple[bytes, ...]
    ) -> AsyncIterator[tuple[Address, Mapping[bytes, SnmpValue]]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryProgress:
    """How far a way of discovery has come: `done` of `total` addresses."""

    via: str
    done: int
    total: int
    host: str = ""  # the last one that was asked for the first time


def _ignore_progress(progress: DiscoveryProgress) -> None:
    del progress


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryContext:
    policy: AccessPolicy
    clock: Clock
    prober: AddressProber
    skip: frozenset[Address] = frozenset()  # known already: no need to ask
    resume_after: str = ""  # the host at which an earlier sweep was interrupted
    listen: float | None = None  # real seconds for ways that only listen; None: for ever
    on_progress: Callable[[DiscoveryProgress], None] = field(default=_ignore_progress)


Cadence = Literal["sweep", "listen"]
"""When the service runs it: as often as `[schedule] sweep` says, or once, for as long as it runs."""


class Way(Protocol):
    """What each file here offers."""

    CADENCE: Cadence

    def enabled(self, config: Config) -> bool:
        """Whether this configuration wants it."""
        ...

    def discover(self, scout: DiscoveryContext) -> AsyncIterator[Sighting]:
        """Each device that may be a printer, as it is seen. Raises OSError where it does not work."""
        ...
