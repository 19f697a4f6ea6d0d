"""The figures of docs/install.md, measured on a program: python packaging/measure.py dist

DIST holds the frozen program. With the path of a command instead, as in
`python packaging/measure.py .venv/bin/printwarden`, that one is measured, without sizes.

The service is as it is at a site: enrolled with a receiver over TLS, listening for mDNS, twelve printers and
three other devices simulated beside it. Start to ready is what systemd sees: from exec to READY=1, the median
of seven starts after a first one. Memory is looked at a minute later, when the printers have been read.
"""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RUNS = 7
IDLE = 60.0  # seconds after READY at which memory is looked at
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}  # as the unit sets it
CONFIG = """
[site]
id = "measured"
[mdns]
interfaces = ["127.0.0.1"]
[storage]
folder = "state"
[provider]
url = "{url}/v1/events"
ca_file = "{ca_file}"
[[network]]
cidr = "127.93.0.0/27"
snmp_port = 16193
"""


@contextmanager
def world(program: Path, folder: Path) -> Iterator[None]:
    """A fleet and a receiver, of the same program, and a configuration that is enrolled with it."""
    database = str(folder / "receiver.db")
    fleet = [str(program), "simulate", "--json", "--no-mdns", "--base", "127.93.0.1", "--port", "16193"]
    provider = [
        str(program),
        "receive",
        "--json",
        "--quiet",
        "--enrolment",
        "--port",
        "0",
        "--database",
        database,
    ]
    others = [subprocess.Popen(each, stdout=subprocess.PIPE) for each in (fleet, provider)]
    try:
        told: dict[str, Any] = json.loads(others[1].stdout.readline()) if others[1].stdout else {}
        (folder / "config.toml").write_text(CONFIG.format_map(told), "utf-8")
        token = [str(program), "receive", "token", "--site", "measured", "--database", database]
        (folder / "token").write_bytes(subprocess.check_output(token))
        enroll = [str(program), "enroll", "--token-file", str(folder / "token")]
        subprocess.check_output([*enroll, "--config", str(folder / "config.toml")])
        yield
    finally:
        for each in others:
            each.terminate()
            each.communicate(timeout=60)


def started(program: Path, folder: Path) -> tuple["subprocess.Popen[bytes]", float]:
    """The service, ready, and how many seconds that took."""
    place = folder / "notify"
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(place))
        systemd.settimeout(60)
        command = [str(program), "run", "--config", str(folder / "config.toml")]
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            env={**os.environ, **ENVIRONMENT, "NOTIFY_SOCKET": str(place)},
            stderr=subprocess.DEVNULL,
        )
        while not systemd.recv(4096).startswith(b"READY=1"):
            pass
        return process, time.monotonic() - began


def stopped(process: "subprocess.Popen[bytes]") -> float:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    return time.monotonic() - began


def resident(pid: int) -> float:
    """MB of resident memory (proc(5), VmRSS)."""
    [line] = [one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def megabytes(place: Path) -> float:
    """Of a file, or of all files below a folder, links not followed."""
    files = [place] if place.is_file() else [path for path in place.rglob("*") if not path.is_symlink()]
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


def sizes(dist: Path) -> None:
    print(f"installed size       {megabytes(dist / 'printwarden'):6.1f} MB   (at most 60)")
    for deb in dist.glob("*.deb"):
        print(f".deb                 {megabytes(deb):6.1f} MB   (at most 22)")


def times(program: Path, folder: Path) -> None:
    process, took = started(program, folder)
    print(f"first start to ready {took:6.2f} s")
    time.sleep(IDLE)
    print(f"idle memory          {resident(process.pid):6.1f} MB   (at most 70)")
    stops = [stopped(process)]
    starts = []
    for _ in range(RUNS):
        process, took = started(program, folder)
        starts.append(took)
        stops.append(stopped(process))
    print(
        f"start to ready       {statistics.median(starts):6.2f} s    (at most 1.5; worst {max(starts):.2f})"
    )
    print(f"stop                 {statistics.median(stops):6.2f} s    (at most 2; worst {max(stops):.2f})")


def main() -> None:
    place = Path(sys.argv[1]).absolute()
    if place.is_dir():
        sizes(place)
    program = place / "printwarden" / "printwarden" if place.is_dir() else place
    with tempfile.TemporaryDirectory(prefix="printwarden-measure-") as name, world(program, Path(name)):
        times(program, Path(name))


if __name__ == "__main__":
    main()
