"""The reference receiver, request by request."""

import asyncio
import contextlib
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from agent.core.clock import format_iso_time
from uplink.receiver import parsing
from uplink.receiver.app import create_app
from uplink.receiver.faults import FaultInjection
from uplink.receiver.problems import Problem
from uplink.receiver.serve import serve_app

TYPE = "application/cloudevents-batch+json"
Tickets = Callable[..., dict[str, Any]]


def cloudevent(told: dict[str, Any], /, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/agents/a",
        "type": told["schema"],
        "subject": told["ticket_id"],
        "time": format_iso_time(1_795_210_204.0),
        "sequence": "00000000000000000001",
        "datacontenttype": "application/json",
        "data": told,
    } | changes


class Desk:
    """Somebody who posts by hand."""

    def __init__(self, client: httpx.AsyncClient, reader: dict[str, str]) -> None:
        self.client, self.reader = client, reader

    async def read(self, path: str) -> Any:
        return (await self.client.get(path, headers=self.reader)).raise_for_status().json()

    async def post(
        self, *events: Any, key: str | None = None, raw: bytes | None = None, **headers: str
    ) -> Any:
        body = json.dumps(list(events)).encode() if raw is None else raw
        sent = {"content-type": TYPE, "idempotency-key": key or str(uuid4())}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/v1/events", content=body, headers=sent)

    async def results(self, *events: Any, key: str | None = None) -> list[str]:
        answer = await self.post(*events, key=key)
        assert answer.status_code == 200, answer.text
        return [line["result"] for line in answer.json()["receipt"]]

    async def ticket(self) -> dict[str, Any]:
        """The only ticket there is."""
        (only,) = await self.read("/v1/tickets")
        return only


