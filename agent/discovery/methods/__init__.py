"""Ways of finding printers, one a file: a new way is a new file, run by the service as its cadence says."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agent.config import Config
from agent.config.access_policy import AccessPolicy
from agent.core.clock import Clock
from agent.core.failure_log import FailureLog
from agent.core.model import Address, Credential, Sighting
from agent.snmp.reader import SnmpValue


class AddressProber(Protocol):
    """Sends one packet to many addresses, within the budgets, and yields the answers as they come."""

    def probe_addresses(
        self, addresses: Iterable[Address], credential: Credential, oids: tuple[bytes, ...]
    ) -> AsyncIterator[tuple[Address, Mapping[bytes, SnmpValue]]]: ...

    async def wait_for_turn(self, address: Address) -> None:
        """Wait until the budgets let one more packet go to `address`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryProgress:
    """The progress of a way of discovery: `done` of `total` addresses."""

    via: str
    done: int
    total: int
    host: str = ""  # the last host probed in the first round


def _ignore_progress(progress: DiscoveryProgress) -> None:
    del progress


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryContext:
    """The policy, clock and means that a way of discovery works with."""

    policy: AccessPolicy
    clock: Clock
    prober: AddressProber
    printer_makers: frozenset[int] = frozenset()  # enterprise numbers of the vendor profiles
    skip: frozenset[Address] = frozenset()  # addresses of printers in the inventory
    resume_after: str = ""  # the host at which an earlier sweep was interrupted
    listen: float | None = None  # real seconds for ways that only listen; None: without end
    on_progress: Callable[[DiscoveryProgress], None] = field(default=_ignore_progress)
    failures: FailureLog = field(default_factory=FailureLog)  # for what goes wrong beside the sightings


Cadence = Literal["sweep", "listen"]
"""The service runs a sweep as often as `[schedule] sweep` says, and listens as long as it runs."""


class Way(Protocol):
    """The interface of each file in this folder."""

    CADENCE: Cadence

    def enabled(self, config: Config) -> bool:
        """Report that this configuration switches it on."""
        ...

    def discover(self, context: DiscoveryContext) -> AsyncIterator[Sighting]:
        """Yield each device that may be a printer, as it is seen. Raises OSError where it cannot work."""
        ...
