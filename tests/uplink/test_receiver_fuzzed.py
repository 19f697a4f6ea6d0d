"""Whatever is thrown at the receiver: a receipt, an answer that was asked for, or problem+json. Never a 500.

Most requests are handed to the application directly; a share goes over a real socket, damaged in its head, too.
"""

import asyncio
import contextlib
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from request_fuzzer import Request, mutated

from agent.core.clock import format_iso_time
from uplink.receiver import parsing
from uplink.receiver.app import create_app
from uplink.receiver.desk_auth import DeskAuth
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app

PROBLEM = "application/problem+json"
EXPECTED = {200, 201, 400, 401, 403, 404, 405, 409, 413, 415, 422}
PLAIN = {"application/json", "text/plain; charset=utf-8"}  # the latter is /healthz
DOORS = ("/v1/events", "/v1/events/counts", "/v1/tickets", "/v1/agents", "/v1/feedback")
WAYS_IN: tuple[dict[str, Any], ...] = ({"control": True}, {"token": "right"}, {"enrolment": True})
Figure = Callable[..., None]


def good(tickets: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": "", "source": "/agents/a", "type": "mps.ticket/1", "subject": "T0001",
        "time": format_iso_time(1_795_210_204.0), "sequence": "00000000000000000001",
        "datacontenttype": "application/json", "data": tickets(1),
    }  # fmt: skip


def odd(status: int, content_type: str, body: bytes, method: str) -> str | None:
    """What is wrong with an answer; None if nothing is."""
    if status not in EXPECTED:
        return f"status {status}: {content_type}"
    if content_type not in (PLAIN if status < 400 else {PROBLEM}):
        return f"{status} with {content_type or 'no content-type'}"
    if status >= 400 and method != "HEAD":
        told = json.loads(body)
        if not (
            told["type"].startswith("urn:problem-type:mps:") and told["status"] == status and told["title"]
        ):
            return f"a problem that is none: {told}"
    return None


async def asked(app: Any, request: Request) -> tuple[int, str, bytes]:
    """Hand `request` to the application as a server would (ASGI 3)."""
    started: dict[str, Any] = {}
    parts: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            parts.append(message.get("body", b""))

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method,
        "scheme": "http", "path": request.path, "raw_path": request.path.encode(), "root_path": "",
        "query_string": request.query.encode(), "client": ("192.0.2.1", 1), "server": ("192.0.2.1", 2),
        "headers": [(name.encode(), value.encode("utf-8")) for name, value in request.headers.items()],
    }  # fmt: skip
    why = None
    try:
        await app(scope, receive, send)
    except Exception as raised:  # noqa: BLE001 - raised once more for the server's log, after the answer
        why = raised
    if why is not None:
        return 500, repr(why), b""
    kind = dict(started.get("headers", ())).get(b"content-type", b"").decode()
    return started.get("status", 0), kind, b"".join(parts)


@contextlib.asynccontextmanager
async def open_doors(database: str) -> AsyncIterator[list[Any]]:
    """A receiver of each kind."""
    async with contextlib.AsyncExitStack() as stack:
        apps = [create_app(database, **way) for way in WAYS_IN]
        for app in apps:
            await stack.enter_async_context(app.router.lifespan_context(app))
        yield apps


def desk_of(database: str) -> dict[str, str]:
    """The headers of a desk that reads everything; of a database in memory, none."""
    if database == ":memory:":
        return {}
    with contextlib.closing(EventStore(database)) as store:
        return {"authorization": f"Bearer {DeskAuth(store).issue_credential('d', 0.0, sites=None)}"}


async def fuzz(
    requests: int, event: dict[str, Any], seed: int, database: str = ":memory:"
) -> tuple[Counter[str], Counter[int]]:
    """(odd answers, answers by status). In the end everything that was kept is asked for."""
    dice, found, statuses, desk = Random(seed), Counter[str](), Counter[int](), desk_of(database)
    last = [
        Request(method="GET", path=door, query="limit=10000", body=b"", headers=reader)
        for door in DOORS
        for reader in ({"authorization": "Bearer right"}, desk)
    ]
    async with open_doors(database) as apps:
        mutants = ((mutated(event, dice), app) for _, app in zip(range(requests), cycle(apps), strict=False))
        for request, app in itertools.chain(mutants, itertools.product(last, apps)):
            status, kind, body = await asked(app, request)
            statuses[status] += 1
            if (why := odd(status, kind, body, request.method)) is not None:
                found[why] += 1
    return found, statuses


