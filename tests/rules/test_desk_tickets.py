"""Firings of a replay become the tickets that the desk would get, by the stages that run live."""

from dataclasses import replace

import pytest

from agent.core.model import Address, Device, Impact
from agent.pipeline.replay.ticket_replay import replay_tickets
from agent.rules import loader
from agent.rules.backtest.desk_ticket import list_only_in
from agent.rules.backtest.firing import Firing, ObservedEvent
from agent.rules.backtest.order_figures import CartridgeEnd, measure_orders
from agent.rules.rule import Grouping

HOUR, DAY = 3600.0, 86400.0
END = 100 * DAY
DEVICES = {
    key: Device(key=key, address=Address(f"192.0.2.{number}"), vendor="HP", model="E786", serial=key)
    for number, key in enumerate("abc", 1)
}


@pytest.fixture(scope="module")
def low():
    """A plain rule about toner: no group, no limit."""
    rule = loader.load_rules(loader.shipped_files()).rules["supply-low"]
    return replace(rule, grouping=Grouping(), most_a_day=None)


def firing(day, *, device="a", days=1.0, component="toner:black", **different):
    closed = None if days is None else (day + days) * DAY
    usual = {"device": device, "name": device, "subject": component, "opened": day * DAY, "closed": closed}
    return Firing(**{**usual, "title": "low", "fault": "supply.low", "component": component, **different})


def told(*firings):
    desk = replay_tickets(firings, DEVICES, "S-1", END)
    return [
        (it.kind, it.device, it.component, it.opened / DAY, it.closed and it.closed / DAY)
        for it in desk.tickets
    ]


def test_two_rules_with_one_fault_share_a_ticket_until_the_last_is_over(low):
    empty = replace(low, id="supply-empty")
    assert told((low, firing(1, days=5)), (empty, firing(2, days=9))) == [
        ("ticket", "a", "toner:black", 1, 11)
    ]
    assert len(told((low, firing(1, days=5)), (empty, firing(2, days=9, component="toner:cyan")))) == 2
    assert len(told((low, firing(1, days=5)), (empty, firing(2, days=9, device="b")))) == 2


@pytest.mark.parametrize(
    ("again", "different", "tickets"),
    [
        (3.5, {}, 1),  # 1.5 days after it was over: reopened
        (4.5, {}, 2),  # 2.5 days after
        (3.5, {"renewed": 3.0 * DAY}, 2),  # another cartridge: a new order
    ],
)
def test_what_returns_within_two_days_is_the_same_ticket_unless_the_part_is_another(
    low, again, different, tickets
):
    assert len(told((low, firing(1)), (low, firing(again, **different)))) == tickets


def test_beyond_the_limit_of_a_day_all_are_one_storm(low):
    few = replace(low, most_a_day=2)
    firings = [firing(1 + n / 24, component=f"toner:{n}", days=20) for n in range(6)]
    kinds = [it[0] for it in told(*((few, it) for it in firings))]
    assert sorted(kinds) == ["storm", "ticket", "ticket"]
    assert len(told(*((low, it) for it in firings))) == 6
    down = replace(few, impact=Impact.DEVICE_DOWN)
    assert len(told(*((down, it) for it in firings))) == 6  # never limited


def test_what_was_there_before_the_agent_is_one_digest_sent_a_day_later(low):
    found = told(*((low, firing(1, device=it, digest=True, days=None)) for it in "abc"))
    assert found == [("digest", "site:S-1", "digest", 2, None)]


def test_a_group_waits_and_what_is_over_before_is_never_sent(low):
    grouped = replace(low, grouping=Grouping(by=("site",), wait=2 * HOUR))
    assert told((grouped, firing(1, days=1 / 24)), (grouped, firing(1, device="b", days=3))) == [
        ("ticket", "b", "toner:black", 1 + 2 / 24, 4)
    ]
    assert len(told((low, firing(1, days=1 / 24)))) == 1


def test_what_the_site_can_mend_is_a_notice(low):
    door = replace(low, impact=Impact.CUSTOMER_FIXABLE)
    assert told((door, firing(1))) == [("notice", "a", "toner:black", 1, 2)]


def test_each_ticket_has_one_opening_and_each_item_of_a_list_its_own(low):
    empty = replace(low, id="supply-empty")
    desk = replay_tickets([(low, firing(1, days=5)), (empty, firing(2, days=9))], DEVICES, "S-1", END)
    assert [it.opened for it in desk.openings] == [DAY]
    digest = [(low, firing(1, device=it, digest=True)) for it in "abc"]
    assert len(replay_tickets(digest, DEVICES, "S-1", END).openings) == 3


def test_only_what_has_no_counterpart_is_more_or_fewer(low):
    def tickets(*days):
        return replay_tickets([(low, firing(day)) for day in days], DEVICES, "S-1", END).tickets

    assert [it.opened / DAY for it in list_only_in(tickets(1, 10, 30), tickets(1.5, 29))] == [10]
    assert list_only_in(tickets(1.5, 29), tickets(1, 10, 30)) == []


ENDS = [
    CartridgeEnd(device="a", subject="black", changed=20 * DAY, left=6.0),
    CartridgeEnd(device="a", subject="black", changed=42 * DAY, left=0.0, emptied=40 * DAY),
    CartridgeEnd(device="a", subject="black", emptied=60 * DAY),
]
ORDERS = [
    # name, days of orders, leads, days left, thrown away, dry days, without an order
    ("in time", (12, 30, 50), [8, 12], [10, 10], [0, 6], 0, 0),
    ("a day before it is empty, three to deliver", (12, 39, 50), [3, 8], [1, 10], [0, 6], 2, 0),
    ("none for the last", (12, 30), [8, 12], [10], [0, 6], 3, 1),
    ("none at all", (), [], [], [], 6, 2),
    ("the first of several counts", (12, 15, 30, 50), [8, 12], [10, 10], [0, 6], 0, 0),
]


@pytest.mark.parametrize(
    ("name", "orders", "leads", "days", "left", "dry", "without"), ORDERS, ids=[it[0] for it in ORDERS]
)
def test_orders_by_what_became_of_the_cartridge(name, orders, leads, days, left, dry, without):
    made = [firing(day, component="black") for day in orders]
    found = measure_orders(made, ENDS, since=0.0)
    assert [it / DAY for it in found.leads] == leads
    assert [it / DAY for it in found.days_left] == days
    assert [*found.left] == left
    assert (found.dry_days, found.unordered) == (dry, without)


def test_a_cartridge_that_another_rule_found_empty_ran_empty():
    end = CartridgeEnd(device="a", subject="black", changed=20 * DAY, left=1.0)
    said = ObservedEvent(device="a", at=18 * DAY, what="supply-empty", subject="black")
    order = [firing(17, component="black")]
    assert measure_orders(order, [end], since=0.0, empties=[said]).days_left == (DAY,)
    assert measure_orders(order, [end], since=0.0).days_left == ()
