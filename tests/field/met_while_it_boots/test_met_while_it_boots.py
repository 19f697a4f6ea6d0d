"""A printer that is met while it boots is asked again (../shared/field, case 20)."""

from pathlib import Path

from loopback import own

FOLDER = Path(__file__).parent
KEY = "sn:934900000001"


async def boot(site):
    """Swept while only its system group answers; four hours later it answers in full."""
    site.place(own("9.1"), FOLDER / "early.snmprec")
    await site.find()
    assert site.devices() == {}
    assert site.verdicts[own("9.1")] != "printer"
    site.clock.advance(4 * 3600)
    site.place(own("9.1"), FOLDER / "late.snmprec")


async def test_an_announcement_is_reason_enough(field):
    async with field("9.0/29") as site:
        await boot(site)
        assert await site.announce(own("9.1")) == "printer"
        assert set(site.devices()) == {KEY}


async def test_a_sweep_alone_does_not_ask_it_again(field):
    """The control: without an announcement the verdict of the sweep stands."""
    async with field("9.0/29") as site:
        await boot(site)
        await site.find()
        assert site.devices() == {}


async def test_named_by_hand_it_is_asked_at_once(field):
    async with field("9.0/29") as site:
        await boot(site)
        await site.name_by_hand(own("9.1"))
        assert set(site.devices()) == {KEY}


async def test_announced_too_early_it_is_asked_again_within_a_day(field):
    """Sibling: its first announcement comes while it boots, too."""
    async with field("9.0/29") as site:
        site.place(own("9.1"), FOLDER / "early.snmprec")
        await site.announce(own("9.1"))
        site.place(own("9.1"), FOLDER / "late.snmprec")
        site.clock.advance(24 * 3600)
        assert await site.announce(own("9.1")) == "printer"
