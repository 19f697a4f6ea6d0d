"""Is anybody there at all? A host that is silent over SNMP may still answer elsewhere.

Then the community is wrong, or SNMP is switched off: a person must look, and waiting helps nothing.
Only a TCP handshake with the ports of IPP, IPPS and the web page; nothing is sent, and never to 9100,
where some printers would print what arrives.
"""

import asyncio
import contextlib

PROBE_PORTS = (631, 443, 80)
CONNECT_TIMEOUT = 2.0  # seconds for each


async def first_open_port(host: str, doors: tuple[int, ...] = PROBE_PORTS) -> int | None:
    """The first of `doors` that `host` opens, or None."""
    for door in doors:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, writer = await asyncio.open_connection(host, door)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return door
    return None
