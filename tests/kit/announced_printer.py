"""A printer without SNMP that answers IPP at one port and one path, and a real one that is not ours."""

import asyncio
import contextlib
import os
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from loopback import free_port

from agent.simulator import ipp
from agent.simulator.ipp import IppAttribute, IppEndpoint, IppQuestion, IppReply

SERIAL = "IPP0000014"
KEY = f"sn:{SERIAL}"
UUID = "564e4233-4a00-4000-8000-0000000014aa"


@dataclass
class AnnouncedPrinter:
    """Its counter and its level may be changed at any time; `path` is the only one at which it answers."""

    path: str = "/ipp/print"
    pages: int = 41_000
    level: int = 60
    asked: list[str] = field(default_factory=list)

    def answer(self, question: IppQuestion) -> IppReply:
        self.asked.append(question.path)
        if question.path != self.path:
            return 404
        supply = f"type=toner;maxcapacity=100;level={self.level};class=supplyThatIsConsumed;unit=percent;colorantname=black;"
        attributes = [
            IppAttribute(ipp.TEXT, "printer-make-and-model", ["Acme Press 100E"]),
            IppAttribute(ipp.TEXT, "printer-device-id", [f"MFG:Acme;MDL:Press 100E;SN:{SERIAL};"]),
            IppAttribute(ipp.URI, "printer-uuid", [f"urn:uuid:{UUID}"]),
            IppAttribute(ipp.ENUM, "printer-state", [3]),
            IppAttribute(ipp.KEYWORD, "printer-state-reasons", ["none"]),
            IppAttribute(ipp.INTEGER, "printer-impressions-completed", [self.pages]),
            IppAttribute(ipp.OCTETS, "printer-supply", [supply]),
            IppAttribute(ipp.TEXT, "printer-supply-description", ["Black Toner"]),
        ]
        return ipp.encode_response((2, 0), ipp.OK, question.number, attributes)

    @contextlib.asynccontextmanager
    async def serve(self, host: str, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[int]:
        """Answer at this port of `host`, or at a free one; yields it."""
        endpoint = IppEndpoint(self.answer)
        port = await endpoint.open(host, port or free_port(socket.SOCK_STREAM, host), tls)
        try:
            yield port
        finally:
            await endpoint.close()


@contextlib.contextmanager
def ippeveprinter(program: str, bus: str, folder: Path, host: str) -> Iterator[int]:
    """The IPP Everywhere printer of CUPS, which is not ours; yields its port once it accepts connections.

    It wants a D-Bus for its own announcements, which stay switched off: it gets one of its own.
    """
    (folder / "spool").mkdir()
    port = free_port(socket.SOCK_STREAM, host)
    with subprocess.Popen(
        [bus, "--session", "--nofork", "--print-address"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as daemon:
        assert daemon.stdout
        env = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": daemon.stdout.readline().strip(), "HOME": str(folder)}
        options = ["-r", "off", "-n", "localhost", "-p", str(port), "-d", str(folder / "spool"), "-M", "Acme"]
        try:
            with subprocess.Popen(
                [program, *options, "-m", "Evergreen 7", "Acme Evergreen 7"],
                env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ) as printer:  # fmt: skip
                try:
                    yield port
                finally:
                    printer.kill()
        finally:
            daemon.kill()


async def wait_for_port(host: str, port: int, seconds: float = 60.0) -> None:
    """Wait until something accepts connections there."""
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, port)
                writer.close()
                return
            await asyncio.sleep(0.05)
