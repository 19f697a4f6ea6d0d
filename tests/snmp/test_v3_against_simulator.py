"""SNMPv3 against the simulator's own v3 face: what net-snmp does not know, and walking with guards."""

import pytest
from loopback import own

from agent.core.model import Address, Credential, SecurityLevel
from agent.simulator.ber import BerTag, BerValue
from agent.simulator.ber import oid as arcs_of
from agent.simulator.device import SimulatedDevice, UsmUser
from agent.simulator.fleet import SimulatedFleet
from agent.simulator.walk import StaticDevice
from agent.snmp.engine import SnmpClient, SnmpSettings
from agent.snmp.oid import oid

LEVELS = "1.3.6.1.2.1.43.11.1.1.9"
VALUES = {arcs_of(f"{LEVELS}.1.{row}"): BerValue(BerTag.INTEGER, row) for row in range(1, 40)}
SETTINGS = SnmpSettings(timeout=2.0, retries=1, requests_per_second=None, requests_per_subnet=None)


@pytest.mark.parametrize("priv", ["3DES", "AES192", "AES256"])
async def test_a_printer_that_speaks_only_v3_is_walked(priv: str) -> None:
    secret = {
        "auth_protocol": "SHA1", "auth_password": "sesame-open",
        "priv_protocol": priv, "priv_password": "open-sesame",
    }  # fmt: skip
    member = SimulatedDevice(
        address=Address(own("60.1"), 0), source=StaticDevice(VALUES), name="HP", versions=frozenset(),
        user=UsmUser(name="reader", **secret),
    )  # fmt: skip
    credential = Credential(name="v3", version="3", user="reader", **secret)
    assert credential.security_level is SecurityLevel.ENCRYPTED
    async with SimulatedFleet([member]) as fleet, SnmpClient(SETTINGS) as engine:
        reader = engine.create_reader(fleet.members[0].address, credential)
        rows = await reader.walk(oid(LEVELS))
        assert [value for _, value in rows] == list(range(1, 40))
        assert reader.learned == "3 bulk 25 20"
