"""Announcements on the wire, from mDNS to the reading: other ports and paths, and a printer that is not ours."""

import asyncio
import json
import sys

import pytest
from announced_printer import KEY, AnnouncedPrinter, ippeveprinter, wait_for_port
from loopback import LOCALHOST, own
from mdns_packets import announcement, multicast
from services import running_service, wait_until

pytestmark = pytest.mark.xdist_group("multicast")  # one at a time: what one announces, all hear

HOST = own("15.1")
SECONDS = 60.0


def settings(port: int) -> dict:
    """A site that only listens; IPP is not at its usual port, and nothing answers SNMP."""
    return {
        "network": [{"cidr": own("15.0/28"), "snmp_port": port, "sweep": False}],
        "mdns": {"interfaces": [LOCALHOST]},
        "ipp": {"port": port, "timeout": "5 s"},
        "schedule": {"alerts": "1m", "supplies": "1m", "meters": "1m"},
    }


def txt(**pairs: str) -> bytes:
    strings = [f"{key}={value}".encode() for key, value in pairs.items()]
    return b"".join(bytes([len(string)]) + string for string in strings)


async def test_the_service_reads_it_where_it_is_announced_and_follows(tmp_path, unused_udp_port) -> None:
    printer = AnnouncedPrinter(path="/printers/Laserjet")
    async with running_service(tmp_path, settings(unused_udp_port)) as (agent, _):
        devices, silent = agent.poller.fleet.devices, agent.poller.fleet.silent
        with multicast() as group:

            def announce(port: int, rp: str) -> None:
                group.send(announcement(b"follow me", HOST, txt(ty="Acme", rp=rp), port=port))

            def found(port: int, rp: str) -> bool:
                announce(port, rp)
                return KEY in devices

            async with printer.serve(HOST) as port:
                await wait_until(lambda: found(port, "printers/Laserjet"), SECONDS)
            await wait_until(lambda: KEY in silent, SECONDS)
            printer.path = "/ipp/port1"
            async with printer.serve(HOST) as port:
                asked = len(printer.asked)

                def followed() -> bool:
                    announce(port, "ipp/port1")
                    return KEY not in silent and len(printer.asked) > asked

                await wait_until(followed, SECONDS)
        assert agent.poller.printer_reader.places.get_places(HOST)[0].path == "/ipp/port1"


async def test_a_printer_that_is_not_ours_is_read_by_probe_where_it_announces_itself(
    needs, tmp_path, unused_udp_port
) -> None:
    program = needs("ippeveprinter", package="cups-ipp-utils")
    bus = needs("dbus-daemon")
    with ippeveprinter(program, bus, tmp_path, LOCALHOST) as port, multicast() as group:
        await wait_for_port(LOCALHOST, port)
        command = ["probe", f"{LOCALHOST}:{unused_udp_port}", "--timeout", "0.1", "--json"]
        probe = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent", *command, stdout=asyncio.subprocess.PIPE
        )
        reading = asyncio.create_task(probe.communicate())
        async with asyncio.timeout(SECONDS):
            while not reading.done():
                group.send(announcement(b"evergreen", LOCALHOST, txt(rp="ipp/print"), port=port))
                await asyncio.sleep(0.3)
    out, _ = reading.result()
    document = json.loads(out)
    assert (document["identity"]["model"], document["via"]) == ("Acme Evergreen 7", "ipp")
    assert {row["type"]: row["percent"] for row in document["supplies"]} == {"toner": 75, "wasteToner": 25}
