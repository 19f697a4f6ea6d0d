"""The agent's errors, sorted by the next action.

PrintwardenError
├── ConfigError         stop (at start) or keep the last good file (while running): a person must edit
├── ReadingError        count it, log it, go on with the next printer
│   ├── NoAnswer            ask again later; no answer came in time
│   ├── MalformedReply      drop the packet; it does not follow the protocol
│   ├── RefusedByDevice     do not ask this again: the printer answered with an error
│   ├── WrongCredential     a person must check the credential
│   └── AnotherDevice       identify afresh: another printer answers at this address
└── StoreError          stop: the state on disk cannot be trusted or used
    ├── StoreLocked         another agent owns this state folder
    └── StoreTooNew         written by a newer version: refuse to touch it
"""

from dataclasses import dataclass, field
from pathlib import Path


class PrintwardenError(Exception):
    """The base of everything that Printwarden raises on purpose."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One thing that is wrong in a file a person wrote: where, what, and what would be right."""

    file: str
    line: int | None = None
    key: str = ""
    reason: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        said = f"{where}: {self.key}: {self.reason}" if self.key else f"{where}: {self.reason}"
        return f"{said}\n    {self.suggestion}" if self.suggestion else said


class ConfigError(PrintwardenError):
    """A file that a person owns cannot be used. Carries every complaint, not only the first."""

    exit_code = 2

    def __init__(self, complaints: list[Complaint]) -> None:
        self.complaints = complaints
        super().__init__("\n".join(str(complaint) for complaint in complaints))

    @classmethod
    def for_file(cls, file: Path | str, reason: str, *, key: str = "", suggestion: str = "") -> "ConfigError":
        return cls([Complaint(file=str(file), key=key, reason=reason, suggestion=suggestion)])


@dataclass(slots=True)
class ReadingError(PrintwardenError):
    """A printer could not be read, wholly or in part."""

    address: str = ""
    reason: str = field(default="could not be read")

    def __str__(self) -> str:
        return f"{self.address}: {self.reason}" if self.address else self.reason


class NoAnswer(ReadingError):
    """No answer came in time, after all retries."""


class MalformedReply(ReadingError):
    """The answer is not a well-formed message of the protocol."""


class RefusedByDevice(ReadingError):
    """The printer answered with an error status that asking again will not change."""


class WrongCredential(ReadingError):
    """The printer is there, but does not accept the community or the user."""


class AnotherDevice(ReadingError):
    """Another printer than the expected one answered, or the printer restarted during the poll."""


class StoreError(PrintwardenError):
    """The state on disk cannot be used."""


class StoreLocked(StoreError):
    """Another process owns the state folder."""


class StoreTooNew(StoreError):
    """The state was written by a newer version."""
