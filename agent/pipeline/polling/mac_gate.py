"""`[exclude] macs` during a poll: no packet follows the answer that taught an excluded MAC.

The address of a host is known before its MAC. So the gate looks at each ifPhysAddress (RFC 2863) that passes,
and lets nothing more through once it was an excluded one; the host is then remembered for 30 days.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from agent.collectors._visit import LearningReader
from agent.core.errors import NoAnswer
from agent.core.model import Address
from agent.snmp.oid import oid
from agent.snmp.reader import Companion, SnmpValue, VarBind

IF_ADDRESS = oid("1.3.6.1.2.1.2.2.1.6")


@dataclass(slots=True)
class ExcludedMacs:
    """The excluded MACs, and the hosts that were found to have one."""

    macs: frozenset[str] = frozenset()
    hosts: dict[str, str] = field(default_factory=dict)  # host -> its MAC

    def covers_host(self, host: str) -> bool:
        """Return True if `host` has shown a MAC that is excluded now."""
        return self.hosts.get(host) in self.macs

    def record_macs(self, host: str, macs: Iterable[str]) -> bool:
        """Remember `host` if one of its MACs is excluded; return True if so."""
        found = next((mac for mac in macs if mac in self.macs), None)
        if found is not None:
            self.hosts[host] = found
        return found is not None


@dataclass(slots=True)
class MacGate:
    """A `LearningReader` that falls silent when an excluded MAC has passed."""

    reader: LearningReader
    excluded: ExcludedMacs

    @property
    def address(self) -> Address:
        return self.reader.address

    @property
    def learned(self) -> str:
        return self.reader.learned

    async def get(self, oids: Sequence[bytes]) -> dict[bytes, SnmpValue]:
        """Get values, unless the host is excluded. Raises NoAnswer then."""
        self._check_host()
        values = await self.reader.get(oids)
        self._check_values(values.items())
        return values

    async def walk(self, *roots: bytes) -> list[VarBind]:
        """Walk tables, unless the host is excluded. Raises NoAnswer then."""
        self._check_host()
        rows = await self.reader.walk(*roots)
        self._check_values(rows)
        return rows

    def accompany(self, companion: Companion | None) -> None:
        """See `SnmpReader.accompany`."""
        self.reader.accompany(companion)

    async def confirm(self) -> None:
        """Confirm as `SnmpReader.confirm`, unless the host is excluded. Raises NoAnswer then."""
        self._check_host()
        await self.reader.confirm()

    def _check_values(self, values: Collection[VarBind]) -> None:
        macs = (
            value.hex()
            for name, value in values
            if name.startswith(IF_ADDRESS) and isinstance(value, bytes) and len(value) == 6
        )
        if self.excluded.record_macs(self.address.host, macs):
            self._check_host()

    def _check_host(self) -> None:
        if self.excluded.covers_host(self.address.host):
            raise NoAnswer(str(self.address), "its MAC is excluded: nothing more is sent to it")
