"""The published contract in other people's tools: linters, generators of code, and a proxy that validates both ways.

`make test-deps-long` installs them; elsewhere these tests are skipped.
"""

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from loopback import HOME, free_port
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from agent import __version__
from agent.core.clock import Clock
from agent.core.store import Store
from uplink import events
from uplink.delivery.delivery import Delivery
from uplink.identity import identity
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Envelope, Lane
from uplink.provider.poller import ProviderPoller
from uplink.receiver import app as receiver
from uplink.receiver.app import create_app
from uplink.receiver.auth import AgentAuth
from uplink.receiver.event_store import EventStore
from uplink.receiver.faults import FaultInjection
from uplink.receiver.serve import serve_app
from uplink.receiver.ticket_store import SiteScope
from uplink.targets import https

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "packaging" / "contract-tools"
CONTRACT, OWN_PATHS = (
    Path(events.__file__).parent / "openapi.yaml",
    Path(receiver.__file__).parent / "reference.yaml",
)
BUNDLE = CONTRACT.with_suffix(".json")
WIRE = ROOT / "tests" / "reporting" / "wire"
PATIENCE = 120.0  # real seconds
pytestmark = pytest.mark.long


def node_tool(name: str, needs: Any) -> list[str]:
    """The command of a tool of npm; skips where it is not installed."""
    found = TOOLS / "node_modules" / ".bin" / name
    if not found.exists():
        pytest.skip(f"needs {name}: run `make test-deps-long`")
    return [needs("node", package="nodejs"), str(found.resolve())]


def generator(name: str) -> str:
    """A generator of code; skips where it is not installed."""
    found = ROOT / "build" / "contract-tools" / "bin" / name
    if not found.exists():
        pytest.skip(f"needs {name}: run `make test-deps-long`")
    return str(found)


def run(*command: object, **more: Any) -> tuple[int, str]:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=300, check=False, **more
    )
    return done.returncode, done.stdout + done.stderr


def misspelt(folder: Path) -> Path:
    """The contract with one mistake."""
    broken = folder / "broken.json"
    broken.write_text(
        BUNDLE.read_text("utf-8").replace('"$ref": "#/components/schemas/Receipt"', '"$ref": "#/nowhere"')
    )
    return broken


@pytest.mark.parametrize("file", [CONTRACT, OWN_PATHS, BUNDLE], ids=lambda file: file.name)
def test_redocly_and_spectral_find_no_error(needs: Any, file: Path) -> None:
    for command in lint_commands(needs):
        code, told = run(*command, file, cwd=TOOLS)
        assert code == 0, told


def test_they_find_a_mistake(needs: Any, tmp_path: Path) -> None:
    """Control."""
    for command in lint_commands(needs):
        assert run(*command, misspelt(tmp_path), cwd=TOOLS)[0] != 0


def lint_commands(needs: Any) -> list[list[str]]:
    rules = str(TOOLS / "spectral.yaml")
    return [
        [*node_tool("redocly", needs), "lint"],
        [*node_tool("spectral", needs), "lint", "--fail-severity", "error", "--ruleset", rules],
    ]


def test_a_generator_makes_models_that_import_and_take_what_the_agent_sends(tmp_path: Path) -> None:
    command = generator("datamodel-codegen")
    kind = ["--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel"]
    code, told = run(command, "--input", BUNDLE, "--output", tmp_path / "made_models.py", *kind)
    assert code == 0, told
    check = """
import json, sys
import made_models
for kind, data in json.load(sys.stdin):
    getattr(made_models, kind).model_validate(data)
print("good")
try:
    made_models.Ticket.model_validate({"schema": "mps.ticket/1"})
except ValueError:
    print("bad refused")
"""
    titles = {kind: model.__name__ for kind, model in events.MODELS.items()}
    sent = [(titles[one["type"]], one["data"]) for one in wire_events()]
    done = subprocess.run(
        [Path(command).with_name("python"), "-c", check], input=json.dumps(sent), cwd=tmp_path,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["good", "bad refused"], done.stderr


def test_a_generator_makes_a_client_that_imports_whole(tmp_path: Path) -> None:
    command = generator("openapi-python-client")
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}  # ruff, which it calls
    code, told = run(
        command, "generate", "--path", BUNDLE, "--output-path", tmp_path / "made", env=os.environ | path
    )
    assert code == 0, told
    assert not re.search(r"Unable|conflict|duplicate", told), told
    check = """
import importlib, pkgutil
import printwarden_receiver_client as made
print(sum(bool(importlib.import_module(one.name)) for one in pkgutil.walk_packages(made.__path__, made.__name__ + ".")))
"""
    code, told = run(Path(command).with_name("python"), "-c", check, cwd=tmp_path / "made")
    assert code == 0, told
    assert int(told.split()[-1]) > 60