@contextlib.asynccontextmanager
async def at(app: Any, reader: dict[str, str] | None = None) -> AsyncIterator[Desk]:
    async with serve_app(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield Desk(client, reader or {})


@pytest.fixture
async def desk(tmp_path: Path, reads: Any) -> AsyncIterator[Desk]:
    async with at(create_app(tmp_path / "r.db"), reads(tmp_path / "r.db")) as open_desk:
        yield open_desk


async def test_an_event_is_kept_once_however_often_it_comes(desk: Desk, tickets: Tickets) -> None:
    one = cloudevent(tickets(1))
    assert await desk.results(one) == ["accepted"]
    assert await desk.results(one, cloudevent(tickets(2))) == ["duplicate", "accepted"]
    assert await desk.read("/v1/events/counts") == {"mps.ticket/1": 2}


async def test_the_same_key_and_body_get_the_same_receipt_byte_for_byte(desk: Desk, tickets: Tickets) -> None:
    one = cloudevent(tickets(1))
    first, again = await desk.post(one, key="k"), await desk.post(one, key="k")
    assert first.content == again.content
    assert b"accepted" in again.content


async def test_the_same_key_with_another_body_is_422(desk: Desk, tickets: Tickets) -> None:
    await desk.post(cloudevent(tickets(1)), key="k")
    answer = await desk.post(cloudevent(tickets(2)), key="k")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:problem-type:mps:key-reused")


async def test_the_same_key_at_the_same_time_is_409(tmp_path: Path, tickets: Tickets) -> None:
    async with at(create_app(tmp_path / "r.db", behaviour=FaultInjection(hang=1.0))) as desk:
        one = cloudevent(tickets(1))
        answers = await asyncio.gather(*(desk.post(one, key="k") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert {answer.headers.get("retry-after") for answer in answers if answer.status_code == 409} == {"1"}


async def test_receipts_and_ids_outlive_a_restart(tmp_path: Path, tickets: Tickets) -> None:
    one, receipts = cloudevent(tickets(1)), []
    for key in ("k", "k", "other"):
        async with at(create_app(tmp_path / "r.db")) as desk:
            receipts.append(await desk.results(one, key=key))
    assert receipts == [["accepted"], ["accepted"], ["duplicate"]]


async def test_the_ticket_shows_its_highest_event_whatever_the_order(desk: Desk, tickets: Tickets) -> None:
    story = [
        tickets(1, event="open", seq=1),
        tickets(1, event="update", seq=2),
        tickets(1, event="clear", seq=3),
    ]
    for step in (story[0], story[2], story[1]):
        await desk.results(cloudevent(step))
    shown = await desk.ticket()
    assert (shown["event"], shown["ticket_seq"]) == ("clear", 3)


async def test_a_second_agent_joins_the_ticket_and_it_is_clear_when_both_say_so(
    desk: Desk, tickets: Tickets
) -> None:
    twin = {"ticket_id": "OTHER"}
    await desk.results(cloudevent(tickets(1)))
    answer = await desk.post(cloudevent(tickets(1) | twin))
    assert [(line["result"], line["joined"]) for line in answer.json()["receipt"]] == [("accepted", "T0001")]
    shown = []
    for step in (tickets(1, event="clear", seq=2) | twin, tickets(1, event="clear", seq=2)):
        await desk.results(cloudevent(step))
        shown.append(await desk.ticket())
    assert [(row["ticket_id"], row["event"], row["aliases"]) for row in shown] == [
        ("T0001", "open", ["T0001", "OTHER"]), ("T0001", "clear", ["T0001", "OTHER"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "mps.unknown/1"}, "event-unknown-type"),
        ({"specversion": "0.3"}, "event-invalid"),
        ({"sequence": "first"}, "event-invalid"),
        ({"sequence": "9" * 5000}, "event-invalid"),
        ({"subject": ""}, "event-invalid"),
        ({"data": {}}, "event-invalid"),
        ({"data": None}, "event-invalid"),
    ],
    ids=str,
)
async def test_a_bad_event_is_rejected_alone_with_a_reason(
    desk: Desk, tickets: Tickets, change: dict[str, Any], said: str
) -> None:
    answer = await desk.post(cloudevent(tickets(1), **change), cloudevent(tickets(2)))
    bad, good = answer.json()["receipt"]
    assert (bad["result"], bad["problem"], good["result"]) == (
        "rejected",
        f"urn:problem-type:mps:{said}",
        "accepted",
    )
    assert bad["detail"]


@pytest.mark.parametrize(
    ("raw", "headers", "status"),
    [
        (b"", {}, 400), (b"{}", {}, 400), (b"[]", {}, 400), (b"[1]", {}, 400), (b'[{"id": 7}]', {}, 400),
        (b'[{"id": "x"}]', {}, 400), (b"[NaN]", {}, 400), (b"\xff", {}, 400), (b"[" * 100_000, {}, 400),
        (b"[]", {"content_type": "text/plain"}, 415), (b"[]", {"content_encoding": "br"}, 415),
        (b"[]", {"content_encoding": "gzip"}, 400), (gzip.compress(b"[]", mtime=0)[:-4], {"content_encoding": "gzip"}, 400),
        (gzip.compress(b" " * 50_000_000, mtime=0), {"content_encoding": "gzip"}, 413), (b" " * 2_000_000, {}, 413),
        (b"[]", {"idempotency_key": "k" * 300}, 400),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, bytes) else str(value),
)  # fmt: skip
async def test_what_is_no_batch_gets_a_problem(
    desk: Desk, raw: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await desk.post(raw=raw, **headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert set(answer.json()) >= {"type", "title", "status"}


def test_a_gzip_bomb_is_not_unpacked_beyond_what_is_allowed() -> None:
    bomb = gzip.compress(b" " * 100_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(Problem, match="more than"):
            parsing.decode_body(bomb, {"content-type": TYPE, "content-encoding": "gzip"})
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


async def test_a_gzip_body_is_unpacked(desk: Desk, tickets: Tickets) -> None:
    raw = gzip.compress(json.dumps([cloudevent(tickets(1))]).encode())
    assert (await desk.post(raw=raw, content_encoding="gzip")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", "/v1/events", 405),
        ("POST", "/control", 404),
        ("GET", "/v1/events?after=x", 400),
    ],
)
async def test_wrong_doors_are_problems_too(desk: Desk, method: str, path: str, status: int) -> None:
    answer = await desk.client.request(method, path, headers=desk.reader)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("given", [None, "Bearer wrong", "bearer right", "Basic right", "Bearer right "])
async def test_without_the_token_nothing_is_taken(
    tmp_path: Path, tickets: Tickets, reads: Any, given: str | None
) -> None:
    async with at(create_app(tmp_path / "r.db", token="right"), reads(tmp_path / "r.db")) as desk:
        headers = {"authorization": given.strip() + "x"} if given else {}
        answer = await desk.post(cloudevent(tickets(1)), **headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert await desk.read("/v1/events/counts") == {}
        assert (await desk.post(cloudevent(tickets(1)), authorization="Bearer right")).status_code == 200


@pytest.mark.parametrize("text", ["503:0.3", "503", "500:1"])
def test_a_failure_is_written_as_status_and_share(text: str) -> None:
    assert FaultInjection.parse_failure(text).fail == int(text[:3])


@pytest.mark.parametrize("text", ["", "99", "200", "503:2", "503:x", "often"])
def test_a_failure_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"like 503:0\.3"):
        FaultInjection.parse_failure(text)


async def test_plain_http_beyond_loopback_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="loopback only"):
        async with serve_app(create_app(tmp_path / "r.db"), host="10.0.0.1"):
            pass
