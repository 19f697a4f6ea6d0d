"""kill -9 of the whole agent, over and over, with a receiver that fails at random (kit/chaos_run.py).

Every fault of every printer must be at the provider: once, in order, opened and cleared, without a hole.
"""

import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from chaos_run import FAULT, Ordeal
from loopback import own

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
CARELESS = Path(__file__).parents[1] / "kit" / "broken_agent.py"


def life_of_a_ticket(faults: int) -> list[tuple[str, int]]:
    """What the provider must have heard of a printer that failed, and was mended, so many times."""
    names = ["open", "clear", *["reopen", "clear"] * (faults - 1)]
    return [(name, seq) for seq, name in enumerate(names, 1)]


@pytest.mark.claim("agent-kill")
@pytest.mark.parametrize(("kills", "seed"), [(4, 1), pytest.param(60, 2, marks=pytest.mark.long)])
async def test_each_fault_arrives_once_and_in_order_however_often_the_agent_is_killed(
    tmp_path: Path, kills: int, seed: int, figure: Any
) -> None:
    ordeal = Ordeal(tmp_path, own("1.1"), dice=Random(seed))
    await ordeal.live(kills)
    told, arrived = ordeal.steps(), ordeal.arrived()
    for patient in ordeal.patients:
        assert told.pop((patient.key, FAULT)) == life_of_a_ticket(patient.faults)
    for steps in told.values():  # a fuser that fails often leads to more: it wears, a technician is called
        assert [seq for _, seq in steps] == list(range(1, len(steps) + 1))
    # Order is promised within a ticket: one that fells the receiver steps aside for the others.
    tickets = [event for event in arrived if event["type"] == "mps.ticket/1"]
    for ticket in {event["subject"] for event in tickets}:
        mine = [event["sequence"] for event in tickets if event["subject"] == ticket]
        assert mine == sorted(mine)
    numbers = {event["sequence"] for event in arrived}
    assert len(numbers) == len(arrived)
    missing = set(range(1, ordeal.counts("accepted") + 1)) - numbers
    # A heartbeat gives way to a newer one, also where it had arrived and only its receipt was lost.
    assert len(missing) <= ordeal.counts("dropped:superseded") == ordeal.counts("dropped:%")
    assert (ordeal.found, ordeal.counts("dead")) == (0, 0)
    faults = sum(patient.faults for patient in ordeal.patients)
    figure(kills=ordeal.kills, faults=faults, events=len(tickets))


@pytest.mark.control("agent-kill")
async def test_an_agent_that_commits_its_news_apart_from_its_state_is_found_out(
    tmp_path: Path, figure: Any
) -> None:
    ordeal = Ordeal(tmp_path, own("0.1"), program=(str(CARELESS),), dice=Random(3))
    await ordeal.live(30, until_found=True)
    figure(kills=ordeal.kills, lost=ordeal.found)
    assert ordeal.found > 0
