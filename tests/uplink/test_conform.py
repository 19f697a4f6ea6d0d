"""`printwarden conform`: nothing against backends that keep the contract, the right clause against broken ones."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import LOCALHOST
from typer.testing import CliRunner

from agent import cli
from uplink.conformance.clauses import CLAUSES
from uplink.conformance.enrolment import ENROLMENT_CLAUSES
from uplink.conformance.probe import BackendProbe
from uplink.conformance.report import check_backend
from uplink.identity import identity
from uplink.receiver import ownership
from uplink.receiver.app import create_app
from uplink.receiver.auth import AgentAuth
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app
from uplink.receiver.ticket_store import SiteScope

ROOT = Path(__file__).parents[2]
STRANGER = (ROOT / "docs" / "examples" / "receiver.py").read_text("utf-8")
PAGE = (ROOT / "docs" / "provider.md").read_text("utf-8")


async def findings(url: str, *, token: str | None = None, enrol: Path | None = None) -> list[str]:
    """The clauses that a backend breaks."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        known = None
        if enrol is not None:
            known = await identity.enrol_agent(
                client, url, enrol.parent / "identity", token_source=str(enrol), site_id="S-1"
            )
        probe = BackendProbe(client=client, url=url, site_id="S-1", token=token, identity=known)
        return [one.number for one in [it async for it in check_backend(probe)] if one.finding]


@pytest.mark.parametrize(
    "receiver",
    [pytest.param({}, marks=pytest.mark.long), {"token": "t"}, {"enrolment": True}],
    ids=["open", "token", "enrolled"],
)
async def test_the_reference_receiver_keeps_every_clause(tmp_path: Path, receiver: dict[str, Any]) -> None:
    async with serve_app(create_app(tmp_path / "r.db", **receiver)) as url:
        enrol = one_time_token(tmp_path) if "enrolment" in receiver else None
        assert await findings(f"{url}/v1/events", token=receiver.get("token"), enrol=enrol) == []
    with closing(EventStore(tmp_path / "r.db")) as store:
        assert not any(row["occupied"] for row in store.list_tickets()), "it leaves no ticket behind"


def one_time_token(folder: Path) -> Path:
    with closing(EventStore(folder / "r.db")) as store:
        (folder / "token").write_text(AgentAuth(store).issue_token("S-1", time.time()))
    return folder / "token"


@asynccontextmanager
async def strangers(tmp_path: Path, source: str) -> AsyncIterator[str]:
    """The receiver of the documents, or a broken one, in a process of its own."""
    (tmp_path / "receiver.py").write_text(source, "utf-8")
    command = [sys.executable, str(tmp_path / "receiver.py"), "0", str(tmp_path / "r.db"), "right"]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = await asyncio.create_subprocess_exec(*command, **quiet)
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().split()[-1]
    finally:
        process.terminate()
        await process.wait()


async def test_a_strangers_receiver_in_150_lines_keeps_every_clause(tmp_path: Path) -> None:
    assert len(STRANGER.splitlines()) <= 150
    async with strangers(tmp_path, STRANGER) as url:
        assert await findings(url, token="right") == []


BROKEN = [
    # what is wrong with it, the right lines, the wrong ones, the clauses that it breaks
    ("an event is missing in the receipt", "for event in events]})", "for event in events[:1]]})", "1.1"),
    ("gzip is not known", 'packing not in {"gzip", "identity"}', 'packing != "identity"', "1.2"),
    ("later fields are refused", "return None if good", 'return None if good and "later_field" not in data', "1.4"),
    ("every event is new", '"accepted" if new else "duplicate"', '"accepted"', "2.1"),
    ("a key is not looked at", "if before and before[0] != body:", "if False:", "2.3"),
    ("one bad event spoils all", "if kind := find_refusal(event):", "if kind := find_refusal(event):\n            raise Problem(422, kind, '')", "3.1"),
    ("problems are plain JSON", '"application/problem+json"', '"application/json"', "3.2"),
    ("a bomb is unpacked", "max(length, len(body)) > MAX_BYTES", "length > MAX_BYTES", "3.3"),
    ("no Date", "self.send_response(status)  # with a Date", "self.send_response_only(status)", "3.4"),
    ("an open never joins", "ticket = (alias or holder or [None])[0]", "ticket = (alias or [None])[0]; key = name", "4.1"),
    ("clear frees the key", "NOT IN ('verified', 'cancel')", "NOT IN ('verified', 'cancel', 'clear')", "4.1"),
    ("a key is never free", "SET occupied = 0", "SET occupied = 1", "4.2"),
    ("the first alias frees the key", "if not self.one(open_ones, ticket):", 'if step in {"verified", "cancel"}:', "4.2"),
    ("the newest arrival counts", '> alias[1]:', '>= 0:', "4.3"),
    ("keys are not a site's own", 'event["data"]["agent"].get("site_id") or ""', '""', "4.4"),
    ("reopen occupies nothing", 'elif step in {"open", "reopen"}:', 'elif step == "open":', "4.5"),
    ("an update ends a ticket", "if not self.one(open_ones, ticket):", 'if step == "update" or not self.one(open_ones, ticket):', "4.5"),
    ("keys are compared without case", 'data["dedupe_key"], data["event"]', 'data["dedupe_key"].lower(), data["event"]', "4.6"),
    ("keys are cut", 'data["dedupe_key"], data["event"]', 'data["dedupe_key"][:200], data["event"]', "4.6"),
    ("times far off are refused", 'return None if good else "event-invalid"', 'return None if good and "2002" < event["time"] < "2090" else "event-invalid"', "3.4"),
    ("a refusal without its problem", '"rejected", "problem": f"urn:problem-type:mps:{kind}"}', '"rejected"}', "3.1"),
    ("everybody may send", "if not hmac.compare_digest(", "if given and False and hmac.compare_digest(", "5.1"),
]  # fmt: skip


