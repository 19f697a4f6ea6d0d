"""Probe a host that is silent over SNMP: an open TCP port shows that it is switched on.

Then the community is wrong, or SNMP is switched off: a person must look, and waiting does not help.
Only a TCP handshake with the ports of IPP, IPPS and the web page; no data is sent, and port 9100 is never
touched, because some printers would print what arrives.
"""

import asyncio
import contextlib

PROBE_PORTS = (631, 443, 80)
CONNECT_TIMEOUT = 2.0  # seconds for each


async def first_open_port(host: str, ports: tuple[int, ...] = PROBE_PORTS) -> int | None:
    """Return the first of `ports` that `host` accepts a connection at, or None."""
    for port in ports:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, writer = await asyncio.open_connection(host, port)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return port
    return None
