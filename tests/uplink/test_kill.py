"""kill -9 of a real process between put, send, ack and delete: nothing lost, nothing doubled, in order.

The receiver runs here and misbehaves; the agents die in another process (killable_agent.py).
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and SIGKILL are POSIX's")

MORTAL = Path(__file__).parents[1] / "kit" / "killable_agent.py"
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
    numbers: list[int] = []
    after = 0
    while kept := await provider.get(f"/v1/events?after={after}&limit=10000"):
        numbers += [int(event["subject"]) for event in kept]
        after = kept[-1]["arrival"]
    return numbers


LIVES = [(1, 30), *(pytest.param(seed, 500, marks=pytest.mark.long) for seed in range(10, 30))]


@pytest.mark.claim("kill")
@pytest.mark.parametrize(("seed", "kills"), LIVES)
async def test_kills_lose_nothing_double_nothing_and_keep_the_order(
    provider: Any, tmp_path: Path, seed: int, kills: int, figure: Any
) -> None:
    events = 20 * kills
    came = await arrived(provider, tmp_path, events=events, kills=kills, seed=seed)
    figure(kills=kills, events=events, lost=events - len(set(came)), doubled=len(came) - len(set(came)))
    assert came == list(range(1, events + 1))


@pytest.mark.control("kill")
async def test_an_agent_that_deletes_before_the_receipt_is_found_out(
    provider: Any, tmp_path: Path, figure: Any
) -> None:
    came = await arrived(provider, tmp_path, events=400, kills=20, seed=1, variant="deletes")
    figure(lost=400 - len(set(came)))
    assert set(came) < set(range(1, 401)), "the broken variant should have lost some"


@pytest.mark.control("kill")
async def test_an_agent_that_names_events_when_sending_is_found_out(
    provider: Any, tmp_path: Path, figure: Any
) -> None:
    came = await arrived(provider, tmp_path, events=400, kills=20, seed=1, variant="renames")
    figure(doubled=len(came) - len(set(came)))
    assert len(came) > len(set(came)), "the broken variant should have doubled some"
