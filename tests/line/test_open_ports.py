"""What a running agent opens is what SECURITY.md says, and nothing else."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

PATIENCE = 60.0
LISTENS = "0A"  # the state of a listening TCP socket in /proc/net/tcp (tcp(7))

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def sockets(pid: int) -> set[tuple[str, str]]:
    """("udp", "0.0.0.0:any"), ("tcp", "127.0.0.1:listens") … of a process."""
    inodes = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(handle.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (kind.startswith("udp") or fields[3] == LISTENS):
                port = int(fields[1].rpartition(":")[2], 16)
                found.add((kind[:3], "mdns" if port == 5353 else "any"))
    return found


@pytest.fixture
def opened(tmp_path):
    """Starts an agent with a configuration; what it has open once it watches."""
    started = []

    def run(config):
        (tmp_path / "config.toml").write_text(config + '[storage]\nfolder = "state"\n')
        log = tmp_path / "log"
        command = [sys.executable, "-m", "agent", "run", "--config", str(tmp_path / "config.toml")]
        with log.open("wb") as out:
            started.append(subprocess.Popen(command, stderr=out, stdout=out))
        deadline = time.monotonic() + PATIENCE
        while "watches over" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        time.sleep(1.0)  # whatever it opens late would be open now
        return sockets(started[-1].pid)

    yield run
    for process in started:
        process.kill()
        process.wait()


def test_by_default_nobody_can_connect_to_it(opened):
    assert opened("[mdns]\nenabled = false\n") <= {("udp", "any")}


def test_with_mdns_it_listens_for_announcements_and_to_nothing_else(opened):
    assert opened('[mdns]\ninterfaces = ["127.0.0.1"]\n') <= {("udp", "any"), ("udp", "mdns")}


def test_a_listening_socket_would_be_found():
    """The control: a process that listens."""
    code = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"up\n"
        assert ("tcp", "any") in sockets(other.pid)
        other.communicate()
