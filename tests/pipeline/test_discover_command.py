"""`printwarden discover` on a LAN of real printers' replies, mixed with what is no printer."""

import asyncio
import json
import sys
from dataclasses import replace

import pytest
from loopback import own

from agent.simulator import other_devices
from agent.simulator.device import SimulatedDevice, list_addresses
from agent.simulator.fleet import SimulatedFleet
from agent.simulator.fleets import build_walk_devices

BASE = own("0.1")
PATIENCE = 120.0
NO_PRINTERS = {
    "a switch": other_devices.build_switch,
    "a power supply": other_devices.build_ups,
    "a scanner": other_devices.build_scanner,
}


async def discover(*arguments):
    command = [sys.executable, "-m", "agent", "discover", *arguments, "--listen", "0s", "--json"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode, json.loads(out)


@pytest.fixture
def lan(corpus, unused_udp_port):
    """Every full walk, and three devices that are no printers, in one network."""
    manifest = json.loads((corpus / "manifest.json").read_text("utf-8"))
    walks = [corpus / facts["file"] for facts in manifest.values() if not facts["stub"]]
    members = build_walk_devices(walks, BASE, unused_udp_port)
    places = list_addresses(BASE, unused_udp_port, len(walks) + len(NO_PRINTERS))[len(walks) :]
    strangers = [
        SimulatedDevice(address=place, source=source(), name=name)
        for place, (name, source) in zip(places, NO_PRINTERS.items(), strict=True)
    ]
    return SimulatedFleet([*members, *strangers])


async def test_all_printers_are_found_and_nothing_else(lan, unused_udp_port):
    async with lan:
        code, rows = await discover(own("0.0/26"), "--port", str(unused_udp_port))
    names = {str(member.address): member.name for member in lan.members}
    verdicts = {names[row["address"]]: row["verdict"] for row in rows}
    printers = {name for name, verdict in verdicts.items() if verdict == "printer"}
    scanner = "epson-scanner_ds-860"
    assert code == 0
    assert printers == {member.name for member in lan.members} - {scanner, *NO_PRINTERS}
    assert {verdicts[name] for name in (scanner, *NO_PRINTERS)} == {"not a printer"}


async def test_only_public_is_sent_to_strangers(lan, unused_udp_port):
    members = [replace(member, community="kept-to-itself") for member in lan.members]
    private = SimulatedFleet(members)
    async with private:
        code, rows = await discover(own("0.0/26"), "--port", str(unused_udp_port))
    assert (code, rows) == (1, [])
    no_user = ""  # of SNMPv3 engine discovery
    assert {packet.name for packet in private.count_packets()} == {"public", no_user}


async def test_a_network_that_is_none_is_refused():
    command = [sys.executable, "-m", "agent", "discover", own("0.7/24")]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    assert process.returncode == 2
    meant = own("0.0/24")
    assert f'did you mean "{meant}"?'.encode() in said
