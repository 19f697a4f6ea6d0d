"""What leaves the site is what customer IT lets leave; and the journal shows every word of it."""

import hashlib
import hmac
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent import cli
from agent.app import MIGRATIONS
from agent.core import audit
from agent.core.health import Health
from agent.core.model import Address, Device, Impact, TicketEvent
from agent.core.store import Store
from agent.reporting import journal
from agent.reporting.privacy import PrivacyRules
from agent.reporting.sender import Sender
from uplink import events
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Envelope, Lane

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
SECRETS = ("192.168.10.31", "001122334455", "Floor 2")


def sent(store: Store, rules: PrivacyRules) -> str:
    """The bytes on their way, and all that is on disk of them, as text."""
    sender = Sender(site_id="S-04", agent_id="a-7f3c", privacy=rules)
    with store.transaction() as tx:
        sender.queue_ticket(tx, EVENT)
        batch = outbox.next_batch(tx, source="/a", now=1.0)
        assert batch is not None
        journaled = json.dumps([dict(message.data) for message in journal.load_newest(tx, 10)])
        (entry,) = queries.list_pending(tx)
        events.check_event("mps.ticket/1", entry.data)
    return batch.body.decode() + journaled


def message(data: dict[str, object]) -> Envelope:
    return Envelope(lane=Lane.TICKETS, type="t/1", subject="s", time=1.0, data=data)


@pytest.fixture
def box(tmp_path: Path) -> Store:
    return Store(tmp_path / "state" / "printwarden.db", MIGRATIONS)


def test_by_default_a_ticket_says_where_the_printer_is(box: Store) -> None:
    with closing(box):
        told = sent(box, PrivacyRules())
    assert all(secret in told for secret in SECRETS)


def test_what_is_removed_is_nowhere_not_even_in_titles_and_evidence(box: Store) -> None:
    with closing(box):
        told = sent(box, PrivacyRules(remove=frozenset({"ip", "mac", "location"})))
    assert not any(secret in told for secret in SECRETS)
    assert '"removed":["device.ip","device.location","device.mac"]' in told
    assert "Fuser failure: Maker C 3000 ([removed]) at [removed]" in told


@pytest.mark.parametrize("hostname", ["C 3000", "c 3000", "Maker", "A7PY021004711"])
def test_removing_a_host_name_or_location_never_takes_the_model_away(hostname: str) -> None:
    """Many printers are named by their model, or by their serial number, from the factory."""
    device = replace(DEVICE, hostname=hostname, location=hostname, serial="A7PY021004711")
    data = {
        "device": {"make": "Maker", "model": "C 3000", "serial": device.serial, "hostname": hostname},
        "title": f"Drum of Maker C 3000 ({device.serial})",
    }
    rules = PrivacyRules(remove=frozenset({"hostname", "location"}))
    cleaned = rules.filter_message(data, device)
    assert cleaned["title"] == data["title"]
    assert cleaned["device"] == data["device"] | {"hostname": None}
    named = rules.filter_message(
        data | {"title": "at bobs-printer"}, replace(device, hostname="bobs-printer")
    )
    assert named["title"] == "at [removed]", "any other name goes"


def test_what_is_masked_keeps_its_first_part(box: Store) -> None:
    with closing(box):
        told = sent(box, PrivacyRules(mask=frozenset({"ip", "mac"})))
    assert "192.168.10.x" in told
    assert "001122xxxxxx" in told
    assert "192.168.10.31" not in told
    assert "001122334455" not in told


def test_the_same_ticket_keeps_the_same_dedupe_key_when_its_mac_is_removed() -> None:
    rules = PrivacyRules(remove=frozenset({"mac"}))
    first, again = (
        rules.filter_message({"dedupe_key": f"mac:{DEVICE.mac}|f|c|e1", "device": {}}, DEVICE)["dedupe_key"]
        for _ in range(2)
    )
    other = rules.filter_message({"dedupe_key": "mac:665544332211|f|c|e1", "device": {}}, DEVICE)[
        "dedupe_key"
    ]
    assert first == again
    assert first != other


