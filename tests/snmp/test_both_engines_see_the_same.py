"""What real printers said, read through the own codec and through pysnmp: the same, octet by octet."""

from dataclasses import replace
from pathlib import Path

import loopback
from fleets import walk_fleet

from agent.core.model import Credential
from agent.snmp.engine import SnmpClient, SnmpSettings
from agent.snmp.oid import oid
from agent.snmp.reader import VarBind

ROOTS = (oid("1.3.6.1.2.1"), oid("1.3.6.1.4.1"))
UPTIME = oid("1.3.6.1.2.1.1.3")  # moves between two walks
SETTINGS = SnmpSettings(timeout=5.0, requests_per_second=None, requests_per_subnet=None)


def still(rows: list[VarBind]) -> list[tuple[bytes, type, object]]:
    return [(name, type(value), value) for name, value in rows if not name.startswith(UPTIME)]


async def test_every_walk_of_the_corpus_reads_the_same_through_both_engines(corpus: Path) -> None:
    paths = sorted((corpus / "walks").glob("*.snmprec"))
    assert len(paths) > 40
    public, rows = Credential(name="public"), 0
    async with (
        walk_fleet(paths, loopback.own("30.1"), 0) as fleet,
        SnmpClient(SETTINGS) as own,
        SnmpClient(replace(SETTINGS, engine="pysnmp")) as other,
    ):
        for member in fleet.members:
            mine = still(await own.create_reader(member.address, public).walk(*ROOTS))
            theirs = still(await other.create_reader(member.address, public).walk(*ROOTS))
            assert mine == theirs, member.name
            assert [name for name, *_ in mine] == list(dict.fromkeys(name for name, *_ in mine))
            rows += len(mine)
    assert rows > 10_000