@pytest.mark.claim("receiver-fuzz")
@pytest.mark.parametrize("requests", [3000, pytest.param(100_000, marks=pytest.mark.long)])
async def test_a_mutated_request_gets_a_receipt_or_a_problem(
    tmp_path: Path, tickets: Callable[..., dict[str, Any]], requests: int, figure: Figure
) -> None:
    found, statuses = await fuzz(requests, good(tickets), requests, str(tmp_path / "r.db"))
    figure(requests=requests, sockets=0, odd=found.total())
    assert not found
    assert statuses.keys() >= {200, 400, 401, 404, 405, 415}, "the mutants should reach every door"


@pytest.mark.claim("receiver-fuzz")
@pytest.mark.parametrize("requests", [1000, pytest.param(20_000, marks=pytest.mark.long)])
async def test_also_where_it_is_kept_in_postgresql(
    postgres: str, tickets: Callable[..., dict[str, Any]], requests: int, figure: Figure
) -> None:
    found, statuses = await fuzz(requests, good(tickets), requests, postgres)
    figure(requests=requests, sockets=0, odd=found.total())
    assert not found
    assert statuses[200] > requests / 50


async def over_the_wire(url: str, raw: bytes) -> bytes:
    """What a server says to these bytes, until it hangs up."""
    host, _, port = url.rpartition("/")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answer = b""
    with contextlib.suppress(ConnectionError):
        writer.write(raw)
        writer.write_eof()
        async with asyncio.timeout(60):
            answer = await reader.read()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return answer


def odd_bytes(answer: bytes, raw: bytes) -> str | None:
    """What is wrong with HTTP answers as they came, one after another: a body longer than announced is the next
    request. Silence, to half a request, is nothing wrong."""
    method = "HEAD" if raw.startswith(b"HEAD ") else ""
    while answer:
        head, _, rest = answer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = 0 if method and not rest.startswith(b"{") else int(headers["content-length"])
        if wrong := odd(int(first.split()[1]), headers.get("content-type", ""), rest[:length], method):
            return wrong
        answer = rest[length:]
    return None


@pytest.mark.claim("receiver-fuzz")
@pytest.mark.parametrize("requests", [150, pytest.param(5000, marks=pytest.mark.long)])
async def test_on_a_socket_also_what_is_no_http_gets_a_problem(
    tmp_path: Path, tickets: Callable[..., dict[str, Any]], requests: int, figure: Figure
) -> None:
    dice, found, event = Random(requests), Counter[str](), good(tickets)
    answered = 0
    async with serve_app(create_app(tmp_path / "r.db", control=True)) as url:
        for _ in range(requests):
            raw = mutated(event, dice).raw(dice)
            answer = await over_the_wire(url, raw)
            answered += bool(answer)
            if (why := odd_bytes(answer, raw)) is not None:
                found[why] += 1
    figure(requests=requests, sockets=requests, odd=found.total())
    assert not found
    assert answered > requests / 2


@pytest.mark.control("receiver-fuzz")
async def test_a_receiver_without_guards_is_found_out(
    tickets: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    """Broken: believes that what comes is a batch of events."""

    def believing(plain: bytes) -> list[parsing.ReceivedEvent]:
        events = [parsing.CloudEvent.model_construct(**item) for item in json.loads(plain)]
        return [parsing.ReceivedEvent(id=UUID(event.id), event=event) for event in events]

    monkeypatch.setattr(parsing, "parse_events", believing)
    found, _ = await fuzz(3000, good(tickets), seed=3000)
    figure(requests=3000, odd=found.total())
    assert found.total() > 10
