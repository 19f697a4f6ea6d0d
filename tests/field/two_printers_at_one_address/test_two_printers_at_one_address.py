"""SNMP and IPP of one address are two printers: a print server, or a forwarded port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from field_site import PAGES
from loopback import own

from agent.core.model import Identity
from agent.pipeline.polling.snapshot_merging import is_same_printer
from agent.simulator.ipp import (
    ENUM,
    INTEGER,
    OK,
    TEXT,
    URI,
    IppAttribute,
    IppEndpoint,
    IppQuestion,
    encode_response,
)

WALK = Path(__file__).parent / "printer.snmprec"

PAIRS = [
    ("another serial", Identity(serial="VNA0000001"), Identity(serial="VNB0000002"), False),
    ("zeros in front", Identity(serial="00VNC3R12345"), Identity(serial="VNC3R12345"), True),
    ("another UUID", Identity(serial="VNA0000001", uuid="u1"), Identity(uuid="u2"), False),
    ("another maker", Identity(vendor="HP", model="M507"), Identity(vendor="Brother", model="HL-L5100DN"), False),
    ("another model", Identity(vendor="HP", model="LaserJet M507"), Identity(vendor="HP", model="LaserJet M480f"), False),
    ("spelled otherwise", Identity(vendor="HP", model="M507"), Identity(vendor="HP", model="HP LaserJet Enterprise M507dn"), True),
    ("no number", Identity(vendor="HP", model="LaserJet"), Identity(vendor="HP", model="LaserJet M507"), True),
    ("nothing to compare", Identity(), Identity(uuid="u1"), True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "same"), [pair[1:] for pair in PAIRS], ids=[pair[0] for pair in PAIRS]
)
def test_two_printers_are_told_apart(one, other, same):
    assert is_same_printer(one, other) is same


@dataclass
class IppFace:
    """What answers IPP at the address; a test changes it at any time."""

    serial: str
    uuid: str
    pages: int

    def answer_question(self, asked: IppQuestion) -> bytes:
        """The reply to Get-Printer-Attributes."""
        told = [
            IppAttribute(TEXT, "printer-make-and-model", ["HP LaserJet M507"]),
            IppAttribute(URI, "printer-uuid", [f"urn:uuid:{self.uuid}"]),
            IppAttribute(TEXT, "printer-serial-number", [self.serial] if self.serial else []),
            IppAttribute(ENUM, "printer-state", [3]),
            IppAttribute(INTEGER, "printer-up-time", [86_400]),
            IppAttribute(INTEGER, "printer-impressions-completed", [self.pages]),
        ]
        return encode_response(asked.version, OK, asked.number, told)


@asynccontextmanager
async def answering(face: IppFace) -> AsyncIterator[int]:
    """The printer's IPP socket; its port."""
    endpoint = IppEndpoint(face.answer_question)
    port = await endpoint.open(own("9.1"), 0)
    try:
        yield port
    finally:
        await endpoint.close()


ONE, OTHER = "e3248000-80ce-11db-8000-001122334401", "e3248000-80ce-11db-8000-001122334402"


@pytest.mark.parametrize(
    ("serial", "booked"),
    [("VNC0000003", False), ("VNA0000001", True), ("00VNA0000001", True)],
    ids=["another printer", "the same", "the same, with zeros in front"],
)
async def test_pages_of_ipp_are_booked_to_the_printer_that_counted_them(field, serial, booked):
    """SNMP has no count here; over IPP one comes, of this printer or of the one whose port is forwarded."""
    face = IppFace(serial, ONE, 77_000)
    async with answering(face) as port, field("9.0/29", ipp={"port": port}) as site:
        site.place(own("9.1"), WALK).show(PAGES, None)
        await site.find()
        await site.pass_hours(3)
        face.pages = 77_010
        await site.pass_hours(26)
        found = {key: one.adjusted for key in site.devices() for one in site.counters(key).values()}
        assert set(site.devices()) == {"sn:VNA0000001"}
        assert found == ({"sn:VNA0000001": 77_010} if booked else {})


async def test_both_count_and_only_the_printer_s_own_pages_are_billed(field):
    """Sibling: the count over SNMP is there, and the other printer's over IPP is far above it."""
    face = IppFace("VNC0000003", ONE, 900_000)
    async with answering(face) as port, field("9.0/29", ipp={"port": port}) as site:
        printer = site.place(own("9.1"), WALK)
        await site.find()
        printer.pages, face.pages = 40_012, 900_500
        await site.pass_hours(26)
        assert {key: one.adjusted for key in site.devices() for one in site.counters(key).values()} == {
            "sn:VNA0000001": 40_012
        }


async def test_a_uuid_proves_a_printer_that_answers_ipp_alone(field):
    """Sibling: no SNMP and no serial number; another UUID at the address is another printer."""
    face = IppFace("", ONE, 5_000)
    async with answering(face) as port, field("9.0/29", ipp={"port": port}) as site:
        await site.announce(own("9.1"))
        await site.pass_hours(3)
        face.pages = 5_010
        await site.pass_hours(2)
        face.uuid, face.pages = OTHER, 5_500
        await site.pass_hours(3)
        found = {key: site.counters(key)["total"].adjusted for key in site.devices()}
        assert found == {f"uuid:{ONE}": 5_010, f"uuid:{OTHER}": 5_500}
        assert {one.proof for one in site.devices().values()} == {"uuid"}
        assert site.devices()[f"uuid:{OTHER}"].replaces == f"uuid:{ONE}"
