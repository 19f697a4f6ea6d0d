"""A site without a line to the provider: its tickets go into a folder."""

import asyncio
import json

import pytest
from loopback import own

from agent.core.clock import Clock
from agent.core.errors import ConfigError
from agent.simulator import models

PATIENCE = 60.0


async def test_a_ticket_reaches_the_folder(site_of, shop, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    clock = Clock.scaled(7200)
    fleet = shop(own("8.1"), (models.RICOH_C3000, "fuser_fails", ()), clock=clock)
    async with site_of(fleet, own("8.0/28"), clock, target={"folder": {"path": str(out)}}) as site:
        await site.find()
        await site.live(hours=8)
        async with asyncio.timeout(PATIENCE):
            while not (files := sorted(out.glob("*.json"))):
                await asyncio.sleep(0.05)
    told = [event for file in files for event in json.loads(file.read_text("utf-8"))]
    assert "fuser.failure" in {event["data"].get("fault", {}).get("fault_key") for event in told}


@pytest.mark.parametrize(
    "target",
    [
        {"folder": {"pth": "x"}},
        {"folder": {"path": "x"}, "smtp": {"host": "x"}},
        {"smtp": {"host": "mail.example"}},
    ],
    ids=["a misspelt key", "two of them", "what is missing"],
)
async def test_a_target_that_is_none_stops_the_start(site_of, shop, target):
    fleet = shop(own("9.1"), (models.HP_M507, "healthy", ()))
    with pytest.raises(ConfigError, match="target"):
        async with site_of(fleet, own("9.0/28"), target=target):
            pass
