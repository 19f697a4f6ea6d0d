"""Ways of finding printers, one a file: a new way is a new file, run by the service as its cadence says."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agent.config import Config
from agent.config.access_policy import Territory
from agent.core.clock import Clock
from agent.core.model import Address, Sighting
from agent.snmp.reader import Credential, Value


class Asker(Protocol):
    """One packet to many addresses, paced; the answers as they come."""

    def ask(
        self, addresses: Iterable[Address], credential: Credential, oids: tuple[bytes, ...]
    ) -> AsyncIterator[tuple[Address, Mapping[bytes, Value]]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a way of discovery has come: `done` of `total` addresses."""

    via: str
    done: int
    total: int
    host: str = ""  # the last one that was asked for the first time


def _unheard(progress: Progress) -> None:
    del progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Scout:
    territory: Territory
    clock: Clock
    asker: Asker
    skip: frozenset[Address] = frozenset()  # known already: no need to ask
    resume_after: str = ""  # the host at which an earlier sweep was interrupted
    listen: float | None = None  # real seconds for ways that only listen; None: for ever
    heard: Callable[[Progress], None] = field(default=_unheard)


Cadence = Literal["sweep", "listen"]
"""When the service runs it: as often as `[schedule] sweep` says, or once, for as long as it runs."""


class Way(Protocol):
    """What each file here offers."""

    CADENCE: Cadence

    def enabled(self, config: Config) -> bool:
        """Whether this configuration wants it."""
        ...

    def discover(self, scout: Scout) -> AsyncIterator[Sighting]:
        """Each device that may be a printer, as it is seen. Raises OSError where it does not work."""
        ...
