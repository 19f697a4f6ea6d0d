"""The errors of delivery, sorted by what to do next.

DeliveryError
├── Later                   the same bytes again, after a pause that grows
│   ├── Unreachable             no connection, no answer in time, TLS refused, or an answer that is no receipt
│   ├── Throttled               not before `retry_after`
│   ├── ServerFault             500: the receiver fell over, perhaps over one of these events
│   └── InFlight                the receiver is still at work on these very bytes
├── Blocked                 a person must act: hold the destination, probe it every 15 minutes
│   ├── RefusesEverything       one event after the other is refused, and none is taken
│   └── CredentialRefused       the token or the signature is not accepted, also after a renewal
│       └── UnknownAgent            enrol again; the queue stays as it is
└── Refused                 the destination is well, the batch is not
    ├── TooLarge                halve it
    ├── Rejected                one event, named in a receipt
    └── Poisoned                halve it until the item stands alone; `outbox.refusals` decides on that one

Only `Later`, less `InFlight`, counts for the breaker: poison and a locked door say nothing about the line.
The text of an error may come from outside: it is made one line, safe to log.
"""

from dataclasses import dataclass

from uplink.sanitize import one_line

EVENT_PROBLEMS = "urn:problem-type:mps:event-"
LARGE_PROBLEM = "urn:problem-type:mps:too-large"


@dataclass(slots=True)
class DeliveryError(Exception):
    """A batch was not delivered."""

    reason: str
    retry_after: float | None = None  # seconds; a floor that the receiver asked for

    def __post_init__(self) -> None:
        self.reason = one_line(self.reason)

    def __str__(self) -> str:
        return self.reason


class Later(DeliveryError):
    """Nothing is wrong with the batch; another time."""


class Unreachable(Later):
    """No answer, or an answer that does not come from the receiver."""


class Throttled(Later):
    """The receiver is there and wants fewer or later requests."""


class ServerFault(Later):
    """500: the receiver has a fault of its own. An event that causes it must not hold up the others: see
    `outbox.record_server_fault`."""


class InFlight(Later):
    """409: an earlier attempt with the same Idempotency-Key has not ended yet."""


class Blocked(DeliveryError):
    """The destination refuses every request of this agent."""


class CredentialRefused(Blocked):
    """401: the receiver does not accept the credential."""


class RefusesEverything(Blocked):
    """One event after the other is refused and none is taken: a gateway, a web filter, a bad deploy."""


class UnknownAgent(CredentialRefused):
    """The receiver does not know this agent (any more)."""


@dataclass(slots=True)
class Refused(DeliveryError):
    """The receiver read this batch and will not have it."""

    problem: str = "about:blank"  # the problem type (RFC 9457, 3.1.1) it gave

    def __post_init__(self) -> None:
        DeliveryError.__post_init__(self)
        self.problem = one_line(self.problem)

    @property
    def names_event(self) -> bool:
        """True if the receiver itself refuses the event: by a problem type of the contract for events."""
        return self.problem.startswith(EVENT_PROBLEMS)


class TooLarge(Refused):
    """413: fewer items at a time."""

    @property
    def names_event(self) -> bool:
        """True if the receiver itself finds the event too large."""
        return self.problem == LARGE_PROBLEM or self.problem.startswith(EVENT_PROBLEMS)


class Rejected(Refused):
    """`rejected` in a receipt: the receiver names the event."""

    @property
    def names_event(self) -> bool:
        """True: a receipt speaks of one event."""
        return True


class Poisoned(Refused):
    """400, 415, 422: something in it is unacceptable."""