def wire_events() -> list[dict[str, Any]]:
    """Events as the agent sends them: every type, enrolled or not, with and without a privacy filter."""
    files = sorted(WIRE.glob("*.json"))
    return [
        one for file in files for one in json.loads(file.read_text("utf-8").replace("{version}", __version__))
    ]


class PlainBodies:
    """The receiver, whose capabilities exclude gzip: the proxy cannot read it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/v1/capabilities":
            await self.app(scope, receive, send)
            return
        answer = httpx.ASGITransport(app=self.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=answer, base_url="http://receiver") as client:
            told = (await client.get(scope["path"])).json()
        await JSONResponse(told | {"content_encoding": ["identity"]})(scope, receive, send)


@asynccontextmanager
async def proxy(needs: Any, upstream: str, log: Path) -> AsyncIterator[str]:
    """Prism between agent and receiver; it answers a violation, in either direction, with an error of its own."""
    port = free_port(socket.SOCK_STREAM)
    command = [
        *node_tool("prism", needs),
        "proxy",
        "--errors",
        "-h",
        HOME,
        "-p",
        str(port),
        str(BUNDLE),
        upstream,
    ]
    with log.open("w") as out:
        process = await asyncio.create_subprocess_exec(*command, stdout=out, stderr=out)
        try:
            async with asyncio.timeout(PATIENCE):
                while not is_listening(log):
                    await asyncio.sleep(0.1)
            yield f"http://{HOME}:{port}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


def is_listening(log: Path) -> bool:
    return "is listening on" in log.read_text()


def violations(log: Path) -> list[str]:
    return [
        line
        for line in log.read_text().splitlines()
        if re.search(r"violation|Request terminated", line, re.IGNORECASE)
    ]


async def test_a_validating_proxy_between_agent_and_receiver_sees_no_violation(
    needs: Any, tmp_path: Path, tickets: Any
) -> None:
    """With a shared token: Prism writes bodies anew, and no signature survives that."""
    database, log = tmp_path / "r.db", tmp_path / "prism.log"
    (tmp_path / "token").write_text("right")
    app = create_app(database, token="right", behaviour=FaultInjection(poison="T0002"))
    async with serve_app(PlainBodies(app)) as upstream, proxy(needs, upstream, log) as url:
        await deliver(tmp_path, url, agent_events(tickets))
        with closing(EventStore(database)) as kept:
            counts = kept.count_events()
            closed = {"schema": "mps.feedback/1", "status": "closed", "outcome": "confirmed"}
            assert kept.add_feedback("T0001", closed)
            kept.add_request(
                SiteScope("", ""), {"schema": "mps.request/1", "request_id": "r1", "request": "resend_dead"}
            )
        heard = await hear(tmp_path, url)
    assert set(counts) == set(events.MODELS)
    assert heard == ["closed", "resend_dead"]
    assert violations(log) == []


async def test_an_enrolment_through_the_proxy_sees_no_violation(needs: Any, tmp_path: Path) -> None:
    database, log = tmp_path / "r.db", tmp_path / "prism.log"
    with closing(EventStore(database)) as kept:
        (tmp_path / "once").write_text(AgentAuth(kept).issue_token("S-04", time.time()))
    app = create_app(database, enrolment=True)
    async with serve_app(app) as upstream, proxy(needs, upstream, log) as url:
        async with https.build_client(settings(url)) as client:
            known = await identity.enrol_agent(
                client,
                f"{url}/v1/events",
                tmp_path / "id",
                token_source=str(tmp_path / "once"),
                site_id="S-04",
            )
        target = https.connect(settings(url), known)
        assert (await target.get("feedback", {"after": "0"})).status == 200
        await target.aclose()
    assert violations(log) == []


async def test_the_proxy_sees_a_receiver_that_keeps_something_else(needs: Any, tmp_path: Path) -> None:
    """Control: a receipt without results, and an event without its type."""

    async def wrong(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await JSONResponse({"receipt": [{"id": "019aa3f2-0000-7000-8000-000000000001"}]})(
                scope, receive, send
            )

    log = tmp_path / "prism.log"
    headers = {"content-type": "application/cloudevents-batch+json", "idempotency-key": "k"}
    async with (
        serve_app(Lifespan(wrong)) as upstream,
        proxy(needs, upstream, log) as url,
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
    ):
        answers = [
            await client.post(f"{url}/v1/events", content=json.dumps(body), headers=headers)
            for body in ([{"id": "x"}], [cloud_event()])
        ]
    assert [answer.json()["title"] for answer in answers] == ["Invalid request", "Request/Response not valid"]
    assert violations(log), (
        "of the request; one of the answer is said in the answer alone, and nothing is delivered"
    )


class Lifespan:
    """An application that starts and stops, around one that only answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})


