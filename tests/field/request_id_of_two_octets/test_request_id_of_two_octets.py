"""SNMP agents that are not strict on the wire: each is found, read, counted and ordered for."""

from pathlib import Path

import pytest
from field_site import HOUR, HOURLY, LEVEL, FieldSite
from loopback import own

from agent.cli import probe
from agent.core.model import Address, Credential
from agent.simulator.ber import BerTag, BerValue
from agent.simulator.device import UsmUser
from agent.snmp import v1v2c

WALK = Path(__file__).parent / "printer.snmprec"
KEY, HOST = "sn:VNQ0000013", own("13.1")
SPEED = "1.3.6.1.2.1.43.10.2.1.5.1.1"  # prtMarkerPowerOnCount
SECRET = {"auth_protocol": "SHA256", "auth_password": "correct horse battery"}
V3 = {
    "device": {"versions": frozenset(), "user": UsmUser(name="mps", **SECRET)},
    "credentials": ["sealed"],
    "snmp": {"timeout": "10 s", "retries": 0},
    "credential": [{"name": "sealed", "version": "3", "user": "mps", **SECRET}],
}
V1 = {"credential": [{"name": "old", "version": "1"}], "credentials": ["old"]}
TOO_LONG = BerValue(BerTag.INTEGER, 1 << 90)
CASES = [
    ("the request-id comes back in 16 bits", {"device": {"quirks": ("cut_id",)}}, None),
    ("the same, as SNMPv1", V1 | {"device": {"quirks": ("cut_id", "v1_only")}}, None),
    ("four octets follow each reply", {"device": {"quirks": ("padded",)}}, None),
    ("a number of twelve octets", {}, TOO_LONG),
    pytest.param("the same, as SNMPv3", V3, TOO_LONG, marks=pytest.mark.long),
]


async def live(site: FieldSite, odd: BerValue | None) -> None:
    """A day in which twelve pages are printed and the toner runs low."""
    printer = site.place(HOST, WALK)
    if odd is not None:
        printer.show(SPEED, odd)
    await site.find()
    await site.announce(HOST)
    printer.pages += 12
    printer.show(LEVEL, 4)
    for _ in range(5):
        site.clock.advance(6 * HOUR)
        await site.poll(HOURLY)


@pytest.mark.parametrize(("story", "settings", "odd"), CASES)
async def test_it_is_read_counted_and_ordered_for(
    field, story: str, settings: dict, odd: BerValue | None
) -> None:
    async with field("13.0/29", **settings) as site:
        await live(site, odd)
        assert list(site.devices()) == [KEY]
        assert site.counters(KEY)["total"].adjusted == 40_012
        assert [read["meters"]["counters"]["total"] for read in site.events("mps.meter_read/1")] == [
            40_000,
            40_012,
        ]
        assert [(one.device, one.component) for one in site.tickets()] == [(KEY, "toner:black")]
        place = Address(HOST, site.fleet.members[0].address.port)
        version = settings.get("credential", [{"version": "2c"}])[0]["version"]
        secret = {"user": "mps", **SECRET} if version == "3" else {}
        asked = Credential(name="asked", version=version, **secret)
        snapshot = await probe.read_printer(place, asked, 5.0)
        assert snapshot is not None
        assert snapshot.identity.serial == KEY.removeprefix("sn:")
        assert [supply.percent for supply in snapshot.supplies] == [4]


async def test_where_request_ids_are_longer_it_is_lost(field, monkeypatch) -> None:
    """The control: ids of 17 bits, as they were."""
    ids = iter(range(1 << 16, 1 << 17))
    monkeypatch.setattr(v1v2c, "next_request_id", lambda: next(ids))
    monkeypatch.setattr(
        v1v2c.RequestTemplate, "with_id", lambda self, one: self.head + (one & 0xFFFF).to_bytes(2) + self.tail
    )
    async with field("13.0/29", device={"quirks": ("cut_id",)}) as site:
        site.place(HOST, WALK)
        await site.find()
        assert not site.devices()