def guess_mac(fingerprint: str, keys: list[bytes]) -> str | None:
    """Try every MAC of one maker's small range, by the digests that an outsider knows, and these keys."""
    for suffix in range(1 << 12):
        mac = f"001122334{suffix:03x}"
        digests = [hashlib.sha256(mac.encode()), hashlib.blake2b(mac.encode(), digest_size=6)]
        found = {one.hexdigest() for one in digests} | {
            hmac.digest(key, mac.encode(), "sha256").hex() for key in keys
        }
        if any(one.startswith(fingerprint) for one in found):
            return mac
    return None


@pytest.mark.parametrize("how", ["mask", "remove"])
def test_a_masked_mac_cannot_be_computed_and_is_the_same_under_the_same_key(how: str) -> None:
    def leaving(key: bytes) -> str:
        rules = PrivacyRules(**{how: frozenset({"mac"})}, site_key=key)
        data = {"device": {"device_key": DEVICE.key, "mac": DEVICE.mac}, "subject": DEVICE.key}
        cleaned = rules.filter_message(data, DEVICE)
        assert cleaned["subject"] == cleaned["device"]["device_key"]
        assert DEVICE.mac not in json.dumps(cleaned)
        return str(cleaned["device"]["device_key"]).removeprefix("mac:")

    ours = leaving(b"k" * 32)
    assert len(ours) * 4 >= 96
    assert leaving(b"k" * 32) == ours, "a second agent with the same key"
    assert leaving(b"j" * 32) != ours, "another site"
    assert guess_mac(ours, [b"", b"printwarden"]) is None
    assert guess_mac(ours, [b"k" * 32]) == DEVICE.mac, "the control: with the key it is found"


def test_the_key_of_another_printer_is_a_fingerprint_too() -> None:
    rules = PrivacyRules(mask=frozenset({"mac"}), site_key=b"k" * 32)
    data = {"device": {}, "inventory": {"replaces": "mac:665544332211"}, "title": "was mac:665544332211"}
    assert "665544332211" not in json.dumps(rules.filter_message(data, DEVICE))


def test_the_journal_keeps_the_newest(box: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "JOURNAL_SIZE", 10)
    with closing(box), box.transaction() as tx:
        for number in range(1, 30):
            journal.save_message(tx, number, message({"n": number}))
        assert [message.number for message in journal.load_newest(tx, 100)] == list(range(20, 30))


@pytest.mark.parametrize("state", ["waiting", "gone out"])
def test_the_command_shows_every_field_and_what_was_removed(box: Store, tmp_path: Path, state: str) -> None:
    with closing(box):
        sent(box, PrivacyRules(remove=frozenset({"ip"})))
        if state == "gone out":
            with box.transaction() as tx:
                tx.execute("DELETE FROM outbox_event")
    config = tmp_path / "config.toml"
    config.write_text('[storage]\nfolder = "state"\n')
    run = CliRunner()
    listed = run.invoke(cli.build_cli(["egress"]), ["egress", "tail", "--config", str(config), "--json"])
    assert [message["state"] for message in json.loads(listed.stdout)] == [state]
    shown = run.invoke(cli.build_cli(["egress"]), ["egress", "show", "1", "--config", str(config)])
    assert shown.exit_code == 0, shown.stdout
    assert "removed by [egress]" in shown.stdout
    assert "device.location" in shown.stdout
    assert (
        run.invoke(cli.build_cli(["egress"]), ["egress", "show", "9", "--config", str(config)]).exit_code == 2
    )


