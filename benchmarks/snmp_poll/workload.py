"""What every client does here: one poll = 12 scalars and two tables, 6 requests, 132 varbinds.

A client is a script of its own: `client.py PORT PRINTERS IN_FLIGHT [option]`. It prints one line of
JSON and imports only this module and the library that it measures. CPU is the process's own, user
and system, from the first poll to the last; what the imports cost is left out.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable

SCALARS = (
    "1.3.6.1.2.1.1.1.0",
    "1.3.6.1.2.1.1.2.0",
    "1.3.6.1.2.1.1.3.0",
    "1.3.6.1.2.1.1.5.0",
    "1.3.6.1.2.1.1.6.0",
    "1.3.6.1.2.1.25.3.2.1.3.1",
    "1.3.6.1.2.1.25.3.2.1.5.1",
    "1.3.6.1.2.1.25.3.5.1.1.1",
    "1.3.6.1.2.1.25.3.5.1.2.1",
    "1.3.6.1.2.1.43.5.1.1.1.1",
    "1.3.6.1.2.1.43.5.1.1.17.1",
    "1.3.6.1.2.1.43.10.2.1.4.1.1",
)
SUPPLIES = "1.3.6.1.2.1.43.11.1.1"
ALERTS = "1.3.6.1.2.1.43.18.1.1"
REPETITIONS = 25
EXPECTED = 12 + 56 + 40  # scalars, and the cells of both tables

Poll = Callable[[str], Awaitable[int]]


def printers(count: int) -> list[str]:
    """Loopback addresses, 250 to a /24."""
    return [f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(count)]


async def run(poll: Poll, hosts: list[str], in_flight: int) -> dict[str, float]:
    """Poll each of `hosts` once, `in_flight` at a time; a poll returns how many values it got."""
    left, failed = iter(hosts), 0

    async def work() -> None:
        nonlocal failed
        for host in left:
            try:
                got = await poll(host)
            except Exception as why:  # noqa: BLE001 - each library has its own; a poll failed
                got = 0
                if not failed:
                    print(f"{sys.argv[0]}: {host}: {why!r}", file=sys.stderr)
            failed += got != EXPECTED

    began = time.process_time()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    cpu = time.process_time() - began
    return report(cpu, len(hosts), failed)


def report(cpu: float, polls: int, failed: int) -> dict[str, float]:
    """The line that the client prints."""
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu_ms_per_poll": 1000 * cpu / polls, "rss_mb": rss, "failed_polls": failed}


def main(client: Callable[[int, list[str], int], Awaitable[dict[str, float]]], loop: str = "asyncio") -> None:
    """Run `client(port, hosts, in_flight)` as the command line says, and print its report."""
    port, count, in_flight = map(int, sys.argv[1:4])
    factory = None
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415 - not always there

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        print(json.dumps(runner.run(client(port, printers(count), in_flight))))
