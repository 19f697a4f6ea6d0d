"""An agent of commit c4318cf, the last one with the first contract, works against this receiver.

Its own code is taken from the history of this repository and runs in a process of its own.
"""

import asyncio
import io
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from uplink.receiver.app import create_app
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app

ROOT, COMMIT = Path(__file__).parents[2], "c4318cf"
AGENT = """
import asyncio, sys
from pathlib import Path
from random import Random
from agent.clock import Clock
from agent.store import Store
from uplink import outbox, views
from uplink.delivery import Delivery
from uplink.envelope import Envelope, Lane
from uplink.targets import https

def ticket(name, seq, event, episode):
    return {"schema": "mps.ticket/1", "event": event, "ticket_id": name, "ticket_seq": seq,
        "idempotency_key": f"{name}:{seq}", "dedupe_key": f"sn:1|fuser.failure|fuser:1|e{episode}",
        "kind": "break_fix", "observed_at": f"2026-11-20T21:3{seq}:04Z", "opened_at": "2026-11-20T21:30:04Z",
        "agent": {"agent_id": None, "version": "0.9", "site_id": "S-04"}, "device": {"device_key": "sn:1"},
        "fault": {"fault_key": "fuser.failure", "title": "Fuser failure", "impact": "device_down"},
        "rule": {"rule_id": "fuser-down"}, "evidence": {}}

async def main(url, folder):
    store = Store(Path(folder) / "agent.db", {"outbox": outbox.SCHEMA})
    target = https.connect(https.Settings(url=f"{url}/v1/events", insecure_loopback=True))
    delivery = Delivery(target, store, Clock.scaled(2000), source="/sites/S-04", dice=Random(1))
    steps = [ticket("T1", 1, "open", 1), ticket("T1", 2, "clear", 1), ticket("T2", 1, "open", 2),
        ticket("T3", 1, "open", 1)]  # the last as one that was installed anew: its counter begins again
    for at, data in enumerate(steps):
        one = Envelope(lane=Lane.TICKETS, type=data["schema"], subject=data["ticket_id"], time=1.7e9 + at, data=data)
        await store.run(lambda tx, one=one: outbox.put(tx, one))
    running = asyncio.create_task(delivery.run())
    async with asyncio.timeout(60):
        while (await store.run(views.counts)).pending:
            await asyncio.sleep(0.01)
    running.cancel()
    counts = await store.run(views.counts)
    print(sum(counts.delivered.values()), sum(counts.dead.values()))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def older_agent(tmp_path: Path) -> Path:
    """The packages of that commit, in a folder."""
    command = ["git", "-C", str(ROOT), "archive", COMMIT, "agent", "uplink"]
    packed = subprocess.run(command, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip("no history here: this is not a checkout of the repository")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(tmp_path / "older", filter="data")
    (tmp_path / "older" / "main.py").write_text(AGENT)
    return tmp_path / "older"


async def test_an_older_agent_delivers_and_its_keys_are_taken_as_they_are(
    tmp_path: Path, older_agent: Path
) -> None:
    async with serve_app(create_app(tmp_path / "r.db")) as url:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "main.py", url, str(tmp_path), cwd=older_agent,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, error = await asyncio.wait_for(process.communicate(), 90)
    assert said.split() == [b"4", b"0"], error.decode()
    with closing(EventStore(tmp_path / "r.db")) as store:
        rows = {row["ticket_id"]: (row["event"], row["aliases"]) for row in store.list_tickets()}
    assert rows == {"T1": ("open", ["T1", "T3"]), "T2": ("open", ["T2"])}
