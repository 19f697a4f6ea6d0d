"""What a replay finds: firings of rules, and events that came true."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One time that a rule said something of one subject."""

    device: str
    name: str
    subject: str
    opened: float
    closed: float | None = None
    title: str = ""
    fault: str = ""
    component: str = ""
    since: float | None = None  # when the condition was first seen; None: when it opened
    renewed: float | None = None  # an occurrence or a part of its own since then
    digest: bool = False  # it was there before the agent: an item of the site's digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedEvent:
    """Something that came true. `subject` None: of the printer as a whole."""

    device: str
    at: float
    what: str
    subject: str | None = None
