"""What it costs to look for printers: sweeps of loopback networks, against the responder of `snmp.py`.

    python benchmarks/snmp_sweep.py [--json FILE]

Every address of 127.5.0.0/16 answers on the responder's port. Silence is asked for on port 9.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from snmp import responder  # noqa: E402 - found by the line above, as is `agent`

from agent.core.model import Address  # noqa: E402
from agent.snmp.engine import SnmpClient, SnmpSettings  # noqa: E402
from agent.snmp.oid import oid  # noqa: E402
from agent.snmp.reader import Credential  # noqa: E402

QUESTION = (oid("1.3.6.1.2.1.1.2.0"),)
LINGER = 1.0
SILENT = 9


async def sweep(addresses: Sequence[Address], pace: float | None) -> dict[str, float]:
    """One pass; seconds to the first answer and to the last packet, CPU seconds, answers."""
    began, cpu, first, answers = time.monotonic(), time.process_time(), None, 0
    async with SnmpClient(
        SnmpSettings(requests_per_second=pace, requests_per_subnet=None, sweep_linger=LINGER)
    ) as engine:
        async for _ in engine.probe_addresses(addresses, Credential(name="public"), QUESTION):
            answers += 1
            first = first or time.monotonic() - began
    return {
        "answers": answers,
        "first_s": round(first or 0.0, 3),
        "sent_s": round(time.monotonic() - began - LINGER, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
    }


async def run(port: int) -> dict[str, dict[str, float]]:
    """The three sweeps that matter."""
    hosts = [f"127.5.{number >> 8}.{number & 255}" for number in range(65536)]
    some = [Address(host, port if number % 131 == 0 else SILENT) for number, host in enumerate(hosts)]
    return {
        "a /24 at 500/s": await sweep(some[:256], 500.0),
        "a /16 at 2,000/s, 501 answer": await sweep(some, 2000.0),
        "a /16 unpaced, all answer": await sweep([Address(host, port) for host in hosts], None),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, responder(Path(folder)) as port:
        results = asyncio.run(run(port))
    print("| sweep | answers | first answer s | all sent s | CPU s |\n|---|---|---|---|---|")
    for name, result in results.items():
        print(f"| {name} | {' | '.join(str(figure) for figure in result.values())} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
