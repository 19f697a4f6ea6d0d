"""What the contract says of one ticket: priority, cover, who is sent, with what, and by when."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from agent.contracts import cover, matching, parts_kits, routing, sla_clock
from agent.contracts.assets import AssetList
from agent.contracts.contract_book import ContractBook, find_priority
from agent.contracts.cover import CoverDecision
from agent.contracts.matching import ContractMatch
from agent.contracts.parts_kits import KitNeeds
from agent.contracts.routing import Dispatch, TicketRoute
from agent.contracts.sla_clock import ClockPause, SlaTarget, TicketPromise, TicketTimes
from agent.contracts.value_types import Priority
from agent.core.model import Change, ChangeKind, Device, Impact

if TYPE_CHECKING:
    from agent.contracts.file_format import ContractForm, SlaForm


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketTerms:
    """The terms of one ticket. Without a contract only the priority is known."""

    match: ContractMatch
    priority: Priority | None  # None: no ticket, a notice on site
    cover: CoverDecision
    needs: KitNeeds
    route: TicketRoute | None
    times: TicketTimes
    targets: tuple[SlaTarget, ...]
    calendar: str | None = None  # of the promises


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTerms:
    """Contracts and assets of a site, asked for one ticket at a time. Without files all is unknown."""

    book: ContractBook = field(default_factory=ContractBook)
    assets: AssetList = field(default_factory=AssetList)
    site_id: str = ""
    zone: tzinfo | None = None  # of the site; None: of this machine
    hears_back: bool = True  # False: by mail or folder, no acknowledgement can come back
    assign: Callable[[Device], Device] | None = None  # tags and contract by the configuration

    @property
    def is_empty(self) -> bool:
        """Whether the site has neither contracts nor assets."""
        return not self.book.contracts and not self.assets.assets

    def find_match(self, device: Device) -> ContractMatch:
        """Find the contract of a printer, and why it is that one."""
        if self.assign is not None:
            device = self.assign(replace(device, contract=None))
        return matching.find_contract(self.book, self.assets, device, self.site_id)

    def assign_contract(self, device: Device) -> Device:
        """Return the printer with the id of its contract, and whether it is managed, as rules see it."""
        if self.is_empty:
            return device
        match = self.find_match(device)
        name = match.contract.id if match.contract else device.contract
        return replace(device, contract=name, managed=match.managed)

    def adapt_changes(self, changes: Iterable[Change]) -> Iterator[Change]:
        """Make notices for the site of what the contract gives the priority "none".

        What ends, ends both as a ticket and as a notice: the contract may have been edited in between.
        """
        for change in changes:
            notice = replace(change, impact=Impact.CUSTOMER_FIXABLE)
            if not self.book.contracts:
                yield change
            elif change.kind is ChangeKind.OPENED:
                contract = self.find_match(change.device).contract
                yield change if find_priority(contract, change.impact) else notice
            else:
                yield from (change, notice)

    def find_delay_end(self, change: Change) -> float | None:
        """Find when a change has held as long as its contract wants; None: the contract wants no delay.

        Counted in the calendar of the promises of its priority, from when the condition was first seen.
        """
        contract = self.find_match(change.device).contract if self.book.contracts else None
        if contract is None:
            return None
        span = contract.delay.get(change.fault) or contract.delay.get(change.impact)
        if span is None:
            return None
        priority = find_priority(contract, change.impact)
        sla = contract.sla.get(priority) if priority else None
        calendar = self.book.find_calendar(sla.calendar if sla else "always")
        return calendar.add_open_seconds(change.since, span.count_seconds(calendar))

    def build_new_terms(
        self, device: Device, impact: Impact, fault: str, now: float, *, vendor_code: str | None = None
    ) -> TicketTerms:
        """Build the terms that a ticket would have if it opened now."""
        return self.build_terms(device, impact, fault, TicketTimes(started=now), now, vendor_code=vendor_code)

    def build_terms(
        self,
        device: Device,
        impact: Impact,
        fault: str,
        times: TicketTimes,
        now: float,
        *,
        vendor_code: str | None = None,
    ) -> TicketTerms:
        """Build the terms of a ticket as of `now`."""
        match = self.find_match(device)
        contract, asset = match.contract, match.asset
        priority = find_priority(contract, impact)
        day = datetime.fromtimestamp(times.started, self.zone).date()
        covered = cover.decide_cover(contract, impact, fault, day)
        if contract and covered.approval:
            times = _wait_for_customer(contract, times)
        voltage = asset.voltage if asset else ""
        needs = parts_kits.find_needs(self.book.kits, device, fault, vendor_code, voltage)
        sla = contract.sla.get(priority) if contract and priority else None
        planned = bool(sla and sla.plan_with_next_visit)
        route = None
        if contract:
            territory = asset.territory if asset else ""
            route = routing.find_route(
                self.book,
                contract,
                territory,
                needs,
                _choose_dispatch(priority, covered, times, planned=planned),
            )
        return TicketTerms(
            match=match,
            priority=priority,
            cover=covered,
            needs=needs,
            route=route,
            times=times,
            targets=(
                *self._judge_acknowledgement(route, sla, times, now),
                *(sla_clock.judge_targets(self.book, contract, priority, times, now) if contract else ()),
            ),
            calendar=sla.calendar if sla else None,
        )

    def _judge_acknowledgement(
        self, route: TicketRoute | None, sla: "SlaForm | None", times: TicketTimes, now: float
    ) -> Iterator[SlaTarget]:
        """Judge whether who is sent says so in time: in the calendar of the promises, or around the clock.

        Where nobody can send an acknowledgement back, there is none to be late with.
        """
        span = route.organisation.acknowledge_within if route else None
        if span is None or not self.hears_back:
            return
        name = sla.calendar if sla else "always"
        calendar = self.book.find_calendar(name)
        promise = TicketPromise(name="acknowledge", span=span, calendar=calendar, calendar_name=name)
        met = times.acknowledged or times.arrived or times.fixed
        yield sla_clock.judge_promise(promise, times.started, met, now)


def _wait_for_customer(contract: "ContractForm", times: TicketTimes) -> TicketTimes:
    """Add the pause of the clock while the customer decides, where the contract knows such a pause."""
    if "waiting_for_customer" not in contract.pause_when:
        return times
    waited = ClockPause(begin=times.started, end=times.decided, reason="waiting_for_customer")
    return replace(times, pauses=(waited, *times.pauses))


def _choose_dispatch(
    priority: Priority | None, covered: CoverDecision, times: TicketTimes, *, planned: bool
) -> Dispatch:
    if priority is None or (covered.approval and times.approved is False):
        return "notice"
    if covered.approval and times.approved is None:
        return "await_approval"
    return "next_visit" if planned else "auto"
