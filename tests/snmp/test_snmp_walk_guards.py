"""A walk ends, whatever the printer answers: the pure part, and one real printer for each limit."""

import pytest

from agent.core.errors import RefusedByDevice, WrongCredential
from agent.core.model import Credential
from agent.snmp.engine import SnmpClient, SnmpSettings
from agent.snmp.oid import oid
from agent.snmp.reader import MissingValue
from agent.snmp.walk_guards import TableWalk, WalkColumn, WalkLimits

ROOT = oid("1.3.6.1.2.1.43.11.1.1.9")
PUBLIC = Credential(name="public")


def row(*arcs: int) -> tuple[bytes, int]:
    return oid(".".join(["1.3.6.1.2.1.43.11.1.1.9", *map(str, arcs)])), arcs[-1]


OUTSIDE = (oid("1.3.6.1.2.1.43.11.1.1.10.1.1"), 0)
STORIES: list[tuple[str, list[object], bool | None, int, bool]] = [
    ("rows that grow are taken", [row(1, 1), row(1, 2)], True, 2, True),
    ("a longer index comes after its beginning", [row(1), row(1, 1), row(2)], True, 3, True),
    ("arcs order, not octets", [row(1, 127), row(1, 128), row(1, 16383), row(1, 16384)], True, 4, True),
    ("a name beyond the column ends it", [row(1, 1), OUTSIDE, row(1, 2)], True, 1, False),
    ("endOfMibView ends it", [row(1, 1), (row(1, 1)[0], MissingValue.END_OF_MIB_VIEW)], True, 1, False),
    ("the same row again leads nowhere", [row(1, 1), row(1, 1)], None, 1, True),
    ("a row from before leads nowhere", [row(1, 5), row(1, 4)], None, 1, True),
    ("going back across a long arc leads nowhere", [row(1, 128), row(1, 127)], None, 1, True),
    ("nothing leads nowhere", [], False, 0, True),
]


@pytest.mark.parametrize(
    ("story", "varbinds", "moved", "rows", "still_open"), STORIES, ids=[s[0] for s in STORIES]
)
def test_a_column(story: str, varbinds: list, moved: bool | None, rows: int, still_open: bool) -> None:
    column = WalkColumn(ROOT, ROOT)
    assert column.add_rows(varbinds) is moved
    assert (len(column.rows), column.open) == (rows, still_open)


def test_several_columns_share_an_answer_row_by_row() -> None:
    other = oid("1.3.6.1.2.1.43.11.1.1.8")
    walk = TableWalk([ROOT, other], WalkLimits())
    answer = [row(1, 1), (other + b"\x01\x01", 81), row(1, 2), (ROOT, 0), OUTSIDE, (ROOT, 0)]
    assert walk.add_answer(walk.open_columns(20), answer)
    assert walk.all_rows() == [row(1, 1), row(1, 2), (other + b"\x01\x01", 81)]
    assert walk.open_columns(20) == []


LIMITS = [
    (WalkLimits(steps=3), [(10, 0.1)] * 3, "3 requests"),
    (WalkLimits(octets=100), [(60, 0.1)] * 2, "100 octets"),
    (WalkLimits(seconds=1.0), [(10, 0.9), (10, 1.1)], "1 s of waiting"),
]


@pytest.mark.parametrize(("limits", "answers", "said"), LIMITS)
def test_each_limit_stops_a_walk_that_would_not_end(limits: WalkLimits, answers: list, said: str) -> None:
    walk = TableWalk([ROOT], limits)
    *before, last = [walk.count_answer(octets, seconds) for octets, seconds in answers]
    assert before == [None] * len(before)
    assert said in last


async def test_rows_in_the_order_of_their_text_are_all_read_of_whatever_device(
    agent, engine, in_order_of_text
) -> None:
    rows = {(1, 3, 6, 1, 2, 1, 43, 11, 1, 1, 9, 5, row): row for row in range(1, 13)}
    printer = await agent(rows, bend=in_order_of_text(rows))
    got = await engine.create_reader(printer.address, PUBLIC).walk(ROOT)
    assert [value for _, value in got] == list(range(1, 13))


async def test_a_table_without_an_end_is_an_error_and_no_shorter_table(agent) -> None:
    printer = await agent({})
    printer.next_name = lambda name: (*name[:10], 9, name[-1] + 1)
    printer.mib = type("Any", (), {"get": staticmethod(lambda *_: 7), "__contains__": lambda *_: True})()
    settings = SnmpSettings(
        timeout=0.5, requests_per_second=None, requests_per_subnet=None, limits=WalkLimits(steps=40)
    )
    async with SnmpClient(settings) as engine:
        with pytest.raises(RefusedByDevice, match="did not end within 40 requests"):
            await engine.create_reader(printer.address, PUBLIC).walk(ROOT)
    assert len(printer.asked) == 40


async def test_a_refusal_of_the_whole_request_is_told_apart(agent, engine, answer_with) -> None:
    printer = await agent({}, bend=answer_with(16))
    with pytest.raises(WrongCredential, match="authorizationError"):
        await engine.create_reader(printer.address, PUBLIC).get([ROOT])


async def test_gen_err_for_everything_is_a_refusal(agent, engine, answer_with) -> None:
    printer = await agent({}, bend=answer_with(5))
    with pytest.raises(RefusedByDevice, match=r"genErr \(5\)"):
        await engine.create_reader(printer.address, PUBLIC).get([ROOT, ROOT + b"\x01"])
    with pytest.raises(RefusedByDevice, match="would not let"):
        await engine.create_reader(printer.address, PUBLIC).walk(ROOT)
