"""The envelope: an opaque payload with just enough outside to order, repeat and find it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from uuid6 import uuid7


class Lane(IntEnum):
    """Strict priority: while a lower lane has something to send, a higher one waits.

    Meter reads, the basis of invoices, go with the tickets: they never age out and are never dropped.
    """

    TICKETS = 0
    HEARTBEAT = 1  # and inventory
    METERS = 2  # and other readings
    DIAGNOSTICS = 3


class Supersede(IntEnum):
    """The condition on which a later envelope of the same type and subject replaces this one."""

    NEVER = 0
    LATE = 1  # after 30 days of waiting, or when nothing else makes room: a ticket's updates
    AT_ONCE = 2  # only the newest counts: a heartbeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One event on its way to the provider.

    `id` (UUIDv7, RFC 9562) is fixed here, once: it is what makes "at least once" into "effectively
    once". `subject` is the key of ordering: events of one subject are never overtaken by each other.
    """

    lane: Lane
    type: str  # "mps.ticket/1": the CloudEvents type, and the name of the payload's schema
    subject: str  # a ticket's id, or a device's key
    time: float  # when it happened, seconds since 1970
    data: Mapping[str, object]  # JSON; numbers finite
    supersede: Supersede = Supersede.NEVER
    id: uuid.UUID = field(default_factory=uuid7)
