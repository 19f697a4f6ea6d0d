"""IPP beside SNMP, down the whole line: printers that speak only one of the two, and those that speak both."""

from contextlib import AsyncExitStack, closing
from dataclasses import replace

import pytest
from loopback import own

from agent.core.model import Alert, Identity, Meter, Snapshot, Supply, Tier
from agent.core.store import Store, open_reader
from agent.history.meters import ledger
from agent.pipeline import certificate_pins
from agent.pipeline.polling import snapshot_merging
from agent.simulator import models
from agent.simulator.ipp import IppEndpoint, IppOptions, make_responder

HOST = own("0.1")
ADDRESS = (own("0.1"), 161)


@pytest.fixture
async def speaks_ipp():
    """`port = await speaks_ipp(fleet, host)`: the first printer of the fleet answers IPP at `host`, too."""
    async with AsyncExitStack() as stack:

        async def serve(fleet, host):
            clock = fleet.clock
            source = fleet.members[0].source
            face = IppEndpoint(make_responder(source, clock, clock.now(), IppOptions()))
            stack.push_async_callback(face.close)
            return await face.open(host, 0), face

        yield serve


async def test_a_printer_that_speaks_both_is_one_with_a_uuid(shop, site_of, speaks_ipp):
    fleet = shop(HOST, (models.HP_M507, "healthy", ()))
    port, face = await speaks_ipp(fleet, HOST)
    async with site_of(fleet, own("0.0/29"), ipp={"port": port}) as site:
        await site.find()
        (device,) = site.devices().values()
        assert (device.key, device.uuid) == (f"sn:{models.HP_M507.serial}", models.HP_M507.uuid)
        asked = face.asked.total()
        await site.read_all(frozenset({Tier.ALERTS}))
        assert face.asked.total() == asked, "nothing is asked twice that SNMP tells"


async def test_a_printer_without_snmp_is_known_and_counted_by_ipp_alone(shop, site_of, speaks_ipp):
    fleet = shop(HOST, (models.HP_M507, "healthy", ()))
    port, _ = await speaks_ipp(fleet, own("0.9"))
    static = [{"host": own("0.9"), "snmp_port": fleet.members[0].address.port}]
    async with site_of(fleet, own("1.0/29"), ipp={"port": port}, printer=static) as site:
        await site.find()
        await site.read_all()
        (device,) = site.devices().values()
        assert (device.serial, device.address.host) == (models.HP_M507.serial, own("0.9"))
        with closing(open_reader(site.agent.config.database_path)) as db:
            (counter,) = ledger.load_counters(db, device.key, site.agent.clock.now())
        assert counter.source == "ipp:printer-impressions-completed"


async def test_ipp_that_is_switched_off_is_never_asked(shop, site_of, speaks_ipp):
    fleet = shop(HOST, (models.HP_M507, "healthy", ()))
    port, face = await speaks_ipp(fleet, HOST)
    async with site_of(fleet, own("0.0/29"), ipp={"port": port, "enabled": False}) as site:
        await site.find()
        await site.read_all()
        assert site.devices()
    assert not face.asked


def snapshot(**parts):
    return Snapshot(address=ADDRESS, at=0.0, **parts)


BLACK = Supply(index="1.1", colour="black", level=50, max=100)
CYAN = Supply(index="1.1", colour="cyan", level=10, max=100)


class TestMerging:
    def test_snmps_word_stands_and_ipp_fills_what_is_open(self):
        snmp = snapshot(
            supplies=(BLACK,),
            meters=(),
            identity=Identity(serial="A1"),
            sources={"supplies.1.1.level": "1.3"},
        )
        other = snapshot(
            supplies=(CYAN,), meters=(Meter(name="total", value=7),), via="ipp",
            identity=Identity(serial="a1", uuid="u", model="M"), sources={"supplies.1.1.level": "ipp:printer-supply"},
        )  # fmt: skip
        merged = snapshot_merging.fill_from_ipp(snmp, other)
        assert merged.supplies == (BLACK,)
        assert [meter.value for meter in merged.meters] == [7]
        assert merged.identity == Identity(serial="A1", uuid="u", model="M")
        assert merged.sources["supplies.1.1.level"] == "1.3"
        assert merged.via == "snmp+ipp"

    def test_nothing_to_add_changes_nothing(self):
        snmp = snapshot(**dict.fromkeys(snapshot_merging.MERGED_PARTS, (BLACK,)), identity=None)
        assert (
            snapshot_merging.fill_from_ipp(snmp, snapshot(supplies=(CYAN,), identity=Identity(uuid="u")))
            is snmp
        )

    def test_alerts_fill_an_empty_table(self):
        alert = Alert(index=1, code=8)
        assert snapshot_merging.fill_from_ipp(snapshot(alerts=()), snapshot(alerts=(alert,))).alerts == (
            alert,
        )

    @pytest.mark.parametrize(
        ("one", "other", "verdict"),
        [
            (Identity(serial="A"), Identity(serial="a"), True),
            (Identity(serial="A"), Identity(serial="B"), False),
            (Identity(serial="A"), Identity(serial="B", uuid="u"), False),
            (Identity(uuid="u"), Identity(uuid="U"), True),
            (Identity(uuid="u"), Identity(uuid="v"), False),
            (Identity(serial="A"), Identity(uuid="u"), True),
            (Identity(serial="A", uuid="u"), Identity(serial="A", uuid="v"), True),
            (None, Identity(serial="A"), True),
        ],
    )
    def test_two_printers_are_told_by_serial_first_then_uuid(self, one, other, verdict):
        assert snapshot_merging.is_same_printer(one, other) is verdict


async def test_another_printer_at_the_ipp_port_adds_nothing(shop, site_of, speaks_ipp):
    fleet = shop(HOST, (models.HP_M507, "healthy", ()))
    stranger = shop(own("0.20"), (replace(models.HP_M507, serial="PHBZZ99999"), "healthy", ()))
    port, face = await speaks_ipp(stranger, HOST)
    async with site_of(fleet, own("0.0/29"), ipp={"port": port}) as site:
        await site.find()
        (device,) = site.devices().values()
        assert (device.serial, device.uuid) == (models.HP_M507.serial, None)
        assert site.agent.counts["two printers"] == 1
    assert face.asked


def test_a_certificate_is_pinned_at_first_and_a_change_told_once(tmp_path):
    with (
        closing(Store(tmp_path / "c.db", {"certificates": certificate_pins.SCHEMA})) as store,
        store.transaction() as tx,
    ):
        seen = [
            certificate_pins.record_certificate(tx, "sn:A", shown, float(at))
            for at, shown in enumerate(["x", "x", None, "y", "y"])
        ]
        assert seen == [False, False, False, True, False]
        assert certificate_pins.record_certificate(tx, "sn:B", "y", 9.0) is False
