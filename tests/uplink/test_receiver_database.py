"""The receiver's database: only its owner reads it, it comes back after an outage, an older one is migrated."""

import asyncio
import json
import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from agent import cli
from uplink.receiver.app import create_app
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app
from uplink.receiver.ticket_store import SiteScope

Tickets = Callable[..., dict[str, Any]]
FIRST_VERSION = (Path(__file__).parent / "receiver_v1.sql").read_text("utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_its_files_are_for_their_owner_alone(tmp_path: Path, tickets: Tickets) -> None:
    (tmp_path / "old.db").touch(0o644)
    for name in ("new.db", "old.db"):
        with closing(EventStore(tmp_path / name)) as store:
            store.tickets.apply_event(SiteScope("", ""), "a", tickets(1))
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob(f"{name}*")}
            assert set(modes.values()) == {0o600}, modes
            assert len(modes) == 3


@pytest.mark.parametrize("words", [["token", "--site", "S-04"], ["desk", "--name", "d", "--all-sites"]])
def test_a_command_uses_the_database_of_receive_or_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (["--database", "there.db", *words], [*words, "--database", "there.db"]):
        done = CliRunner().invoke(cli.build_cli(), ["receive", *arguments])
        assert (done.exit_code, len(done.stdout.strip()) > 20) == (0, True)
    assert sorted(file.name for file in tmp_path.glob("*.db")) == ["there.db"]


async def test_it_comes_back_to_postgresql_and_says_so(
    postgres: str, postgres_cluster: Any, tickets: Tickets
) -> None:
    event = {
        "specversion": "1.0", "id": "019aa3f2-0000-7000-8000-000000000001", "source": "/agents/a",
        "type": "mps.ticket/1", "subject": "T0001", "time": "2026-11-20T21:30:04Z", "sequence": "1",
        "data": tickets(1),
    }  # fmt: skip
    headers = {"content-type": "application/cloudevents-batch+json", "idempotency-key": "k"}
    async with (
        serve_app(create_app(postgres)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
    ):

        async def statuses() -> tuple[int, int]:
            health, posted = (
                await client.get("/healthz"),
                await client.post("/v1/events", json=[event], headers=headers),
            )
            return health.status_code, posted.status_code

        assert await statuses() == (200, 200)
        postgres_cluster.stop()
        try:
            assert await statuses() == (503, 503)
            refused = await client.post("/v1/events", json=[event], headers=headers)
            assert refused.json()["type"] == "urn:problem-type:mps:database-unavailable"
            assert refused.headers["retry-after"] == "5"
        finally:
            postgres_cluster.start()
        async with asyncio.timeout(60):
            while (await client.get("/healthz")).status_code != 200:
                await asyncio.sleep(0.1)
        assert await statuses() == (200, 200)
        answer = await client.post("/v1/events", json=[event], headers=headers | {"idempotency-key": "other"})
        assert answer.json()["receipt"][0]["result"] == "duplicate"


def fill_first_version(run: Callable[[str, tuple[Any, ...]], Any], tickets: Tickets) -> None:
    """A database of the first version: an open ticket, a cleared one, one that the desk has closed."""
    for number, event in ((1, "open"), (2, "clear"), (3, "open")):
        told = tickets(number, event=event) | {"agent": {"agent_id": "a", "version": "1", "site_id": "S-04"}}
        row = (
            told["ticket_id"],
            told["dedupe_key"],
            1,
            event,
            told["opened_at"],
            told["observed_at"],
            json.dumps(told),
        )
        run("INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        event_row = (
            f"019aa3f2-0000-7000-8000-00000000000{number}",
            "/a",
            "mps.ticket/1",
            told["ticket_id"],
            number,
            "t",
            json.dumps(told),
            1.0,
        )
        run(
            "INSERT INTO event (id, source, type, subject, sequence, time, data, at) VALUES (?,?,?,?,?,?,?,?)",
            event_row,
        )
    word = {"schema": "mps.feedback/1", "ticket_id": "T0003", "status": "closed"}
    run("INSERT INTO feedback (site_id, data) VALUES (?, ?)", ("S-04", json.dumps(word)))
    run("INSERT INTO request VALUES (?, ?, ?, ?)", ("k", b"print", "{}", 1.0))
    run("INSERT INTO agent VALUES (?, ?, ?, ?, ?, ?, ?)", ("a", "S-04", 1.0, 2.0, "[]", 0, 0))


def migrated(store: EventStore, tickets: Tickets) -> None:
    """What must hold after the migration: nothing is lost, open tickets occupy their keys, closed ones do not."""
    rows = {row["ticket_id"]: row for row in store.list_tickets()}
    assert {name: (row["site_id"], row["event"], row["occupied"]) for name, row in rows.items()} == {
        "T0001": ("S-04", "open", True), "T0002": ("S-04", "clear", True), "T0003": ("S-04", "open", False),
    }  # fmt: skip
    assert store.count_events() == {"mps.ticket/1": 3}
    assert store.find_receipt("k") == (b"print", "{}")
    assert [row["agent_id"] for row in store.list_agents()] == ["a"]
    scope, joins = SiteScope("", "S-04"), []
    for number in (1, 2, 3):
        told = tickets(number) | {"ticket_id": f"NEW{number}"}
        joins.append(store.tickets.apply_event(scope, "a", told))
    assert joins == ["T0001", "T0002", None]
    assert store.add_feedback("T0001", {"schema": "mps.feedback/1", "status": "assigned"})
    assert [word["number"] for word in store.list_feedback(None, 0)] == [1, 2, 3]


def test_a_file_of_the_first_version_is_migrated_with_its_open_tickets(
    tmp_path: Path, tickets: Tickets
) -> None:
    with closing(sqlite3.connect(tmp_path / "r.db")) as db, db:
        for statement in FIRST_VERSION.split(";"):
            db.execute(statement.format(bytes="BLOB", real="REAL", number="INTEGER PRIMARY KEY"))
        fill_first_version(db.execute, tickets)
    with closing(EventStore(tmp_path / "r.db")) as store:
        migrated(store, tickets)
    with closing(EventStore(tmp_path / "r.db")) as store:
        assert len(store.list_tickets()) == 4, "a second start changes nothing"


def test_so_is_a_postgresql_of_the_first_version(postgres: str, tickets: Tickets) -> None:
    with psycopg.connect(postgres, autocommit=True) as db:
        words = {"bytes": "BYTEA", "real": "DOUBLE PRECISION", "number": "BIGSERIAL PRIMARY KEY"}
        db.execute(FIRST_VERSION.format(**words).encode())
        fill_first_version(lambda query, row: db.execute(query.replace("?", "%s").encode(), row), tickets)
    with closing(EventStore(postgres)) as store:
        migrated(store, tickets)
        word = {"schema": "mps.feedback/1", "status": "assigned"}
        assert store.add_feedback("NEW3", word)