def cloud_event() -> dict[str, Any]:
    heartbeat = next(one for one in wire_events() if one["type"] == "mps.agent_health/1")
    return {
        "specversion": "1.0", "id": "019aa3f2-0000-7000-8000-000000000001", "source": "/agents/a", "subject": "agent",
        "type": "mps.agent_health/1", "time": "2026-11-20T21:30:04Z", "sequence": "0" * 19 + "1", "data": heartbeat["data"],
    }  # fmt: skip


def agent_events(tickets: Any) -> list[Envelope]:
    """What the agent sends: every wire form, a ticket's life, and one event that the receiver refuses."""
    steps = ("open", "update", "clear", "reopen", "clear", "verified")
    life = [tickets(1, event=step, seq=seq) for seq, step in enumerate(steps, 1)]
    found = [(one["type"], one["subject"], one["data"]) for one in wire_events()]
    found += [("mps.ticket/1", one["ticket_id"], one) for one in (*life, tickets(2))]
    return [
        Envelope(lane=Lane.TICKETS, type=kind, subject=subject, time=1.79e9 + number, data=data)
        for number, (kind, subject, data) in enumerate(found)
    ]


def settings(url: str, **more: Any) -> https.Settings:
    return https.Settings(url=f"{url}/v1/events", insecure_loopback=True, **more)


async def deliver(folder: Path, url: str, sent: list[Envelope]) -> None:
    """Learn what the receiver takes, then send everything."""
    store = Store(folder / "agent.db", {"outbox": outbox.SCHEMA})
    target = https.connect(settings(url, token_file=folder / "token"))
    await ProviderPoller(target, store, Clock(), lambda *_: None).poll_provider()
    await store.run(lambda tx: [outbox.put(tx, one) for one in sent])
    delivery = Delivery(target, store, Clock.scaled(2000), source="/sites/S-04", dice=Random(1))
    running = asyncio.create_task(delivery.run())
    try:
        async with asyncio.timeout(PATIENCE):
            while (await store.run(queries.count_outbox)).pending:
                await asyncio.sleep(0.05)
        dead = await store.run(lambda tx: [(one.subject, one.reason) for one in queries.list_dead(tx)])
        assert dead == [("T0002", "urn:problem-type:mps:event-unacceptable")], "by its own problem type"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await target.aclose()
        store.close()


async def hear(folder: Path, url: str) -> list[str]:
    """Pull the feedback, and the requests, as an agent that was restarted does."""
    store, heard = Store(folder / "agent.db", {"outbox": outbox.SCHEMA}), []
    target = https.connect(settings(url, token_file=folder / "token"))
    poller = ProviderPoller(
        target,
        store,
        Clock(),
        lambda _, words, __: heard.extend(word.status for word in words),
        lambda _, asked, __: heard.extend(one.request for one in asked),
    )
    await poller.poll_provider()
    await target.aclose()
    store.close()
    return heard
