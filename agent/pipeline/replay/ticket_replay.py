"""From firings of a replay to the tickets of the desk, by the stages that run live.

    firings of all printers ──► changes, by time ──► tickets.grouping ──► tickets.lifecycle ──► events
                                                                                               │
                            tickets, digests, storms; what each was opened for ◄───────────────┘

No second model: identity, reopening, groups and their waiting time, the digest of a new site and the limit of
tickets a day are those of the agent, in a store in memory.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import count

from agent.core.model import Address, Change, ChangeKind, Device, GroupingPolicy, Impact, TicketEvent
from agent.pipeline.replay.memory_store import open_memory_store
from agent.rules.backtest.desk_ticket import NOTICE, DeskTicket
from agent.rules.backtest.firing import Firing
from agent.rules.rule import Rule
from agent.tickets import grouping, lifecycle
from agent.tickets.feedback import feedback_store

COMPONENTS = (lifecycle.SCHEMA, grouping.SCHEMA, feedback_store.SCHEMA)
BATCH_KINDS = frozenset({"digest", "storm"})

_NEXT_DUE = """
    SELECT min(due) AS at FROM (
        SELECT due FROM ticket_batch WHERE due IS NOT NULL UNION ALL
        SELECT due FROM ticket_group JOIN ticket_group_member ON ticket_group = id
        WHERE held_event IS NOT NULL
    )
"""
_OPEN_TICKET = """
    SELECT id FROM ticket WHERE kind = ? AND device = ? AND fault = ? AND component = ? AND cleared_at IS NULL
"""


@dataclass(slots=True)
class ReplayedDesk:
    """What the desk would have had. `openings`: one firing for each ticket and each item of a list."""

    tickets: list[DeskTicket] = field(default_factory=list)
    openings: list[Firing] = field(default_factory=list)


def replay_tickets(
    firings: Iterable[tuple[Rule, Firing]], devices: Mapping[str, Device], site: str, until: float
) -> ReplayedDesk:
    """Lead these firings through the stages that make tickets. `devices`: the printers by key."""
    changes: list[tuple[Change, Firing]] = []
    for rule, firing in firings:
        changes += _build_changes(rule, firing, devices, site)
    changes.sort(key=lambda it: (it[0].at, it[0].kind is ChangeKind.RESOLVED))
    desk = _Desk()
    with closing(open_memory_store(COMPONENTS)) as tx:
        tx.execute("BEGIN")
        for change, firing in changes:
            desk.send_due(tx, change.at)
            desk.apply_change(tx, change, firing)
        desk.send_due(tx, until)
        notices = [_build_notice(row) for row in _load_notices(tx)]
    tickets = sorted([*desk.tickets.values(), *notices], key=lambda it: (it.opened, it.identity))
    return ReplayedDesk(tickets=tickets, openings=desk.openings)


def assemble_tickets(events: Iterable[TicketEvent]) -> list[DeskTicket]:
    """The tickets that these events tell of, by the time of their opening."""
    desk = _Desk()
    desk.take_events(events)
    return sorted(desk.tickets.values(), key=lambda it: (it.opened, it.identity))


@dataclass(slots=True)
class _Desk:
    """The events as the desk gets them, put together to tickets."""

    tickets: dict[str, DeskTicket] = field(default_factory=dict)
    openings: list[Firing] = field(default_factory=list)
    _opened: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=count)

    def apply_change(self, tx: sqlite3.Connection, change: Change, firing: Firing) -> None:
        events = grouping.apply_changes(tx, [change], make_id=self._next_id)
        if change.kind is ChangeKind.OPENED:
            self._note_opening(tx, change, firing)
        self.take_events([*events, *grouping.collect_due_events(tx, change.at)])

    def send_due(self, tx: sqlite3.Connection, until: float) -> None:
        """Send what waited and whose time is over by `until`, each at its time."""
        while (due := tx.execute(_NEXT_DUE).fetchone()["at"]) is not None and due <= until:
            self.take_events(grouping.collect_due_events(tx, due))

    def _next_id(self) -> str:
        return f"t{next(self._numbers):09}"

    def _note_opening(self, tx: sqlite3.Connection, change: Change, firing: Firing) -> None:
        """Note the first firing of each ticket; what went into a list has none of its own."""
        kind = lifecycle.NOTICE if change.impact is Impact.CUSTOMER_FIXABLE else lifecycle.TICKET
        row = tx.execute(_OPEN_TICKET, (kind, change.device.key, change.fault, change.component)).fetchone()
        if row is None or row["id"] not in self._opened:
            self.openings.append(firing)
        if row is not None:
            self._opened.add(row["id"])

    def take_events(self, events: Iterable[TicketEvent]) -> None:
        for event in events:
            known = self.tickets.get(event.ticket_id)
            if known is None:
                self.tickets[event.ticket_id] = _build_ticket(event)
            elif event.event == "reopen":
                self.tickets[event.ticket_id] = replace(known, closed=None, reopened=known.reopened + 1)
            elif event.event == "clear":
                self.tickets[event.ticket_id] = replace(known, closed=event.at)


def _build_ticket(event: TicketEvent) -> DeskTicket:
    batch = str(event.evidence.get("list", ""))
    return DeskTicket(
        device=event.device.key,
        name=event.device.name,
        fault=event.fault,
        component=event.component,
        rule=event.rule,
        impact=event.impact.value,
        severity=event.severity,
        title=event.title,
        opened=event.at,
        kind=batch if batch in BATCH_KINDS else "ticket",
    )


def _load_notices(tx: sqlite3.Connection) -> list[sqlite3.Row]:
    return tx.execute("SELECT * FROM ticket WHERE kind = ?", (lifecycle.NOTICE,)).fetchall()


def _build_notice(row: sqlite3.Row) -> DeskTicket:
    return DeskTicket(
        device=row["device"],
        name=row["device_name"],
        fault=row["fault"],
        component=row["component"],
        rule=row["rule"],
        impact=row["impact"],
        severity=row["severity"],
        title=row["title"],
        opened=row["opened_at"],
        closed=row["cleared_at"],
        kind=NOTICE,
    )


def _build_changes(
    rule: Rule, firing: Firing, devices: Mapping[str, Device], site: str
) -> Iterator[tuple[Change, Firing]]:
    """The changes that the rules reported: opened, and resolved where it ended."""
    stand_in = Device(key=firing.device, address=Address(""), model=firing.name)
    opened = Change(
        kind=ChangeKind.OPENED,
        at=firing.opened,
        device=devices.get(firing.device, stand_in),
        rule=rule.id,
        subject=firing.subject,
        fault=firing.fault,
        component=firing.component,
        impact=rule.impact,
        severity=rule.severity,
        title=firing.title,
        since=firing.opened if firing.since is None else firing.since,
        renewed=firing.renewed,
        grouping=GroupingPolicy(
            by=rule.grouping.by,
            wait=rule.grouping.wait,
            most_a_day=None if rule.impact is Impact.DEVICE_DOWN else rule.most_a_day,
            digest=firing.digest,
            site=site,
        ),
    )
    yield opened, firing
    if firing.closed is not None:
        yield replace(opened, kind=ChangeKind.RESOLVED, at=firing.closed), firing
