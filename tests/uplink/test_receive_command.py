"""`printwarden receive` as a person or a script uses it."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from typer.testing import CliRunner

from agent import cli
from uplink.receiver.event_store import EventStore
from uplink.receiver.ticket_store import SiteScope
from uplink.targets import https

COMMAND = [sys.executable, "-m", "agent", "receive"]
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is POSIX's")
def test_it_says_where_it_listens_takes_events_and_ends_cleanly(
    tmp_path: Path, tickets: Callable[..., dict[str, Any]]
) -> None:
    database = tmp_path / "r.db"
    options = ["--port", "0", "--database", str(database), "--json", "--control"]
    with subprocess.Popen([*COMMAND, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        context = https.build_trust(Path(ready["ca_file"]))
        event = {
            "specversion": "1.0",
            "id": str(uuid4()),
            "source": "/agents/a",
            "type": "mps.ticket/1",
            "subject": "T0001",
            "time": "2026-11-20T21:30:04Z",
            "sequence": "1",
            "data": tickets(1),
        }
        sent = {"content-type": "application/cloudevents-batch+json", "idempotency-key": "k"}
        with httpx.Client(verify=context, trust_env=False, base_url=ready["url"]) as client:
            assert client.post("/v1/events", json=[event], headers=sent).status_code == 200
            assert client.post("/control", json={"fail": 503}).status_code == 200
            assert client.post("/v1/events", json=[event], headers=sent).status_code == 503
        assert json.loads(process.stdout.readline())["subject"] == "T0001"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    listed = CliRunner().invoke(
        cli.build_cli(), ["receive", "tickets", "--database", str(database), "--json"]
    )
    assert [ticket["ticket_id"] for ticket in json.loads(listed.stdout)] == ["T0001"]


def test_its_desk_says_something_and_shows_what_it_said(
    tmp_path: Path, tickets: Callable[..., dict[str, Any]]
) -> None:
    database = ["--database", str(tmp_path / "r.db")]
    with closing(EventStore(tmp_path / "r.db")) as ledger:
        ledger.tickets.apply_event(SiteScope("", ""), "a", tickets(1))

    def run(*words: str) -> Any:
        return CliRunner().invoke(cli.build_cli(), ["receive", "feedback", *words, *database])

    assert "its agent will pull it" in run("T0001", "--status", "assigned", "--org", "ACME").stdout
    assert run("T0001", "--status", "closed", "--outcome", "confirmed", "--json").exit_code == 0
    said = json.loads(run("--json").stdout)
    assert [(one["number"], one["status"], one["service_org"]) for one in said] == [
        (1, "assigned", "ACME"), (2, "closed", None),
    ]  # fmt: skip
    assert "confirmed" in run().stdout
    assert run("T9999", "--status", "closed").exit_code == 2
    assert run("T0001", "--outcome", "melted").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--fail", "99"], 2),
        (["--token-file", "nowhere"], 2),
        (["--insecure-loopback", "--host", "10.0.0.1"], 2),
        (["tickets", "--database", "nowhere.db"], 2),
        (["--control", "--host", "10.0.0.1"], 2),
        (["request", "resend-dead", "--site", "S-1", "--database", "nowhere.db"], 2),
    ],
)
def test_wrong_use_ends_with_2_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli.build_cli(), ["receive", *arguments]).exit_code == code


def test_a_desk_asks_the_agents_of_a_site(tmp_path: Path) -> None:
    database = str(tmp_path / "r.db")
    EventStore(database).close()

    def run(*words: str) -> Any:
        return CliRunner().invoke(cli.build_cli(), ["receive", *words, "--database", database])

    done = run("request", "restate-open", "--site", "S-04", "--since", "2026-11-20T00:00:00Z", "--json")
    asked = json.loads(done.stdout)
    assert (asked["schema"], asked["request"]) == ("mps.request/1", "restate_open")
    assert run("request", "restate-open", "--site", "S-04", "--since", "yesterday").exit_code == 2
    assert "resend_dead" not in run("feedback").stdout
    assert run("request", "resend-dead", "--site", "S-04", "--reason", "mended").exit_code == 0
    assert "resend_dead" in run("feedback").stdout


def test_the_help_has_examples_and_exit_codes() -> None:
    told = CliRunner().invoke(cli.build_cli(), ["receive", "--help"], env={"COLUMNS": "200"}).stdout
    assert "printwarden receive --port 0 --fail 503:0.3 --control --json" in told
    assert "Exit codes" in told