def test_the_dead_letter_commands(box: Store, tmp_path: Path) -> None:
    with closing(box):
        sent(box, PrivacyRules())
        with box.transaction() as tx:
            outbox.tables.dead_letter_event(tx, 1, "urn:no", "will not have it", 1.0)
    (tmp_path / "config.toml").write_text('[storage]\nfolder = "state"\n')
    config = ["--config", str(tmp_path / "config.toml")]

    def run(*words: str) -> str:
        done = CliRunner().invoke(cli.build_cli(["outbox"]), ["outbox", *words, *config])
        assert done.exit_code == 0, (done.stdout, done.exception)
        return done.stdout

    assert "urn:no" in run("dead", "list")
    assert json.loads(run("dead", "show", "1"))["detail"] == "will not have it"
    run("dead", "export", str(tmp_path / "dead.jsonl"))
    assert json.loads((tmp_path / "dead.jsonl").read_text())["subject"] == "T1"
    assert json.loads(run("status", "--json"))["dead"] == {"tickets": 1}


def test_a_changed_audit_log_shows(tmp_path: Path) -> None:
    for number in range(5):
        audit.append_entry(tmp_path, "rules in force", rules=number)
    assert audit.find_altered_lines(tmp_path) == []
    file = tmp_path / "audit.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:2], *lines[3:]]) + "\n")
    assert audit.find_altered_lines(tmp_path) == [3]
    assert [line["rules"] for line in audit.read_entries(tmp_path)] == [0, 1, 3, 4]


def test_a_journal_of_another_kind_of_text_is_kept_readable(box: Store) -> None:
    with closing(box), box.transaction() as tx:
        journal.save_message(tx, 1, message({"odd": "\ud800 \x00 ß"}))
        shown = journal.load_message(tx, 1)
        assert shown is not None
        assert dict(shown.list_values()) == {"odd": "? \x00 ß"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("192.168.10.31", ""), ("at 192.168.10.31.", "192"), ("192.168.10.311", None), ("1192.168.10.31", None),
        ("00:11:22:33:44:55", "44"), ("00-11-22-33-44-55", "44"), ("0011.2233.4455", "44"), ("00112233445566", None),
        ("PRN-LEGAL-2", "LEGAL"), ("prn-legal-2", "legal"), ("prn-legal-2.corp.example:80", "corp"),
        ("PRN-LEGAL-22", None), ("Floor 2 / Accounts", "Floor"), ("FLOOR 2 / ACCOUNTS!", "FLOOR"),
    ],
)  # fmt: skip
def test_a_value_is_found_however_it_is_written_and_nothing_else_is(text: str, left: str | None) -> None:
    """`left`: what must not be left; None: the text is another value, and stays."""
    rules = PrivacyRules(remove=frozenset({"ip", "mac", "hostname", "location"}))
    device = replace(DEVICE, hostname="PRN-LEGAL-2")
    told = rules.filter_message({"evidence": {"seen": [f"({text})"]}}, device)["evidence"]["seen"][0]
    if left is None:
        assert told == f"({text})"
    else:
        assert "[removed]" in told
        assert not left or left not in told


def test_names_that_are_our_own_are_left_alone() -> None:
    told = PrivacyRules(remove=frozenset({"location"})).filter_message(
        {"ticket_id": "T1", "idempotency_key": "T1:2", "title": "tray 2"}, replace(DEVICE, location="2")
    )
    assert (told["idempotency_key"], told["title"]) == ("T1:2", "tray [removed]")


@pytest.mark.parametrize(
    ("complaint", "told"),
    [
        ('/etc/printwarden/config.toml:6: network[1].cidr: "192.168.1.7/24" has host bits set\n    did you mean 10.0.0.0/8?',
         "config.toml:6: network[1].cidr"),
        ("/home/erika/config.toml: there is no such file", "the configuration"),
        ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_heartbeat_says_where_a_configuration_is_wrong_and_not_what_is_in_it(
    box: Store, complaint: str | None, told: str | None
) -> None:
    with closing(box), box.transaction() as tx:
        Sender(site_id="S-04").queue_heartbeat(tx, 1.79e9, Health(version="1", config_complaint=complaint))
        (entry,) = queries.list_pending(tx)
        events.check_event("mps.agent_health/1", entry.data)
    assert entry.data["config_complaint"] == told
