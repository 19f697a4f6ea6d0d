"""The seam of SNMP for collectors: values, and the reader of one printer with one credential.

Both engines (the own v1/v2c codec and pysnmp for v3) create an `SnmpReader`.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol

from agent.core.model import Address


class MissingValue(Enum):
    """The three exception values of SNMPv2 for a missing value (RFC 3416, section 3)."""

    NO_SUCH_OBJECT = 0x80
    NO_SUCH_INSTANCE = 0x81
    END_OF_MIB_VIEW = 0x82


class ObjectId(bytes):
    """A value that is itself an OID, in raw encoding."""


class IpAddress(bytes):
    """A value that is an IPv4 address: four bytes."""


SnmpValue = int | bytes | ObjectId | IpAddress | None | MissingValue
"""int: Integer32, Counter32, Gauge32, TimeTicks, Counter64; bytes: OctetString, Opaque; None: NULL."""

VarBind = tuple[bytes, SnmpValue]


class Companion(Protocol):
    """The objects to ask for, and the check of their values."""

    @property
    def names(self) -> tuple[bytes, ...]:
        """The raw OIDs that ride in every request."""
        ...

    def check_values(self, values: Mapping[bytes, SnmpValue]) -> None:
        """Check the values of one reply. Raises AnotherDevice if another printer sent it."""
        ...


class SnmpReader(Protocol):
    """One printer, read with one credential. Raises only ReadingError and its kinds."""

    @property
    def address(self) -> Address: ...

    async def get(self, oids: Sequence[bytes]) -> dict[bytes, SnmpValue]:
        """Get the values of `oids` (any number; split as needed). OIDs without a value are absent."""

    async def walk(self, *roots: bytes) -> list[VarBind]:
        """Walk everything below each of `roots`, in each root's order. Several roots (columns of one table)
        share the requests. A root without rows adds nothing."""

    def accompany(self, companion: Companion | None) -> None:
        """Let the objects of `companion` ride in every request, and let it check their values."""

    async def confirm(self) -> None:
        """Let the companion check one more reply, unless the last one carried its objects."""
