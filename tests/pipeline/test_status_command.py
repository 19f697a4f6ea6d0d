"""`printwarden status` and `tickets` beside a state file; and who is only shown."""

import json
import subprocess
import sys
from contextlib import closing

from loopback import own

from agent import app
from agent.core.clock import Clock
from agent.core.model import Address, Sighting
from agent.core.store import Store
from agent.simulator import models
from agent.tickets.feedback import feedback_store
from uplink.outbox import tables

CREDENTIALS = [
    {"name": "keyed", "version": "3", "user": "mps", "auth_protocol": "SHA256", "auth_password": "correct horse"},
    {
        "name": "sealed", "version": "3", "user": "mps", "auth_protocol": "SHA256", "auth_password": "correct horse",
        "priv_protocol": "AES128", "priv_password": "battery staple",
    },
]  # fmt: skip


def run(verb, config, *arguments):
    command = [sys.executable, "-m", "agent", verb, "--config", str(config), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


COMMANDS = (("tickets",), ("status",), ("outbox", "status"))


def delivery_of(config, command):
    """What a command shows of the only ticket's delivery; a delivered one is on no list of the other two."""
    verb, *more = command
    told = json.loads(run(verb, config, *more, "--json").stdout if not more else run_outbox(config).stdout)
    if verb == "tickets":
        return told[0]["told"]
    return next(iter(told["undelivered"].values()), None)


def run_outbox(config):
    command = [sys.executable, "-m", "agent", "outbox", "status", "--config", str(config), "--json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def hold(tx):
    refused = "refuses every event: answered 400"
    tx.execute("INSERT INTO outbox_destination VALUES ('p', 3, 1, 9e9, ?, 3)", (refused,))


def refuse(tx):
    for row in tx.execute("SELECT seq FROM outbox_event WHERE type = 'mps.ticket/1'").fetchall():
        tables.dead_letter_event(
            tx, row["seq"], "urn:problem-type:mps:event-invalid", "fault.title: missing", 1.0
        )


DELIVERIES = (
    (hold, "waiting: refuses every event: answered 400"),
    (refuse, "refused by the provider: fault.title: missing (urn:problem-type:mps:event-invalid)"),
)


async def test_status_shows_the_fleet_and_says_what_each_credential_protects(site_of, shop, tmp_path):
    clock = Clock.scaled(7200)
    fleet = shop(own("0.1"), (models.RICOH_C3000, "fuser_fails", ()), clock=clock)
    network = {"cidr": own("0.0/28"), "snmp_port": fleet.members[0].address.port}
    used = [network | {"credentials": ["public", "keyed", "sealed"]}]
    async with site_of(fleet, own("0.0/28"), clock, network=used, credential=CREDENTIALS) as site:
        await site.find()
        await site.live(hours=6, every=0.25)
        database = site.agent.config.database_path
    config, cidr = tmp_path / "config.toml", network["cidr"]
    config.write_text(
        f'[[network]]\ncidr = "{cidr}"\ncredentials = ["public", "keyed", "sealed"]\n'
        f'[storage]\nfolder = "{database.parent}"\n'
        '[[credential]]\nname = "keyed"\nversion = "3"\nuser = "mps"\nauth_protocol = "SHA256"\n'
        'auth_password = "correct horse"\n[[credential]]\nname = "sealed"\nversion = "3"\nuser = "mps"\n'
        'auth_protocol = "SHA256"\nauth_password = "correct horse"\npriv_protocol = "AES128"\n'
        'priv_password = "battery staple"\n'
    )
    config.chmod(0o600)
    told = json.loads(run("status", config, "--json").stdout)
    assert told["credentials"] == {"public": "clear text", "keyed": "authenticated", "sealed": "encrypted"}
    (printer,) = told["printers"]
    assert printer["device"] == f"sn:{models.RICOH_C3000.serial}"
    assert printer["state"].startswith("down: serviceRequested")
    assert told["outbox"]["tickets_waiting"] >= 1
    said = run("status", config).stdout
    assert "sealed (encrypted)" in said
    assert "battery" not in said
    (ticket,) = json.loads(run("tickets", config, "--json").stdout)
    assert (ticket["fault"], ticket["told"]) == ("fuser.failure", "waiting")
    assert told["undelivered"] == {ticket["id"]: ticket["told"]}
    for change, delivery in DELIVERIES:
        with closing(Store(database, app.MIGRATIONS)) as store, store.transaction() as tx:
            change(tx)
        assert {command: delivery_of(config, command) for command in COMMANDS} == dict.fromkeys(
            COMMANDS, delivery
        )
    said = {"ticket_id": ticket["id"], "provider_ticket_no": "T-88123", "status": "acknowledged"}
    with closing(Store(database, app.MIGRATIONS)) as store, store.transaction() as tx:
        feedback_store.save_feedback(tx, [said], clock.now())
    for which in (ticket["ticket"], ticket["id"], models.RICOH_C3000.serial.lower()):
        packet = run("ticket", config, which).stdout
        assert "SC542, markerFuserThermistorFailure (1004), marker 1, for fieldService" in packet
        assert "Black Toner" in packet
        assert "T-88123, acknowledged" in packet
    assert json.loads(run("ticket", config, ticket["id"], "--json").stdout)["ticket_id"] == ticket["id"]
    unknown = run("ticket", config, "nobody")
    assert (unknown.returncode, 'there is no ticket for "nobody"' in unknown.stderr) == (2, True)


async def test_who_announces_itself_outside_the_networks_is_shown_and_never_asked(site_of, shop):
    fleet = shop(own("1.1"), (models.HP_M507, "healthy", ()), (models.LEXMARK_MS521, "healthy", ()))
    networks = [{"cidr": own("1.1/32"), "snmp_port": fleet.members[0].address.port}]
    async with site_of(fleet, own("1.0/28"), network=networks) as site:
        address = Address(own("1.2"), fleet.members[1].address.port)
        seen = Sighting(
            address=address, via="mdns", at=site.agent.clock.now(), is_printer=True, model="MS521dn"
        )
        assert await site.agent.discovery.identify_sighting(seen) == "outside"
        await site.find()
        assert not fleet.count_packets(own("1.2"))
        assert fleet.count_packets(own("1.1"))
