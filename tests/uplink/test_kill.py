"""kill -9 of a real process between put, send, ack and delete: nothing lost, nothing doubled, in order.

The receiver runs here and misbehaves; the agents die in another process (mortal_agent.py).
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and SIGKILL are POSIX's")

MORTAL = Path(__file__).with_name("mortal_agent.py")
DEADLINE = 600.0  # real seconds; a hang shows by it


async def arrived(
    provider: Any, folder: Path, *, events: int, kills: int, seed: int, variant: str = "honest"
) -> list[int]:
    """The event numbers that the provider has, in order of arrival, after `kills` deaths and one full life."""
    await provider.behave(fail=503, share=0.15)
    settings = (f"{provider.url}/v1/events", events, kills, seed, variant)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(MORTAL), str(folder / "mortal.db"), *map(str, settings), cwd=MORTAL.parents[2]
    )
    async with asyncio.timeout(DEADLINE):
        assert await process.wait() == 0
    await provider.behave()
    kept = await provider.get("/v1/events?limit=10000")
    return [int(event["subject"]) for event in kept]


async def test_thirty_kills_lose_nothing_double_nothing_and_keep_the_order(
    provider: Any, tmp_path: Path, claim: Any
) -> None:
    came = await arrived(provider, tmp_path, events=600, kills=30, seed=1)
    claim(
        "kill -9", f"30 kills, 600 events: {600 - len(set(came))} lost, {len(came) - len(set(came))} doubled"
    )
    assert came == list(range(1, 601))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 20))
async def test_a_hundred_kills_ten_times_over(provider: Any, tmp_path: Path, seed: int, claim: Any) -> None:
    came = await arrived(provider, tmp_path, events=2000, kills=100, seed=seed)
    claim(
        "kill -9",
        f"100 kills, 2,000 events: {2000 - len(set(came))} lost, {len(came) - len(set(came))} doubled",
    )
    assert came == list(range(1, 2001))


async def test_an_agent_that_deletes_before_the_receipt_is_found_out(provider: Any, tmp_path: Path) -> None:
    came = await arrived(provider, tmp_path, events=400, kills=20, seed=1, variant="deletes")
    assert set(came) < set(range(1, 401)), "the broken variant should have lost some"


async def test_an_agent_that_names_events_when_sending_is_found_out(
    provider: Any, tmp_path: Path, claim: Any
) -> None:
    came = await arrived(provider, tmp_path, events=400, kills=20, seed=1, variant="renames")
    claim.broken("kill -9", f"ids made when sending: {len(came) - len(set(came))} of 400 events doubled")
    assert len(came) > len(set(came)), "the broken variant should have doubled some"
