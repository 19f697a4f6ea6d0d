"""What systemd is told, and when: the service is its own witness only while it works."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from agent.core.store import Store
from agent.runtime.host import systemd_notify, watchdog

PATIENCE = 60.0  # real seconds; a good start never takes so long
CONFIG = '[site]\nid = "S-1"\n[mdns]\nenabled = false\n[storage]\nfolder = "state"\n'

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="systemd is a Linux service manager")


@pytest.fixture
def systemd(tmp_path):
    """The other end of NOTIFY_SOCKET: a datagram socket, with its path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(PATIENCE)
        yield listener


def heard(listener):
    return listener.recv(4096).decode().split("\n")


def test_systemd_hears_the_lines(systemd):
    assert systemd_notify.notify_systemd(
        "READY=1", "STATUS=up", environment={"NOTIFY_SOCKET": systemd.getsockname()}
    )
    assert heard(systemd) == ["READY=1", "STATUS=up"]


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_an_abstract_socket_is_written_with_an_at_sign():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0printwarden-{os.getpid()}")
        assert systemd_notify.notify_systemd(
            "READY=1", environment={"NOTIFY_SOCKET": f"@printwarden-{os.getpid()}"}
        )
        assert heard(listener) == ["READY=1"]


@pytest.mark.parametrize("place", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nobody/listens/here"}])
def test_without_systemd_nothing_is_told_and_nothing_fails(place):
    assert systemd_notify.notify_systemd("READY=1", environment=place) is False


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "²"}, None),
    ],
)
def test_the_watchdog_counts_only_if_it_is_set_and_meant_for_us(environment, seconds):
    assert systemd_notify.watchdog_timeout(environment) == seconds


def test_the_service_says_that_it_is_ready_alive_and_leaving(tmp_path, systemd):
    (tmp_path / "config.toml").write_text(CONFIG)
    environment = {**os.environ, "NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "300000"}
    environment.pop("WATCHDOG_PID", None)
    command = [sys.executable, "-m", "agent", "run", "--config", str(tmp_path / "config.toml")]
    agent = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        said = [heard(systemd) for _ in range(4)]
        agent.send_signal(signal.SIGTERM)
        while (last := heard(systemd)) == ["WATCHDOG=1"]:
            pass
        assert agent.wait(PATIENCE) == 0
    finally:
        agent.kill()
        agent.wait()
    assert said.index(["READY=1", "STATUS=watches over S-1"]) < 2
    assert said.count(["WATCHDOG=1"]) == 3
    assert last[0] == "STOPPING=1"


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "state.db", {})
    yield store
    store.close()


async def test_a_stuck_writer_stops_the_pulse_though_the_loop_turns(store):
    beats, stuck, go_on = [], threading.Event(), threading.Event()

    def hang(tx):
        stuck.set()
        go_on.wait(PATIENCE)

    task = asyncio.create_task(watchdog.watchdog_loop(store, 0.03, lambda: beats.append(time.monotonic())))
    while len(beats) < 3:
        await asyncio.sleep(0.01)
    hanging = asyncio.create_task(store.run(hang))
    await asyncio.to_thread(stuck.wait)
    felt = len(beats)
    await asyncio.sleep(0.2)
    assert len(beats) <= felt + 1, "at most the beat that was already through"
    go_on.set()
    await hanging
    while len(beats) < felt + 3:
        await asyncio.sleep(0.01)
    task.cancel()


def test_the_guard_ends_what_has_no_pulse():
    ended = threading.Event()
    watchdog.StallDetector(timeout=0.05, on_stall=ended.set).start()
    assert ended.wait(PATIENCE)


def test_the_guard_leaves_alone_what_beats_or_has_stopped():
    ended = threading.Event()
    beating = watchdog.StallDetector(timeout=3600.0, on_stall=ended.set)
    beating.start()
    stopped = watchdog.StallDetector(timeout=0.3, on_stall=ended.set)
    stopped.start()
    beating.ping()
    stopped.stop()
    assert not ended.wait(1.0)
    beating.stop()
