"""The loopback addresses of this test process.

Each worker of a parallel run has a block of its own, so that two workers never open the same address:

    own("4.1")       "127.100.4.1" in the first worker, "127.102.4.1" in the second
    own("4.0/28")    a network of it
    own_far("4.1")   65,536 addresses further, where a simulated fleet puts its far printers

Tests name no other loopback address, but for LOCALHOST where the product, or a certificate, knows that one only
(then on port 0, or on a `free_port`, which no other worker gets).
"""

import os
import socket
from contextlib import suppress
from itertools import cycle, islice

LOCALHOST = "127.0.0.1"
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_BLOCK = 100 + 2 * _WORKER  # up to 77 workers
_MANY = 250
_PORTS = cycle(range(10_000 + _MANY * _WORKER, 10_000 + _MANY * (_WORKER + 1)))


def own(tail: str) -> str:
    """An address or a network of this worker: `own("4.1")`, `own("4.0/28")`."""
    return f"127.{_BLOCK}.{tail}"


def own_far(tail: str) -> str:
    """The same, 65,536 addresses further."""
    return f"127.{_BLOCK + 1}.{tail}"


HOME = own("0.1")  # where one address is enough


def free_port(kind: int = socket.SOCK_DGRAM, host: str = HOME) -> int:
    """A port that nothing uses at `host`. No other worker takes it meanwhile, and no socket that asks for any port:
    each worker has a range of its own, below those that the system gives away."""
    for port in islice(_PORTS, _MANY):
        with socket.socket(socket.AF_INET, kind) as probe, suppress(OSError):
            probe.bind((host, port))
            return port
    raise OSError(f"no port of this worker is free at {host}")
