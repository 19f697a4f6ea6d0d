"""The demonstration as a person runs it, also with its agent killed in the middle."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress

import pytest
from loopback import own

from agent.core import health
from agent.core.errors import StoreError
from agent.core.store import open_reader
from uplink.outbox import queries
from uplink.receiver.event_store import EventStore

pytestmark = pytest.mark.xdist_group("multicast")  # one at a time: what one announces, all hear

PATIENCE = 240.0


def play(folder, *arguments):
    command = [
        sys.executable,
        "-m",
        "agent",
        "demo",
        "--json",
        "--base",
        own("77.1"),
        "--keep",
        str(folder),
        *arguments,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def pid_of_the_agent(folder):
    with suppress(StoreError, sqlite3.Error), closing(open_reader(folder / "agent" / "printwarden.db")) as db:
        return health.load_health(db).get("pid")
    return None


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
def test_each_ticket_arrives_exactly_once_though_the_agent_is_killed_in_the_middle(tmp_path):
    process = play(tmp_path, "--for", "80s")
    killed = set()
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < PATIENCE:
        time.sleep(0.2)
        pid = pid_of_the_agent(tmp_path)
        if (
            pid
            and pid not in killed
            and len(killed) < 3
            and time.monotonic() - began > 12 * (len(killed) + 1)
        ):
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
    out, err = process.communicate(timeout=PATIENCE)
    outcome = json.loads(out)
    assert process.returncode == 0, (outcome, err, (tmp_path / "agent.log").read_text()[-3000:])
    assert len(killed) == outcome["restarts"] == 3
    assert all(printer["kept"] and printer["due"] for printer in outcome["printers"])
    assert sum(printer["arrived"] for printer in outcome["printers"]) == 4
    with closing(EventStore(tmp_path / "receiver.db")) as ledger:
        tickets = ledger.list_payloads("mps.ticket/1")
        events = ledger.list_events(0, 10_000)
    steps = [(ticket["ticket_id"], ticket["ticket_seq"]) for ticket in tickets]
    assert len(set(steps)) == len(steps), "no step of a ticket twice"
    routes = {
        (one["fault"]["fault_key"], one["routing"]["queue"], one["contract"]["billing_model"])
        for one in tickets
    }
    assert routes == {
        ("fuser.failure", "fieldtech", "user_based"),
        ("feed.jams", "dealer-dispatch", "time_and_materials"),
        ("supply.low", "dealer-dispatch", "cpi"),
        ("device.offline", "wholesale-portal", "flat"),
    }
    with closing(open_reader(tmp_path / "agent" / "printwarden.db")) as db:
        dropped = queries.count_outbox(db).dropped
    assert set(dropped) <= {"heartbeat.superseded"}, "of heartbeats and inventories the newest counts"
    numbers = sorted(int(event["sequence"]) for event in events)
    assert len(set(numbers)) == len(numbers)
    assert max(numbers) - len(numbers) == sum(dropped.values()), "no hole that is not told of"


def test_a_demonstration_cut_short_judges_nothing_that_is_not_due(tmp_path):
    process = play(tmp_path, "--for", "4s", "--speed", "60")
    out, err = process.communicate(timeout=PATIENCE)
    outcome = json.loads(out)
    assert process.returncode == 0, err
    promised = [printer for printer in outcome["printers"] if printer["expected"] != "no ticket"]
    assert len(promised) == 4
    assert not any(printer["due"] for printer in promised)
