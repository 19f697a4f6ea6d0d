"""What a poll costs the network, counted by a relay between a real engine and a printer on a real socket.

Each datagram counts with its 28 octets of IP and UDP header, in both directions.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from fleets import walk_fleet
from loopback import HOME

from agent.collectors.printer_mib import read_printer
from agent.core.model import Address, CachedIdentity, Credential, Tier
from agent.simulator.device import UsmUser
from agent.simulator.fleet import SimulatedFleet
from agent.snmp.engine import SnmpClient, SnmpSettings

CASES = Path(__file__).parent / "cases"
CORPUS = Path(os.environ.get("PRINTWARDEN_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
FULL, STATUS = 80_000, 5_000  # octets
HEADERS = 28
OWN = sorted(CASES.glob("*/walk.snmprec"))
REAL = [
    CORPUS / "walks" / f"{name}.snmprec"
    for name in (
        "pm_brother",
        "pm_epson_cw",
        "pm_kyocera_p2040",
        "sharp",
        "jetdirect_m880",
        "zebra",
        "konica",
    )
]
ENGINE = SnmpSettings(timeout=5.0, requests_per_second=None, requests_per_subnet=None)

HOURLY = frozenset({Tier.ALERTS, Tier.SUPPLIES, Tier.METERS})
POLLS = {"alerts": frozenset({Tier.ALERTS}), "hourly": HOURLY, "daily": frozenset(Tier)}
BEFORE = {"alerts": 49_543, "hourly": 199_725, "daily": 236_266}  # octets of all cases, without a proof
REQUESTS = {"alerts": 76, "hourly": 228, "daily": 328}  # of all cases, then
RECORDS = {
    "alerts": 0,
    "hourly": 2,
    "daily": 4,
}  # of makers' own records, where the standard's levels are vague
MOST = 1.1  # times

MIX = {
    "2c": 1_191_491,
    "1": 926_273,
}  # octets of the full walks of the corpus, each poll once: at commit c4318cf
MIX_POLLS = (
    None, frozenset({Tier.ALERTS}), frozenset({Tier.ALERTS, Tier.SUPPLIES}), frozenset({Tier.METERS}), HOURLY, frozenset(Tier)
)  # fmt: skip
MOST_MIXED = 1.15  # times
SECRET = {"auth_protocol": "SHA256", "auth_password": "correct horse battery"}


class Relay(asyncio.DatagramProtocol):
    """Passes datagrams on, and counts them."""

    def __init__(self, printer: Address) -> None:
        self.octets = self.requests = 0
        self._printer = printer
        self._client: tuple[str, int] | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.octets += len(data) + HEADERS
        if addr[:2] == tuple(self._printer):
            self._transport.sendto(data, self._client)
        else:
            self.requests += 1
            self._client = addr
            self._transport.sendto(data, self._printer)

    def asked(self) -> int:
        requests, self.requests = self.requests, 0
        return requests

    def spent(self) -> int:
        octets, self.octets = self.octets, 0
        return octets


@asynccontextmanager
async def relayed(walk: Path, user: UsmUser | None = None) -> AsyncIterator[tuple[Address, Relay]]:
    """A printer that answers from `walk`, behind a relay."""
    members = [replace(member, user=user) for member in walk_fleet([walk], HOME, 0).members]
    async with SimulatedFleet(members) as fleet:
        loop = asyncio.get_running_loop()
        printer = fleet.members[0].address
        transport, relay = await loop.create_datagram_endpoint(lambda: Relay(printer), local_addr=(HOME, 0))
        try:
            yield Address(*transport.get_extra_info("sockname")), relay
        finally:
            transport.close()


@pytest.mark.parametrize(
    "walk", [*OWN, *REAL], ids=lambda walk: walk.stem if walk in REAL else walk.parent.name
)
async def test_a_poll_stays_within_its_bytes(walk):
    if not walk.exists():
        pytest.skip(f"no corpus: {walk}")
    async with relayed(walk) as (address, relay), SnmpClient(ENGINE) as engine:
        reader = engine.create_reader(address, Credential(name="public"))
        full = await read_printer(reader, at=0.0)
        assert relay.spent() <= FULL
        await read_printer(reader, at=0.0, tiers={Tier.ALERTS}, known=CachedIdentity.from_snapshot(full))
        assert relay.spent() <= STATUS
        await read_printer(reader, at=0.0, tiers={Tier.ALERTS})
        assert relay.spent() <= STATUS, "also where nothing is known yet"


async def test_the_relay_counts():
    async with relayed(OWN[0]) as (address, relay), SnmpClient(ENGINE) as engine:
        await read_printer(engine.create_reader(address, Credential(name="public")), at=0.0)
        assert relay.spent() > 2_000
        assert relay.spent() == 0


async def spend(relay, address, engine, tiers, known, version):
    """(requests, octets) of one poll."""
    reader = engine.create_reader(address, Credential(name="public", version=version))
    relay.spent(), relay.asked()
    await read_printer(reader, at=0.0, tiers=tiers, known=known)
    return relay.asked(), relay.spent()


@pytest.mark.parametrize("poll", sorted(POLLS))
async def test_a_proof_costs_no_packet_and_a_tenth_of_the_octets_at_most(poll):
    octets = requests = 0
    for walk in OWN:
        async with relayed(walk) as (address, relay), SnmpClient(ENGINE) as engine:
            full = await read_printer(engine.create_reader(address, Credential(name="public")), at=0.0)
            known = CachedIdentity.from_snapshot(full)
            with_proof = await spend(relay, address, engine, POLLS[poll], known, "2c")
            without = await spend(relay, address, engine, POLLS[poll], replace(known, proof=None), "2c")
            assert with_proof[0] == without[0], walk.parent.name
            requests += with_proof[0]
            octets += with_proof[1]
    assert octets <= MOST * BEFORE[poll]
    assert requests <= REQUESTS[poll] + RECORDS[poll], "packets as at commit c4318cf"


async def test_over_v3_a_poll_has_as_many_packets_as_over_v2c():
    user = UsmUser(name="mps", **SECRET)
    async with relayed(OWN[0], user) as (address, relay), SnmpClient(ENGINE) as engine:
        counts = []
        for credential in (
            Credential(name="public"),
            Credential(name="v3", version="3", user="mps", **SECRET),
        ):
            full = await read_printer(engine.create_reader(address, credential), at=0.0)
            known = CachedIdentity.from_snapshot(full)
            relay.asked()
            await read_printer(
                engine.create_reader(address, credential, "3 bulk 25 20"), at=0.0, tiers=HOURLY, known=known
            )
            counts.append(relay.asked())
    assert counts[0] == counts[1] > 2


@pytest.mark.long
async def test_the_mix_of_the_corpus_costs_hardly_more_octets_than_without_proofs(corpus):
    manifest = json.loads((corpus / "manifest.json").read_text("utf-8"))
    octets = dict.fromkeys(MIX, 0)
    for walk, version in product((corpus / one["file"] for one in manifest.values() if not one["stub"]), MIX):
        async with relayed(walk) as (address, relay), SnmpClient(ENGINE) as engine:
            known, credential, learned = None, Credential(name="public", version=version), None
            for tiers in MIX_POLLS:
                reader = engine.create_reader(address, credential, learned)
                read = await read_printer(reader, at=0.0, tiers=tiers or frozenset(Tier), known=known)
                learned, known = reader.learned, known or CachedIdentity.from_snapshot(read)
            octets[version] += relay.spent()
    assert octets["2c"] <= MOST * MIX["2c"]
    assert sum(octets.values()) <= MOST_MIXED * sum(MIX.values())


async def test_over_v1_the_first_and_the_last_request_carry_it():
    async with relayed(OWN[0]) as (address, relay), SnmpClient(ENGINE) as engine:
        version = Credential(name="public", version="1")
        full = await read_printer(engine.create_reader(address, version), at=0.0)
        known = CachedIdentity.from_snapshot(full)
        with_proof = await spend(relay, address, engine, POLLS["alerts"], known, "1")
        without = await spend(relay, address, engine, POLLS["alerts"], replace(known, proof=None), "1")
        assert with_proof[0] <= without[0] + 1
