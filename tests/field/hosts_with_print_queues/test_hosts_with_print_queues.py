"""A computer that lists its print queues is not a printer (../shared/field, case 07)."""

from pathlib import Path

import pytest
from loopback import own

FOLDER = Path(__file__).parent
DESCRIPTION, OBJECT_ID = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0"


@pytest.mark.parametrize("host", ["windows", "linux"])
async def test_a_computer_with_queues_is_no_printer(field, host):
    async with field("9.0/29") as site:
        site.place(own("9.1"), FOLDER / f"{host}.snmprec")
        await site.find()
        assert site.verdicts == {own("9.1"): "not a printer"}
        assert site.devices() == {}


@pytest.mark.parametrize(
    "description",
    ["Darwin mac01 23.4.0 Darwin Kernel Version 23.4.0 arm64", "FreeBSD print 14.0-RELEASE amd64"],
)
async def test_other_systems_with_queues_are_none_either(field, description):
    """Siblings: what their sysDescr says, under an object id that no list has."""
    async with field("9.0/29") as site:
        host = site.place(own("9.1"), FOLDER / "linux.snmprec")
        host.show(DESCRIPTION, description)
        host.show(OBJECT_ID, None)
        await site.find()
        assert site.devices() == {}


async def test_a_printer_made_of_linux_is_one(field):
    """The control: a printer whose sysObjectID is net-snmp's has rows of the Printer MIB."""
    async with field("9.0/29") as site:
        site.place(own("9.1"), FOLDER.parent / "met_while_it_boots" / "late.snmprec")
        await site.find()
        assert set(site.devices()) == {"sn:934900000001"}
