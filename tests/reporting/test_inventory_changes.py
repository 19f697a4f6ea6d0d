"""What a printer is, is told when it is met and when it changed; and not when nothing changed."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from agent.core.model import Address, Device, Facts, Identity, Marker, Snapshot, Supply, Tray, Vague
from agent.core.store import Store
from agent.pipeline import device_events
from agent.reporting import inventory_changes, journal, privacy, supply_stages
from agent.reporting.privacy import PrivacyRules
from agent.reporting.sender import Sender
from uplink import events
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Lane
from uplink.provider.capabilities import Capabilities

DEVICE = Device(
    key="mac:001122334455", address=Address("192.168.10.31"), vendor="Maker", model="C 3000", mac="001122334455",
    hostname="PRN-LEGAL-2", location="Floor 2 / Accounts", first_seen=1.7e9,
)  # fmt: skip
TONER = Supply(index="1.1", type="toner", kind="consumed", colour="black", level=80, max=100, serial="C1")
TRAY = Tray(index="1.1", name="Tray 1", level=20, max=500, media="A4")
WHOLE = Snapshot(
    address=DEVICE.address, at=1.79e9, identity=Identity(description="Maker C 3000 at PRN-LEGAL-2.corp.example"),
    supplies=(TONER,), inputs=(TRAY,), outputs=(), markers=(Marker(index="1.1", technology="electrophotographicLaser"),),
)  # fmt: skip
TABLES = {
    "outbox": outbox.SCHEMA,
    "egress": journal.SCHEMA,
    "inventory_changes": inventory_changes.SCHEMA,
    "supply_stages": supply_stages.SCHEMA,
}


@pytest.fixture
def tx(tmp_path):
    with closing(Store(tmp_path / "s.db", TABLES)) as store, store.transaction() as opened:
        yield opened


def sender(**more):
    return Sender(site_id="S-04", agent_id="a-1", **more)


def tell(tx: sqlite3.Connection, snapshot: Snapshot, device: Device = DEVICE, speaker: Sender | None = None):
    """What is told of the printer after this reading: (type, reason)."""
    before = {entry.id for entry in queries.list_pending(tx)}
    known = Facts(device=device, now=snapshot.at, supplies=snapshot.supplies)
    device_events.queue_changes(tx, speaker or sender(), device, snapshot, known)
    fresh = [entry for entry in queries.list_pending(tx) if entry.id not in before]
    for entry in fresh:
        events.check_event(entry.type, entry.data)
    return [(entry.type.split(".")[1].split("/")[0], entry.data["reason"]) for entry in fresh]


NEWS = [
    ("the same again", {}, {}, False),
    ("a level fell", {"supplies": (replace(TONER, level=79),)}, {}, False),
    ("another paper", {"inputs": (replace(TRAY, media="A5", level=500),)}, {}, False),
    ("only the alerts were read", {"supplies": None, "inputs": None, "outputs": None, "markers": None}, {}, False),
    ("another order of rows", {"supplies": (TONER, replace(TONER, index="1.2"))[::-1]}, {}, True),
    ("another cartridge", {"supplies": (replace(TONER, serial="C2"),)}, {}, True),
    ("a tray was added", {"inputs": (TRAY, replace(TRAY, index="1.2"))}, {}, True),
    ("new firmware", {}, {"firmware": "2.0"}, True),
    ("another address", {}, {"address": Address("192.168.10.99")}, True),
    ("moved", {}, {"location": "Cellar"}, True),
    ("another name", {}, {"hostname": "prn-x"}, True),
    ("seen later", {}, {"last_seen": 1.8e9}, False),
]  # fmt: skip


@pytest.mark.parametrize(("read", "device", "told"), [row[1:] for row in NEWS], ids=[row[0] for row in NEWS])
def test_a_change_is_told_once_and_nothing_else_is(tx: sqlite3.Connection, read, device, told):
    assert tell(tx, WHOLE) == [("device_inventory", "new")]
    later, now = replace(WHOLE, **read), replace(DEVICE, **device)
    pictures = [one for one in tell(tx, later, now) if one[0] == "device_inventory"]
    assert pictures == ([("device_inventory", "changed")] if told else [])
    assert tell(tx, later, now) == []


def test_rows_in_another_order_are_the_same_rows(tx: sqlite3.Connection):
    two = (TONER, replace(TONER, index="1.2"))
    tell(tx, replace(WHOLE, supplies=two))
    assert tell(tx, replace(WHOLE, supplies=two[::-1])) == []


def test_the_newest_stands_for_the_ones_that_wait(tx: sqlite3.Connection):
    tell(tx, WHOLE)
    tell(tx, WHOLE, replace(DEVICE, firmware="2.0"))
    (entry,) = queries.list_pending(tx)
    assert (entry.lane, entry.data["device"]["firmware"]) == (Lane.HEARTBEAT, "2.0")


def test_what_the_provider_does_not_know_is_not_sent_and_told_once_it_does(tx: sqlite3.Connection):
    deaf = sender(load_capabilities=lambda _: Capabilities())
    low = replace(WHOLE, supplies=(replace(TONER, level=5),))
    assert tell(tx, low, speaker=deaf) == []
    assert tell(tx, low) == [("device_inventory", "new"), ("supply_order_hint", "stage")]


def test_silence_tells_nothing(tx: sqlite3.Connection):
    assert tell(tx, Snapshot(address=DEVICE.address, at=1.79e9, reachable=False)) == []


def test_a_capacity_that_is_no_number_is_null(tx: sqlite3.Connection):
    tell(tx, replace(WHOLE, inputs=(replace(TRAY, max=Vague.UNKNOWN),)))
    (entry,) = queries.list_pending(tx)
    assert entry.data["inventory"]["inputs"] == [
        {"index": "1.1", "name": "Tray 1", "type": None, "capacity": None}
    ]


SECRETS = ("192.168.10.31", "001122334455", "prn-legal-2", "floor 2")


def test_what_customer_it_takes_out_is_in_no_message_no_subject_and_no_journal(tx: sqlite3.Connection):
    careful = sender(privacy=PrivacyRules(remove=frozenset({"ip", "mac", "hostname", "location"})))
    low = replace(WHOLE, supplies=(replace(TONER, level=5, description="Toner of PRN-LEGAL-2"),))
    assert len(tell(tx, low, speaker=careful)) == 2
    rows = [tuple(row) for row in tx.execute("SELECT * FROM outbox_event")]
    rows += [tuple(row) for row in tx.execute("SELECT * FROM egress")]
    assert not [secret for secret in SECRETS if secret in str(rows).lower()]
    assert tell(tx, low, speaker=careful) == [], "nothing that shows has changed"
    moved = replace(DEVICE, address=Address("192.168.10.77"), location="Cellar")
    assert tell(tx, low, moved, careful) == [], "what does not show is no news"


def test_by_default_they_are_all_told(tx: sqlite3.Connection):
    tell(tx, WHOLE)
    rows = [tuple(row) for row in tx.execute("SELECT * FROM outbox_event")]
    assert all(secret in str(rows).lower() for secret in SECRETS)


def last_event(tx):
    *_, newest = queries.list_pending(tx)
    return newest.data


def test_the_provider_is_told_the_old_key_once(tx):
    """Until 0.1 a masked MAC left as a digest without a secret: the provider knows the printer by it."""
    hidden = PrivacyRules(mask=frozenset({"mac"}), site_key=b"k" * 32)
    tell(tx, WHOLE, speaker=sender(privacy=hidden))
    old = privacy.legacy_key(DEVICE)
    (sent,) = tx.execute("SELECT sent FROM device_inventory_sent").fetchone()
    new = json.loads(sent)["device"]["device_key"]
    tx.execute("UPDATE device_inventory_sent SET sent = ?", (sent.replace(new, old),))

    assert tell(tx, WHOLE, speaker=sender(privacy=hidden)) == [("device_inventory", "changed")]
    assert last_event(tx)["inventory"]["replaces"] == old
    assert tell(tx, WHOLE, speaker=sender(privacy=hidden)) == []
    moved = replace(WHOLE, inputs=(TRAY, replace(TRAY, index="1.2")))
    assert tell(tx, moved, speaker=sender(privacy=hidden)) == [("device_inventory", "changed")]
    assert last_event(tx)["inventory"].get("replaces") is None, "once"


def test_a_key_that_shows_the_mac_is_not_sent_again_to_say_what_it_was(tx):
    tell(tx, WHOLE)
    hidden = PrivacyRules(mask=frozenset({"mac"}), site_key=b"k" * 32)
    assert tell(tx, WHOLE, speaker=sender(privacy=hidden)) == [("device_inventory", "changed")]
    assert DEVICE.mac not in json.dumps(last_event(tx))
