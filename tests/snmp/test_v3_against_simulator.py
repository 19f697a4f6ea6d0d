"""SNMPv3 against the simulator's own v3 face: what net-snmp does not know, and walking with guards."""

import pytest
from loopback import own

from agent.core.model import Address
from agent.simulator.ber import Tag, Value
from agent.simulator.ber import oid as arcs_of
from agent.simulator.device import Member, User
from agent.simulator.fleet import Fleet
from agent.simulator.walk import Still
from agent.snmp.engine import Engine, Settings
from agent.snmp.oid import oid
from agent.snmp.reader import Credential, Level

LEVELS = "1.3.6.1.2.1.43.11.1.1.9"
VALUES = {arcs_of(f"{LEVELS}.1.{row}"): Value(Tag.INTEGER, row) for row in range(1, 40)}
SETTINGS = Settings(timeout=2.0, retries=1, requests_per_second=None, requests_per_subnet=None)


@pytest.mark.parametrize("priv", ["3DES", "AES192", "AES256"])
async def test_a_printer_that_speaks_only_v3_is_walked(priv: str) -> None:
    secret = {
        "auth_protocol": "SHA1", "auth_password": "sesame-open",
        "priv_protocol": priv, "priv_password": "open-sesame",
    }  # fmt: skip
    member = Member(
        address=Address(own("60.1"), 0), source=Still(VALUES), name="HP", versions=frozenset(),
        user=User(name="reader", **secret),
    )  # fmt: skip
    credential = Credential(name="v3", version="3", user="reader", **secret)
    assert credential.level is Level.ENCRYPTED
    async with Fleet([member]) as fleet, Engine(SETTINGS) as engine:
        reader = engine.reader(fleet.members[0].address, credential)
        rows = await reader.walk(oid(LEVELS))
        assert [value for _, value in rows] == list(range(1, 40))
        assert reader.learned == "3 bulk 25 20"
