"""The input of the rules: the facts about one printer at one moment, put together from history."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.model.devices import Device
from agent.core.model.forecasts import Forecasts
from agent.core.model.readings import Alert, Status
from agent.core.model.supplies import Supply


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One alert from when it was first seen until it was seen gone."""

    alert: Alert
    began: float
    ended: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEvent:
    """An event in the life of a printer that no single value shows."""

    at: float
    what: str  # "reboot", "replaced", "serial", "counter", "missed"
    detail: str = ""
    count: float = 0.0  # what of it can be counted: pages lost, events missed
    noted: float | None = None  # when a later reading confirmed it; None: it was known at once

    @property
    def known_at(self) -> float:
        """When the agent knew of it."""
        return self.at if self.noted is None else self.noted


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """The facts about the whole site at one moment."""

    id: str = ""
    devices: int = 0
    unreachable: int = 0
    settles: float | None = None  # until then, older faults go into one digest
    watched_since: float | None = None  # when its first printer was first seen
    affected: frozenset[tuple[str, str, str]] = frozenset()  # (rule, fault, device) of all that fires

    @property
    def all_unreachable(self) -> bool:
        """True if no printer answers: then the network of the agent is the likelier cause."""
        return self.devices >= 3 and self.unreachable == self.devices

    @property
    def unreachable_share(self) -> float | None:
        """0.0 to 1.0; None where the site has fewer than three printers to judge by."""
        return self.unreachable / self.devices if self.devices >= 3 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentHistory:
    """History of the last 30 days that only some rules use; loaded only for them."""

    errors: tuple[tuple[float, tuple[str, ...] | None], ...] = ()  # (from when, error bits; None: silent)
    engine: tuple[tuple[float, int], ...] = ()  # (at, count of the engine), where the panel has its own total
    largest_drop: int | None = None  # points by which a supply fell at most since the total last moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All facts about one printer at one moment.

    A part that was never read is None, or empty with its `…_at` None; rules treat that as "unknown".
    """

    device: Device
    now: float
    last_answer: float | None = None  # when it last answered anything
    answers_in_a_row: int = 0
    status: Status | None = None
    status_at: float | None = None
    errors_since: Mapping[str, float] = field(default_factory=dict)  # error bit -> when first seen set
    open_alerts: tuple[Episode, ...] | None = None
    alerts_at: float | None = None  # when the alert table was last read
    recent_alerts: tuple[Episode, ...] = ()  # began within the last 30 days, open or ended
    supplies: tuple[Supply, ...] | None = None
    supplies_at: float | None = None
    filled: Mapping[str, int] = field(default_factory=dict)  # receptacle's index -> percent full, if learned
    pages: int | None = None  # the total meter
    pages_before: tuple[tuple[float, int], ...] = ()  # (at, total) readings of the last 30 days, thinned
    meters_at: float | None = None  # when the total meter was last read
    answering_since: float | None = None  # since when it has answered every poll
    silences: tuple[tuple[float, float], ...] = ()  # earlier ones of 30 days; known only while it is silent
    renewed: Mapping[str, float] = field(default_factory=dict)  # supply index -> when it was last replaced
    happened: tuple[DeviceEvent, ...] = ()  # within the last 30 days, by time
    foresight: Forecasts = field(default_factory=Forecasts)
    certificate_until: float | None = None  # when the certificate that it showed last ends
    speed: int | None = None  # pages an hour at most, as the printer reports
    epoch: int | None = (
        None  # which epoch the total meter is in, see `agent.history.meters.epochs`; None: the first
    )
    epoch_since: float | None = None
    ordered: frozenset[str] = frozenset()  # subjects for which an order is under way
    ordered_at: Mapping[str, float] = field(default_factory=dict)  # subject -> when its latest order opened
    closed_faults: Mapping[str, float] = field(default_factory=dict)  # fault -> when it was last cleared
    trail: RecentHistory = field(default_factory=RecentHistory)
    fresh: frozenset[str] | None = None  # parts that the last reading changed; None: assume all
    site: SiteFacts = field(default_factory=SiteFacts)
