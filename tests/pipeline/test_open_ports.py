"""What a running agent opens is what its configuration opens, and nothing else: asked of the kernel, and tried.

The kernel lists the process's sockets (/proc); beside it, every TCP port of loopback is tried, as a scanner
would. Whatever answers must belong to somebody else.
"""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loopback import HOME, LOCALHOST, free_port

PATIENCE = 60.0
LISTENS = "0A"  # the state of a listening TCP socket in /proc/net/tcp (tcp(7))
PORTS = range(1, 65536)

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def listed(pid: int) -> list[tuple[str, int, str]]:
    """("udp", 5353, inode), ("tcp", 8443, inode) …: UDP sockets and listening TCP sockets of a process."""
    inodes = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(handle.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = []
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (kind.startswith("udp") or fields[3] == LISTENS):
                found.append((kind[:3], int(fields[1].rpartition(":")[2], 16), fields[9]))
    return found


def family(pid: int) -> set[int]:
    """The process and its children, and theirs."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parents[int(status.parent.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def sockets(pid: int) -> set[tuple[str, str]]:
    """The same in words: ("udp", "any"), ("udp", "mdns"), ("tcp", "any")."""
    return {(kind, "mdns" if port == 5353 else "any") for kind, port, _ in listed(pid)}


def held_by_others(pid: int) -> set[int]:
    """The TCP ports that processes outside of the agent's family listen on."""
    ours = family(pid)
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) not in ours:
            try:
                found |= {port for kind, port, _ in listed(int(folder.name)) if kind == "tcp"}
            except OSError:
                continue  # it has just ended, or is another user's
    return found


def answering(ports=PORTS) -> set[int]:
    """The TCP ports of loopback that take a connection, all 65,535 tried."""
    found = set()
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as caller:
            if caller.connect_ex((LOCALHOST, port)) == 0 and caller.getsockname() != caller.getpeername():
                found.add(port)
    return found


@pytest.fixture
def opened(tmp_path):
    """Starts an agent with a configuration; the process, once it watches."""
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
        return started[-1].pid

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.claim("ports")
def test_by_default_nobody_can_connect_to_it(opened, figure):
    before = answering()
    pid = opened("[mdns]\nenabled = false\n")
    appeared = answering() - before
    nobodys = answering(appeared - held_by_others(pid))  # others may have come and gone meanwhile
    figure(configurations=1, tried=len(PORTS), unexpected=len(nobodys))
    assert sockets(pid) <= {("udp", "any")}
    assert not nobodys


@pytest.mark.claim("ports")
def test_with_mdns_it_listens_for_announcements_and_to_nothing_else(opened, figure):
    found = sockets(opened(f'[mdns]\ninterfaces = ["{LOCALHOST}"]\n'))
    figure(configurations=1, unexpected=len(found - {("udp", "any"), ("udp", "mdns")}))
    assert found <= {("udp", "any"), ("udp", "mdns")}


@pytest.mark.claim("ports")
def test_with_traps_it_listens_where_it_was_told_and_nowhere_else(opened, figure):
    port = free_port()
    pid = opened(f'[mdns]\nenabled = false\n[traps]\nenabled = true\nhost = "{HOME}"\nport = {port}\n')
    figure(configurations=1, unexpected=sum(kind == "tcp" for kind, *_ in listed(pid)))
    assert sockets(pid) == {("udp", "any")}
    assert port in {number for _, number, _ in listed(pid)}


@pytest.mark.control("ports")
def test_a_listening_socket_would_be_found(figure):
    """Broken: a process that listens."""
    code = f"import socket, sys; s = socket.create_server(('{LOCALHOST}', 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        port = int(other.stdout.readline())
        found = ("tcp", "any") in sockets(other.pid), port in answering() - held_by_others(other.pid)
        other.communicate()
    figure(found=int(all(found)))
    assert found == (True, True)
