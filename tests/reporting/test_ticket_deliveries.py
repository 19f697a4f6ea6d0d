"""`tickets`, `status` and `outbox` say the same of each ticket: what it waits for, whether it joined, why it was refused."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent import app, cli
from agent.core.model import Address, Change, ChangeKind, Device, GroupingPolicy, Impact
from agent.core.store import Store
from agent.reporting import ticket_deliveries
from agent.reporting.sender import Sender
from agent.tickets import grouping
from uplink.delivery import destination_state
from uplink.delivery.destination_state import DestinationState
from uplink.outbox import queries, tables

AT = 1_795_210_204.0
CONFIG = '[storage]\nfolder = "state"\n[site]\nid = "S-1"\n'
EXPECTED = {
    "waiting": "waiting: answered 503", "delivered": "delivered", "joined": "joined: T-OF-ANOTHER",
    "withheld": "no room in the outbox", "refused": "refused by the provider: no such printer (urn:x)",
    "unsendable": "cannot be sent: the payload has 70000 bytes",
    "grouped": "waiting for others of its group", "never sent": "over before it was sent",
}  # fmt: skip


def open_ticket(tx: sqlite3.Connection, name: str, **policy: Any) -> str:
    """A ticket on a printer of this name, queued where its group lets it; its id."""
    device = Device(key=f"sn:{name}", address=Address("192.0.2.1"), serial=name)
    change = Change(
        kind=ChangeKind.OPENED, at=AT, device=device, rule="r", subject="", fault="fuser.failure", component="fuser:1",
        impact=Impact.DEGRADED, severity="high", title=name, since=AT, grouping=GroupingPolicy(site="S-1", **policy),
    )  # fmt: skip
    for event in grouping.apply_changes(tx, [change]):
        Sender(site_id="S-1").queue_ticket(tx, event)
    if name == "never sent":
        grouping.apply_changes(tx, [Change(**{**vars_of(change), "kind": ChangeKind.RESOLVED})])
    (row,) = tx.execute("SELECT id FROM ticket WHERE device = ?", (device.key,)).fetchall()
    return str(row["id"])


def vars_of(change: Change) -> dict[str, Any]:
    return {name: getattr(change, name) for name in Change.__dataclass_fields__}


def settle(tx: sqlite3.Connection, name: str, ticket: str) -> None:
    """Let the event of a ticket come as far as its name says."""
    if name in {"waiting", "grouped", "never sent"}:
        return
    (row,) = tx.execute(
        "SELECT seq, lane, LENGTH(data) AS size FROM outbox_event WHERE subject = ?", (ticket,)
    ).fetchall()
    problems = {
        "refused": ("urn:x", "no such printer"),
        "unsendable": (tables.OVERSIZED_PROBLEM, "the payload has 70000 bytes"),
    }
    if name in problems:
        tables.dead_letter_event(tx, row["seq"], *problems[name], AT)
        return
    tables.remove_delivered(tx, [row])
    if name == "withheld":
        tx.execute("INSERT INTO outbox_withheld VALUES (?, 'mps.ticket/1', ?)", (ticket, AT))
    if name == "joined":
        tx.execute("INSERT INTO outbox_joined VALUES (?, 'T-OF-ANOTHER')", (ticket,))


def open_state(folder: Path) -> Store:
    return Store(folder / "state" / "printwarden.db", app.MIGRATIONS)


@pytest.fixture
def site(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A site with one ticket of each kind; (configuration, ticket ids by name)."""
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "config.toml").chmod(0o600)
    store = open_state(tmp_path)
    with store.transaction() as tx:
        waits: dict[str, Any] = {"by": ("site",), "wait": 9e9}
        ids = {
            name: open_ticket(tx, name, **(waits if name in {"grouped", "never sent"} else {}))
            for name in EXPECTED
        }
        for name, ticket in ids.items():
            settle(tx, name, ticket)
        destination_state.save_destination(
            tx, DestinationState(name="p", failures=1, due=AT, reason="answered 503")
        )
    store.close()
    return tmp_path / "config.toml", ids


def told(*words: str) -> Any:
    done = CliRunner().invoke(cli.build_cli(), list(words))
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) if "--json" in words else done.stdout


def test_the_three_commands_say_the_same_of_each_ticket(site: tuple[Path, dict[str, str]]) -> None:
    config, ids = site
    names = {ticket: name for name, ticket in ids.items()}
    shown = {
        names[row["id"]]: row["told"]
        for row in told("tickets", "--days", "9999", "--config", str(config), "--json")
    }
    assert shown == EXPECTED
    for words in (("status",), ("outbox", "status")):
        listed = told(*words, "--config", str(config), "--json")["undelivered"]
        found = {names[ticket]: text for ticket, text in listed.items()}
        assert {name: found.get(name, "delivered") for name in EXPECTED if name != "never sent"} == {
            name: text for name, text in EXPECTED.items() if name != "never sent"
        }
        plain = told(*words, "--config", str(config))
        for ticket, text in listed.items():
            assert f"ticket {ticket[-8:]}: {text}" in plain


def test_what_is_beyond_the_first_twenty_is_counted(
    site: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    config, _ = site
    store = open_state(tmp_path)
    with store.transaction() as tx:
        for number in range(30):
            open_ticket(tx, f"more {number}")
        assert len(ticket_deliveries.list_noteworthy(tx)) == 36
    store.close()
    assert "and 16 more tickets" in told("outbox", "status", "--config", str(config))


def test_each_stage_of_the_outbox_is_tried() -> None:
    """A new stage needs a line above."""
    assert {text.partition(":")[0] for text in EXPECTED.values()} >= {
        stage.value for stage in queries.DeliveryStage
    }
