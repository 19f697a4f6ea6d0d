"""Sends single requests to a backend, as an agent would, and reads what it answers."""

import contextlib
import gzip
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin
from uuid import uuid4

import httpx

from uplink.delivery.cloudevents import BATCH_MEDIA_TYPE
from uplink.events.ticket import build_dedupe_key
from uplink.identity.identity import AgentIdentity


class ClauseBroken(Exception):
    """A backend did something else than the clause says."""


class NotAsked(Exception):
    """A clause says nothing of this backend, or cannot be asked in this run; the text says why."""


@dataclass(slots=True, kw_only=True)
class BackendProbe:
    """A backend at `url`, and who asks it. All names that it makes are new, so it may be run again."""

    client: httpx.AsyncClient
    url: str
    site_id: str
    token: str | None = None
    identity: AgentIdentity | None = None
    opened: dict[str, dict[str, Any]] = field(default_factory=dict)  # the newest event of each ticket
    run: str = field(default_factory=lambda: uuid4().hex[:12])

    def build_ticket(
        self, fault: str, ticket: str, seq: int, step: str, *, site: str | None = None, component: str = ""
    ) -> dict[str, Any]:
        """Build a ticket event. `fault` and `ticket` are names within this run."""
        at, site_id = format_now(), site or self.site_id
        name, device = f"conform-{self.run}-{ticket}", f"sn:CONFORM-{self.run}"
        data = {
            "schema": "mps.ticket/1", "event": step, "ticket_id": name, "ticket_seq": seq,
            "idempotency_key": f"{name}:{seq}", "kind": "break_fix", "observed_at": at, "opened_at": at,
            "dedupe_key": build_dedupe_key(site_id, device, f"conform.{fault}", component),
            "agent": self.build_agent(site_id), "device": {"device_key": device},
            "fault": {"fault_key": f"conform.{fault}", "title": "Test of the contract", "impact": "degraded"},
            "rule": {"rule_id": "conform"}, "evidence": {},
        }  # fmt: skip
        self.opened[ticket] = data
        return self.build_event("mps.ticket/1", name, data)

    def build_heartbeat(self, **changes: Any) -> dict[str, Any]:
        """Build a heartbeat event; `changes` replace parts of its data."""
        data = {
            "schema": "mps.agent_health/1",
            "observed_at": format_now(),
            "agent": self.build_agent(self.site_id),
        }
        return self.build_event("mps.agent_health/1", "agent", data | changes)

    def build_agent(self, site_id: str) -> dict[str, Any]:
        """Build the `agent` object."""
        agent_id = self.identity.agent_id if self.identity else f"conform-{self.run}"
        return {"agent_id": agent_id, "version": "conform", "site_id": site_id}

    def build_event(self, kind: str, subject: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Build a CloudEvent."""
        return {
            "specversion": "1.0", "id": str(uuid4()), "source": f"/sites/{self.site_id}", "type": kind,
            "subject": subject, "time": format_now(), "sequence": f"{time.time_ns() // 1000:020d}",
            "datacontenttype": "application/json", "data": data,
        }  # fmt: skip

    async def post(
        self,
        *events: Mapping[str, Any],
        body: bytes | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        packed: bool = False,
        at: float | None = None,
    ) -> httpx.Response:
        """POST events, or `body`. `at`: the time of the signature; `headers` replace the usual ones."""
        plain = json.dumps(list(events)).encode() if body is None else body
        name = key or str(uuid4())
        sent = {"content-type": BATCH_MEDIA_TYPE, "idempotency-key": name}
        sent |= self.sign(name, plain, at)
        if packed:
            sent["content-encoding"] = "gzip"
        given = {name: value for name, value in (sent | dict(headers or {})).items() if value}
        return await self.request("POST", self.url, gzip.compress(plain) if packed else plain, given)

    async def get(self, path: str) -> httpx.Response:
        """GET what lies beside the events."""
        return await self.request("GET", urljoin(self.url, path), b"", self.sign(f"get-{uuid4()}", b"", None))

    async def request(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Send a request; once more if the backend had just ended the connection (RFC 9112 clause 9.3.1)."""
        try:
            return await self.client.request(method, url, content=body, headers=headers)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return await self.client.request(method, url, content=body, headers=headers)

    def sign(self, name: str, body: bytes, at: float | None) -> dict[str, str]:
        """Return the headers that prove who asks."""
        if self.identity is not None:
            return self.identity.sign_headers(name, body, time.time() if at is None else at)
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    async def send(self, *events: Mapping[str, Any]) -> list[dict[str, Any]]:
        """POST events; return the lines of the receipt in their order. Raises ClauseBroken without one."""
        answer = await self.post(*events)
        return read_lines(answer, [str(event["id"]) for event in events])

    async def send_step(self, fault: str, ticket: str, seq: int, step: str, **options: Any) -> str | None:
        """Send a ticket event that must be accepted; return the ticket that it joined, by its short name."""
        event = self.build_ticket(fault, ticket, seq, step, **options)
        (line,) = await self.send(event)
        if line["result"] != "accepted":
            raise ClauseBroken(f"a ticket's {step} was answered {line['result']}: {line.get('detail')}")
        joined = line.get("joined")
        return str(joined).removeprefix(f"conform-{self.run}-") if joined else None

    async def cancel_tickets(self) -> None:
        """Cancel every ticket of this run, whatever became of it."""
        events = []
        for data in self.opened.values():
            ended = data | {"event": "cancel", "ticket_seq": 1000}
            events.append(self.build_event("mps.ticket/1", data["ticket_id"], ended))
        with contextlib.suppress(httpx.HTTPError, ClauseBroken):
            if events:
                await self.send(*events)


def format_now() -> str:
    """Format the time of now as events have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_lines(answer: httpx.Response, names: list[str]) -> list[dict[str, Any]]:
    """Read the lines of a receipt, in the order of `names`. Raises ClauseBroken."""
    if answer.status_code != 200:
        raise ClauseBroken(
            f"answered {answer.status_code} instead of 200 with a receipt: {answer.text[:120]}"
        )
    try:
        lines = {str(line["id"]).lower(): dict(line) for line in answer.json()["receipt"]}
    except (ValueError, KeyError, TypeError) as why:
        raise ClauseBroken(f"answered 200 without a receipt: {answer.text[:120]}") from why
    missing = [name for name in names if name not in lines]
    if missing:
        raise ClauseBroken(f"the receipt does not name {len(missing)} of {len(names)} events")
    return [lines[name] for name in names]


def expect_problem(answer: httpx.Response, status: int, what: str, kind: str | None = None) -> None:
    """Check that `what` was answered with problem+json of this status and type. Raises ClauseBroken."""
    if answer.status_code != status:
        raise ClauseBroken(f"{what} was answered {answer.status_code} instead of {status}")
    media = answer.headers.get("content-type", "").partition(";")[0]
    if media != "application/problem+json":
        raise ClauseBroken(
            f"{what} was answered {status} as {media or 'nothing'} instead of application/problem+json"
        )
    try:
        problem = answer.json()
        found = str(problem["type"]).removeprefix("urn:problem-type:mps:")
        complete = problem["status"] == status and problem["title"]
    except (ValueError, KeyError, TypeError) as why:
        raise ClauseBroken(
            f"the problem that answers {what} has no type, title or status: {answer.text[:120]}"
        ) from why
    if not complete or (kind and found != kind):
        raise ClauseBroken(f"the problem that answers {what} is {found} instead of {kind or 'complete'}")
