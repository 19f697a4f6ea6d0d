"""The figures of docs/install.md, measured on the frozen program: python packaging/measure.py dist

Start to ready is what systemd sees: from exec to READY=1. The median of seven starts after a first one.
"""

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 7
SETTLED = 20.0  # seconds after READY at which memory is looked at
CONFIG = """
[site]
id = "measured"
[mdns]
interfaces = ["127.0.0.1"]
[storage]
folder = "state"
[provider]
url = "http://127.0.0.1:9/v1/events"
insecure_loopback = true
"""


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
            command, env={**os.environ, "NOTIFY_SOCKET": str(place)}, stderr=subprocess.DEVNULL
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


def main() -> None:
    dist = Path(sys.argv[1]).absolute()
    program = dist / "printwarden" / "printwarden"
    print(f"installed size       {megabytes(dist / 'printwarden'):6.1f} MB   (at most 60)")
    for deb in dist.glob("*.deb"):
        print(f".deb                 {megabytes(deb):6.1f} MB   (at most 22)")
    with tempfile.TemporaryDirectory(prefix="printwarden-measure-") as name:
        folder = Path(name)
        (folder / "config.toml").write_text(CONFIG, "utf-8")
        starts, stops = [], []
        for run in range(RUNS + 1):
            process, took = started(program, folder)
            if run:
                starts.append(took)
                stops.append(stopped(process))
            else:
                time.sleep(SETTLED)
                memory = resident(process.pid)
                print(f"first start to ready {took:6.2f} s")
                stopped(process)
    print(
        f"start to ready       {statistics.median(starts):6.2f} s    (at most 1.5; worst {max(starts):.2f})"
    )
    print(f"idle memory          {memory:6.1f} MB   (at most 70)")
    print(f"stop                 {statistics.median(stops):6.2f} s    (at most 2; worst {max(stops):.2f})")


if __name__ == "__main__":
    main()
