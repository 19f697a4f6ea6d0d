"""What orders of supplies were worth: how early, how much was thrown away, how long printers stood dry. Pure.

ordered ───── lead ─────► changed     left: percent still in it then, thrown away
ordered ── days left ──► empty        dry: the days until delivery that the days left did not cover
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from agent.rules.backtest.firing import Firing, ObservedEvent

DAY = 86400.0
USUAL_DELIVERY = 3 * DAY  # seconds from an order to the cartridge at the printer


@dataclass(frozen=True, slots=True, kw_only=True)
class CartridgeEnd:
    """The end of one cartridge: when it was changed, and when it had run empty before; None: not yet."""

    device: str
    subject: str
    changed: float | None = None
    left: float | None = None  # percent in it when it was changed; None: the printer gave no number
    emptied: float | None = None

    @property
    def ended(self) -> float:
        """When it was of no more use: empty, or changed before."""
        times = [at for at in (self.emptied, self.changed) if at is not None]
        return min(times)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFigures:
    """The orders of one rule. Times in seconds, `left` in percent; each list is sorted."""

    leads: tuple[float, ...] = ()  # from the order to the change
    days_left: tuple[float, ...] = ()  # from the order until it was empty, of those that ran empty
    left: tuple[float, ...] = ()  # in the cartridge when it was changed
    dry: tuple[float, ...] = ()  # of each cartridge that stood empty before its successor could come
    unordered: int = 0  # cartridges that ran empty without an order
    delivery: float = USUAL_DELIVERY

    @property
    def dry_days(self) -> float:
        return sum(self.dry) / DAY


def measure_orders(
    openings: Sequence[Firing],
    ends: Sequence[CartridgeEnd],
    *,
    since: float,
    empties: Sequence[ObservedEvent] = (),
    delivery: float = USUAL_DELIVERY,
) -> OrderFigures:
    """Match each cartridge with the first order since its predecessor ended. `since`: begin of the span.

    `empties`: what other rules found empty, where no level says so.
    """
    reported: dict[tuple[str, str | None], list[float]] = {}
    for event in sorted(empties, key=lambda it: it.at):
        reported.setdefault((event.device, event.subject), []).append(event.at)
    orders: dict[tuple[str, str], list[float]] = {}
    for it in sorted(openings, key=lambda firing: firing.opened):
        orders.setdefault((it.device, it.subject), []).append(it.opened)
    leads, days, left, dry, unordered = [], [], [], [], 0
    began: dict[tuple[str, str], float] = {}
    for end in sorted(ends, key=lambda it: it.ended):
        key = (end.device, end.subject)
        after, began[key] = began.get(key, since), end.changed if end.changed is not None else end.ended
        at = next((it for it in orders.get(key, ()) if after <= it <= began[key]), None)
        said = next((it for it in reported.get(key, ()) if after < it <= began[key]), None)
        emptied = end.emptied if end.emptied is not None else said
        if emptied is not None:
            ahead = emptied - at if at is not None else 0.0
            unordered += at is None
            dry += [delivery - ahead] if ahead < delivery else []
        if at is None:
            continue
        if end.changed is not None:
            leads.append(end.changed - at)
            left += [] if end.left is None else [end.left]
        if emptied is not None:
            days.append(emptied - at)
    return OrderFigures(
        leads=tuple(sorted(leads)),
        days_left=tuple(sorted(days)),
        left=tuple(sorted(left)),
        dry=tuple(sorted(dry)),
        unordered=unordered,
        delivery=delivery,
    )


def middle_of(values: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return median(values) if values else None


def quartile_of(values: Sequence[float], number: int) -> float | None:
    """The lower (1) or upper (3) quartile; None of nothing."""
    if len(values) < 2:
        return values[0] if values else None
    return quantiles(values, n=4)[number - 1]
