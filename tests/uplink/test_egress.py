"""What leaves the site is what customer IT lets leave; and the journal shows every word of it."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent import audit, cli, egress
from agent.egress import Rules
from agent.model import Address, Device, Impact, TicketEvent
from agent.report import Sender
from agent.store import Store
from uplink import events, outbox, views

DEVICE = Device(
    key="mac:001122334455",
    address=Address("192.168.10.31", 161),
    vendor="Maker",
    model="C 3000",
    mac="001122334455",
    location="Floor 2 / Accounts",
)
EVENT = TicketEvent(
    ticket_id="T1",
    ticket_seq=1,
    event="open",
    dedupe_key="mac:001122334455|fuser.failure|fuser:1|e1",
    at=1.79e9,
    opened_at=1.79e9,
    device=DEVICE,
    fault="fuser.failure",
    component="fuser:1",
    impact=Impact.DEVICE_DOWN,
    severity="critical",
    rule="fuser-down",
    title="Fuser failure: Maker C 3000 (192.168.10.31) at Floor 2 / Accounts",
    evidence={"seen": ["192.168.10.31 answered", 3], "where": {"of": "Floor 2 / Accounts"}},
)
TABLES = {"outbox": outbox.SCHEMA, "egress": egress.SCHEMA}
SECRETS = ("192.168.10.31", "001122334455", "Floor 2")


def sent(store: Store, rules: Rules) -> str:
    """The bytes on their way, and all that is on disk of them, as text."""
    sender = Sender(site_id="S-04", agent_id="a-7f3c", egress=rules)
    with store.transaction() as tx:
        sender.ticket(tx, EVENT)
        batch = outbox.next_batch(tx, source="/a", now=1.0)
        assert batch is not None
        journal = json.dumps([dict(message.data) for message in egress.tail(tx, 10)])
        (entry,) = views.pending(tx)
        events.check("mps.ticket/1", entry.data)
    return batch.body.decode() + journal


@pytest.fixture
def box(tmp_path: Path) -> Store:
    return Store(tmp_path / "state" / "printwarden.db", TABLES)


def test_by_default_a_ticket_says_where_the_printer_is(box: Store) -> None:
    with closing(box):
        told = sent(box, Rules())
    assert all(secret in told for secret in SECRETS)


def test_what_is_removed_is_nowhere_not_even_in_titles_and_evidence(box: Store) -> None:
    with closing(box):
        told = sent(box, Rules(remove=frozenset({"ip", "mac", "location"})))
    assert not any(secret in told for secret in SECRETS)
    assert '"removed":["device.ip","device.location","device.mac"]' in told
    assert "Fuser failure: Maker C 3000 ([removed]) at [removed]" in told


def test_what_is_masked_keeps_its_first_part(box: Store) -> None:
    with closing(box):
        told = sent(box, Rules(mask=frozenset({"ip", "mac"})))
    assert "192.168.10.x" in told
    assert "001122xxxxxx" in told
    assert "192.168.10.31" not in told
    assert "001122334455" not in told


def test_the_same_ticket_keeps_the_same_dedupe_key_when_its_mac_is_removed() -> None:
    rules = Rules(remove=frozenset({"mac"}))
    first, again = (
        rules.apply({"dedupe_key": f"mac:{DEVICE.mac}|f|c|e1", "device": {}}, DEVICE)["dedupe_key"]
        for _ in range(2)
    )
    other = rules.apply({"dedupe_key": "mac:665544332211|f|c|e1", "device": {}}, DEVICE)["dedupe_key"]
    assert first == again
    assert first != other


def test_the_journal_keeps_the_newest(box: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "KEPT", 10)
    with closing(box), box.transaction() as tx:
        for number in range(1, 30):
            egress.note(tx, number, at=1.0, kind="t/1", subject="s", data={"n": number})
        assert [message.number for message in egress.tail(tx, 100)] == list(range(20, 30))


@pytest.mark.parametrize("state", ["waiting", "gone out"])
def test_the_command_shows_every_field_and_what_was_removed(box: Store, tmp_path: Path, state: str) -> None:
    with closing(box):
        sent(box, Rules(remove=frozenset({"ip"})))
        if state == "gone out":
            with box.transaction() as tx:
                tx.execute("DELETE FROM outbox_event")
    config = tmp_path / "config.toml"
    config.write_text('[storage]\nfolder = "state"\n')
    run = CliRunner()
    listed = run.invoke(cli.build(["egress"]), ["egress", "tail", "--config", str(config), "--json"])
    assert [message["state"] for message in json.loads(listed.stdout)] == [state]
    shown = run.invoke(cli.build(["egress"]), ["egress", "show", "1", "--config", str(config)])
    assert shown.exit_code == 0, shown.stdout
    assert "removed by [egress]" in shown.stdout
    assert "device.location" in shown.stdout
    assert run.invoke(cli.build(["egress"]), ["egress", "show", "9", "--config", str(config)]).exit_code == 2


def test_the_dead_letter_commands(box: Store, tmp_path: Path) -> None:
    with closing(box):
        sent(box, Rules())
        with box.transaction() as tx:
            outbox.rows.bury(tx, 1, "urn:no", "will not have it", 1.0)
    (tmp_path / "config.toml").write_text('[storage]\nfolder = "state"\n')
    config = ["--config", str(tmp_path / "config.toml")]

    def run(*words: str) -> str:
        done = CliRunner().invoke(cli.build(["outbox"]), ["outbox", *words, *config])
        assert done.exit_code == 0, (done.stdout, done.exception)
        return done.stdout

    assert "urn:no" in run("dead", "list")
    assert json.loads(run("dead", "show", "1"))["detail"] == "will not have it"
    run("dead", "export", str(tmp_path / "dead.jsonl"))
    assert json.loads((tmp_path / "dead.jsonl").read_text())["subject"] == "T1"
    assert json.loads(run("status", "--json"))["dead"] == {"tickets": 1}


def test_a_changed_audit_log_shows(tmp_path: Path) -> None:
    for number in range(5):
        audit.note(tmp_path, "rules in force", rules=number)
    assert audit.broken(tmp_path) == []
    file = tmp_path / "audit.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:2], *lines[3:]]) + "\n")
    assert audit.broken(tmp_path) == [3]
    assert [line["rules"] for line in audit.read(tmp_path)] == [0, 1, 3, 4]


def test_a_journal_of_another_kind_of_text_is_kept_readable(box: Store) -> None:
    with closing(box), box.transaction() as tx:
        egress.note(tx, 1, at=1.0, kind="t/1", subject="s", data={"odd": "\ud800 \x00 ß"})
        message = egress.show(tx, 1)
        assert message is not None
        assert dict(message.fields()) == {"odd": "? \x00 ß"}