# One broken receiver of each group of clauses in the short suite, the others in the long one
SHORT = {"3.2", "4.5", "5.1"}
seen: set[str] = set()


def mark_long(case: tuple[str, str, str, str]) -> Any:
    long = case[3] not in SHORT or case[3] in seen
    seen.add(case[3])
    return pytest.param(*case, id=case[0], marks=[pytest.mark.long] if long else [])


@pytest.mark.parametrize(("what", "right", "wrong", "clause"), [mark_long(case) for case in BROKEN])
async def test_a_broken_receiver_gets_the_right_finding(
    tmp_path: Path, what: str, right: str, wrong: str, clause: str
) -> None:
    assert STRANGER.count(right) == 1, what
    async with strangers(tmp_path, STRANGER.replace(right, wrong)) as url:
        found = await findings(url, token="right")
    assert clause in found
    assert len(found) <= 4, "and hardly another"


async def test_a_kept_connection_that_ended_is_no_finding() -> None:
    """A backend may end a kept connection at any time: the same request is sent once more, then it counts."""
    calls = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append((request.headers["idempotency-key"], request.content))
        if len(calls) in ends:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        probe = BackendProbe(client=client, url="http://backend/v1/events", site_id="S-1")
        ends = {1}
        assert (await probe.post(probe.build_heartbeat())).status_code == 200
        assert len(calls) == 2
        assert calls[0] == calls[1]
        ends = {3, 4}
        with pytest.raises(httpx.RemoteProtocolError):
            await probe.post(probe.build_heartbeat())


async def test_a_receiver_that_believes_what_events_say_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "find_foreign_part", lambda *_: None)
    async with serve_app(create_app(tmp_path / "r.db", enrolment=True)) as url:
        assert await findings(f"{url}/v1/events", enrol=one_time_token(tmp_path)) == ["5.5"]


async def test_a_receiver_that_gives_requests_to_all_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uplink.receiver.desk_messages._is_known", lambda *_: True)
    with closing(EventStore(tmp_path / "r.db")) as store:
        request = {"schema": "mps.request/1", "request_id": "r", "request": "resend_dead"}
        store.add_request(SiteScope("", "S-1"), request)
    async with serve_app(create_app(tmp_path / "r.db")) as url:
        assert await findings(f"{url}/v1/events") == ["6.2"]


async def test_the_command_says_so_by_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("right")
    async with serve_app(create_app(tmp_path / "r.db", token="right")) as url:
        words = ["conform", f"{url}/v1/events", "--insecure-loopback"]

        def run(*more: str) -> Any:
            return CliRunner().invoke(cli.build_cli(), [*words, *more], env={"COLUMNS": "200"})

        good = await asyncio.to_thread(run, "--token-file", str(tmp_path / "token"))
        bad = await asyncio.to_thread(run)
    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert f"{len(CLAUSES)} of {len(CLAUSES)} clauses kept" in good.stdout
    assert "answered 401" in bad.stdout


async def test_what_was_not_asked_is_not_called_kept(tmp_path: Path) -> None:
    async with serve_app(create_app(tmp_path / "r.db")) as url:  # takes events from everybody
        words = ["conform", f"{url}/v1/events", "--insecure-loopback"]
        shown = await asyncio.to_thread(CliRunner().invoke, cli.build_cli(), words, env={"COLUMNS": "200"})
    (line,) = [line for line in shown.stdout.splitlines() if line.startswith("5.1")]
    assert "not asked" in line
    assert "--token-file" in line
    assert f"{len(CLAUSES) - 1} of {len(CLAUSES) - 1} clauses kept" in shown.stdout


def test_plain_http_without_the_option_is_refused_in_one_sentence() -> None:
    words = ["conform", f"http://{LOCALHOST}:1/v1/events"]
    shown = CliRunner().invoke(cli.build_cli(), words, env={"COLUMNS": "200"})
    assert shown.exit_code == 2
    assert "--insecure-loopback" in shown.output
    assert "pydantic" not in shown.output


def test_the_page_lists_every_clause() -> None:
    for clause in (*CLAUSES, *ENROLMENT_CLAUSES):
        assert f"| {clause.number} | {clause.text} |" in PAGE
