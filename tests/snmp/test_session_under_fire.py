"""Mutated packets through the real client: nothing but reading errors, and no memory that grows.

For each question the agent answers with mutated copies of the right answer, and then with the right one.
"""

import asyncio
import gc
import random
from pathlib import Path

import pytest
from packet_mutations import mutated

from agent.core.errors import ReadingError
from agent.core.model import Credential
from agent.snmp.engine import SnmpClient
from agent.snmp.oid import oid

PUBLIC = Credential(name="public")
UPTIME = oid("1.3.6.1.2.1.1.3.0")
COPIES = 25
SUPPLIES = "1.3.6.1.2.1.43.11.1.1"


def resident_mb() -> float:
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def fire(agent, engine: SnmpClient, packets: int) -> None:
    """Ask until `packets` mutated packets have come. Errors outside of the readers fail the test."""
    dice = random.Random(1157)
    stray: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: stray.append(context))
    mib = {(*map(int, SUPPLIES.split(".")), 9, 1, row): row for row in range(1, 30)}
    printer = await agent(
        {**mib, (1, 3, 6, 1, 2, 1, 1, 3, 0): 7},
        bend=lambda _, answer: [*(mutated(answer, dice) for _ in range(COPIES)), answer],
    )
    outcomes, sent = {"read": 0, "error": 0}, 0
    while sent < packets:
        try:
            reader = engine.create_reader(printer.address, PUBLIC)
            await (reader.get([UPTIME]) if dice.random() < 0.5 else reader.walk(oid(SUPPLIES)))
            outcomes["read"] += 1
        except ReadingError:
            outcomes["error"] += 1
        sent += COPIES * len(printer.asked)
        printer.asked.clear()
    assert stray == []
    assert outcomes["read"] > 10 * outcomes["error"]
    assert engine.counters.malformed > packets / 2


@pytest.mark.claim("snmp")
async def test_five_thousand_mutated_packets(agent, engine: SnmpClient, figure) -> None:
    await fire(agent, engine, 5_000)
    figure(packets=5_000, strays=0)


@pytest.mark.claim("snmp")
@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory from /proc")
async def test_a_hundred_thousand_mutated_packets_leave_no_trace(agent, engine: SnmpClient, figure) -> None:
    await fire(agent, engine, 10_000)
    before = resident_mb()
    await fire(agent, engine, 100_000)
    assert resident_mb() - before < 20
    figure(packets=110_000, strays=0)
