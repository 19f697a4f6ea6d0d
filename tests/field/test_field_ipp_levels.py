"""Levels that only IPP has, or only one of its two dialects: through discovery, polls and tickets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from field_site import FieldSite
from loopback import own

from agent.core.store import open_reader
from agent.history import facts
from agent.simulator.ipp import IppEndpoint

FIELD = Path(__file__).parent


@asynccontextmanager
async def answering(raw: bytes, host: str) -> AsyncIterator[int]:
    """A printer that answers IPP with this reply, without TLS; its port."""
    endpoint = IppEndpoint(lambda _question: raw)
    port = await endpoint.open(host, 0)
    try:
        yield port
    finally:
        await endpoint.close()


def percents(site: FieldSite) -> list[int | None]:
    (key,) = site.devices()
    with closing(open_reader(site.agent.config.database_path)) as db:
        return [one.percent for one in facts.load_last_supplies(db, key)]


def change(raw: bytes, *pairs: tuple[bytes, bytes]) -> bytes:
    """The reply with some octets exchanged for as many others."""
    for old, new in pairs:
        assert old in raw
        assert len(old) == len(new)
        raw = raw.replace(old, new)
    return raw


LEVEL_8, LEVEL_60 = b"\0\x04\0\0\0\x08", b"\0\x04\0\0\0\x3c"
CASES: list[tuple[str, bool, tuple[tuple[bytes, bytes], ...], int | None, str | None]] = [
    ("supply_number_by_ipp", True, (), 8, "normal"),
    ("supply_number_by_ipp", True, ((LEVEL_8, LEVEL_60),), 60, None),
    ("supply_number_by_ipp", True, ((b"CN00000004", b"CN00000099"),), None, None),  # another printer's
    ("supply_two_dialects", False, (), 8, "normal"),
    ("supply_two_dialects", False, ((b"level=-2", b"level=50"),), 50, None),
    ("supply_two_dialects", False, ((b"level=-2", b"level=-3"), (LEVEL_8, LEVEL_60)), 60, None),
    ("supply_empty_by_ipp", False, (), 0, "high"),
    ("supply_empty_by_ipp", False, ((b"maxcapacity=-2", b"maxcapacity=-1"),), 0, "high"),
    ("supply_empty_by_ipp", False, ((b"maxcapacity=-2", b"maxcapacity=00"),), 0, "high"),
]


@pytest.mark.parametrize(("case", "snmp", "changes", "level", "severity"), CASES)
async def test_the_number_of_ipp_is_taken_where_snmp_has_none(
    field, case: str, snmp: bool, changes: tuple, level: int | None, severity: str | None
) -> None:
    raw = change((FIELD / case / "field.ipp").read_bytes(), *changes)
    async with answering(raw, own("9.1")) as port, field("9.0/29", ipp={"port": port}) as site:
        if snmp:
            site.place(own("9.1"), FIELD / case / "field.snmprec")
            await site.find()
        else:
            await site.announce(own("9.1"))
        await site.pass_hours(3)
        assert percents(site) == [level]
        assert [one.severity for one in site.tickets() if one.fault == "supply.low"] == [severity][
            : severity is not None
        ]
