"""Who may say and read what: an enrolled agent speaks for itself and its site, a desk reads its own sites."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest

from uplink.identity import identity
from uplink.identity.identity import AgentIdentity
from uplink.receiver import ownership
from uplink.receiver.app import create_app
from uplink.receiver.auth import AgentAuth
from uplink.receiver.desk_auth import DeskAuth
from uplink.receiver.event_store import EventStore
from uplink.receiver.problems import Problem
from uplink.receiver.read_scope import ReadScope
from uplink.receiver.serve import serve_app
from uplink.receiver.ticket_store import SiteScope
from uplink.targets import https

BATCH = "application/cloudevents-batch+json"
FOREIGN = "urn:problem-type:mps:event-foreign"
Tickets = Callable[..., dict[str, Any]]


@dataclass
class Enrolled:
    """An enrolled agent at one site, and what it sends by hand."""

    client: httpx.AsyncClient
    known: AgentIdentity
    site: str
    number: int

    def event(self, told: dict[str, Any], name: int) -> dict[str, Any]:
        """A ticket event as this agent sends it, under the id `name`."""
        sender = {"agent_id": self.known.agent_id, "version": "1", "site_id": self.site}
        key = f"{self.site}|{told['device']['device_key']}|fuser.failure|fuser:1"
        return {
            "specversion": "1.0", "id": str(UUID(int=name)), "source": f"/sites/{self.site}",
            "type": "mps.ticket/1", "subject": told["ticket_id"], "time": "2026-11-20T21:30:04Z",
            "sequence": f"{name:020d}", "data": told | {"agent": sender, "dedupe_key": key},
        }  # fmt: skip

    async def send(self, *events: dict[str, Any], key: str) -> httpx.Response:
        body = json.dumps(list(events)).encode()
        headers = {"content-type": BATCH, "idempotency-key": key}
        signed = self.known.sign_headers(key, body, time.time())
        return await self.client.post("/v1/events", content=body, headers=headers | signed)


@pytest.fixture
async def two_sites(tmp_path: Path) -> AsyncIterator[tuple[str, list[Enrolled]]]:
    """A receiver, and an enrolled agent at each of two sites."""
    database = tmp_path / "r.db"
    async with serve_app(create_app(database, enrolment=True)) as url:
        settings = https.Settings(url=f"{url}/v1/events", insecure_loopback=True)
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            agents = []
            for number, site in enumerate(("S-A", "S-B")):
                with closing(EventStore(database)) as store:
                    (tmp_path / "token").write_text(AgentAuth(store).issue_token(site, time.time()))
                async with https.build_client(settings) as own:
                    known = await identity.enrol_agent(
                        own, settings.url, tmp_path / site, token_source=str(tmp_path / "token"), site_id=site
                    )
                agents.append(Enrolled(client, known, site, number))
            yield url, agents


def forge(thief: Enrolled, victim: Enrolled, honest: dict[str, Any], dice: Random) -> dict[str, Any]:
    """An event about the victim's ticket that the thief would send: a random part of it says the truth."""
    told = json.loads(json.dumps(honest))
    data = told["data"]
    theirs = {"agent_id": thief.known.agent_id, "version": "1", "site_id": thief.site}
    claims: list[Callable[[], None]] = [
        lambda: data.update(agent=theirs | {"site_id": victim.site}),
        lambda: data.update(agent=theirs | {"agent_id": victim.known.agent_id}),
        lambda: data.update(agent=data["agent"] | {"agent_id": None}),
        lambda: told.update(source=f"/agents/{victim.known.agent_id}"),
        lambda: (data.update(agent=theirs), told.update(source=f"/sites/{victim.site}")),
        lambda: (data.update(agent=theirs), told.update(source=f"/sites/{thief.site}")),  # all its own: kept apart
        lambda: None,
    ]  # fmt: skip
    dice.choice(claims)()
    data |= {"event": dice.choice(["clear", "open", "update", "cancel", "verified"]), "ticket_seq": 99}
    data["fault"] = data["fault"] | {"title": "forged"}
    return told


async def attack(
    agents: list[Enrolled], tickets: Tickets, forgeries: int, seed: int
) -> tuple[int, dict[str, list[str]]]:
    """Each agent forges so many events of the other, before and after the honest ones, under their ids and keys;
    (forgeries that were not refused although they claim to be another's, results of the honest ones)."""
    dice, through = Random(seed), 0
    results: dict[str, list[str]] = {one.site: [] for one in agents}
    for number in range(1, forgeries + 1):
        for victim, thief in (agents, reversed(agents)):
            name = 2 * number + victim.number
            honest = victim.event(tickets(number), name)
            forged = forge(thief, victim, honest, dice)
            mine = forged["data"]["agent"] | {"version": "1"}
            own = {"agent_id": thief.known.agent_id, "version": "1", "site_id": thief.site}
            claims_own = mine == own and forged["source"] == f"/sites/{thief.site}"
            order = dice.random() < 0.7  # before the honest event, or after it
            for turn in (order, not order):
                if turn:
                    answer = await thief.send(forged, key=f"k{name}")
                    (line,) = answer.json()["receipt"]
                    through += not claims_own and line["problem"] != FOREIGN
                else:
                    answer = await victim.send(honest, key=f"k{name}")
                    results[victim.site].append(answer.json()["receipt"][0]["result"])
    return through, results


@pytest.mark.parametrize("forgeries", [25, pytest.param(200, marks=pytest.mark.long)])
async def test_no_forgery_gets_through_and_no_event_of_the_victim_is_lost(
    tmp_path: Path, two_sites: Any, tickets: Tickets, forgeries: int
) -> None:
    _, agents = two_sites
    through, results = await attack(agents, tickets, forgeries, seed=forgeries)
    assert through == 0
    assert results == {one.site: ["accepted"] * forgeries for one in agents}
    with closing(EventStore(tmp_path / "r.db")) as store:
        told = store.list_payloads("mps.ticket/1")
    for one in agents:
        sent = [it for it in told if it["agent"]["site_id"] == one.site and it["fault"]["title"] != "forged"]
        assert len(sent) == forgeries, "every honest event is kept"


async def test_without_the_check_of_ownership_forgeries_get_through(
    two_sites: Any, tickets: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: a receiver that believes what an event says of its sender."""
    monkeypatch.setattr(ownership, "find_foreign_part", lambda *_: None)
    through, _ = await attack(two_sites[1], tickets, 25, seed=25)
    assert through > 0


async def test_each_way_to_speak_for_another_is_refused_by_its_part(two_sites: Any, tickets: Tickets) -> None:
    _, (own, other) = two_sites
    good = own.event(tickets(1), 1)
    agent = good["data"]["agent"]
    foreign = {
        "agent.agent_id": good
        | {"data": good["data"] | {"agent": agent | {"agent_id": other.known.agent_id}}},
        "agent.site_id": good | {"data": good["data"] | {"agent": agent | {"site_id": other.site}}},
        "source": good | {"source": f"/sites/{other.site}"},
    }
    for number, (part, event) in enumerate(foreign.items()):
        (line,) = (await own.send(event, key=f"k{number}")).json()["receipt"]
        assert (line["result"], line["problem"]) == ("rejected", FOREIGN)
        assert line["detail"].startswith(part)
    mixed = await own.send(foreign["source"] | {"id": str(UUID(int=7))}, good, key="mixed")
    assert [line["result"] for line in mixed.json()["receipt"]] == ["rejected", "accepted"]


async def test_events_from_before_the_enrolment_are_taken(two_sites: Any, tickets: Tickets) -> None:
    _, (own, _) = two_sites
    good = own.event(tickets(1), 1)
    good["data"]["agent"] |= {"agent_id": None}
    (line,) = (await own.send(good, key="k")).json()["receipt"]
    assert line["result"] == "accepted"


async def test_a_key_that_another_agent_used_first_locks_nobody_out(two_sites: Any, tickets: Tickets) -> None:
    _, (own, other) = two_sites
    assert (await other.send(other.event(tickets(1), 1), key="k")).status_code == 200
    answer = await own.send(own.event(tickets(2), 2), key="k")
    assert (answer.status_code, answer.json()["receipt"][0]["result"]) == (200, "accepted")


async def test_a_signature_is_of_its_own_idempotency_key(two_sites: Any, tickets: Tickets) -> None:
    _, (own, _) = two_sites
    body = json.dumps([own.event(tickets(1), 1)]).encode()
    headers = {"content-type": BATCH, "idempotency-key": "another"}
    signed = own.known.sign_headers("k", body, time.time())
    answer = await own.client.post("/v1/events", content=body, headers=headers | signed)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:problem-type:mps:signature-refused")


READS = ("/v1/events", "/v1/events/counts", "/v1/tickets", "/v1/agents")


@pytest.mark.parametrize("path", READS)
async def test_reading_wants_the_credential_of_a_desk(two_sites: Any, path: str) -> None:
    url, (own, _) = two_sites
    for headers in ({}, {"authorization": f"Bearer {own.known.credential}"}, {"authorization": "Bearer x"}):
        answer = await own.client.get(url + path, headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("receiver", [{}, {"token": "shared"}], ids=["open", "shared token"])
@pytest.mark.parametrize("path", READS)
async def test_so_it_does_where_agents_do_not_enrol(tmp_path: Path, path: str, receiver: Any) -> None:
    app = create_app(tmp_path / "r.db", **receiver)
    async with serve_app(app) as url, client_of(url) as client:
        for given in ({}, {"authorization": "Bearer shared"}):
            assert (await client.get(path, headers=given)).status_code == 401


async def test_a_desk_sees_its_own_sites_and_no_other(
    tmp_path: Path, two_sites: Any, tickets: Tickets, reads: Any
) -> None:
    _, agents = two_sites
    for one in agents:
        await one.send(one.event(tickets(one.number), 10 + one.number), key="k")
    seen = {}
    for sites in (("S-A",), ("S-B",), ("S-A", "S-B"), ()):
        headers = reads(tmp_path / "r.db", *sites)
        answers = [(await agents[0].client.get(path, headers=headers)).json() for path in READS]
        events, counts, shown, known = answers
        seen[sites] = {row["site_id"] for row in (*events, *shown, *known)}
        assert counts["mps.ticket/1"] == len(events) == len(shown) == len(known)
    assert seen == {("S-A",): {"S-A"}, ("S-B",): {"S-B"}, ("S-A", "S-B"): {"S-A", "S-B"}, (): {"S-A", "S-B"}}


async def test_two_tenants_may_call_their_sites_alike(tmp_path: Path) -> None:
    with closing(EventStore(tmp_path / "r.db")) as store:
        for tenant in ("north", "south"):
            store.record_contact(f"a-{tenant}", SiteScope(tenant, "S-1"), time.time())
        reader = DeskAuth(store)
        headers = {
            "authorization": f"Bearer {reader.issue_credential('d', 0.0, sites=['S-1'], tenant_id='north')}"
        }
        assert [row["agent_id"] for row in store.list_agents(reader.authenticate_desk(headers))] == [
            "a-north"
        ]


async def test_pages_lead_to_the_next_until_all_was_seen(
    tmp_path: Path, two_sites: Any, tickets: Tickets, reads: Any
) -> None:
    _, (own, _) = two_sites
    await own.send(*(own.event(tickets(number), number) for number in range(1, 8)), key="k")
    headers, path, seen, pages = reads(tmp_path / "r.db"), "/v1/tickets?limit=3", [], 0
    while path:
        answer = await own.client.get(path, headers=headers)
        seen += [row["ticket_id"] for row in answer.json()]
        path = answer.links.get("next", {}).get("url", "")
        pages += 1
    assert (seen, pages) == ([f"T{number:04d}" for number in range(1, 8)], 3)


@contextlib.asynccontextmanager
async def held(url: str, count: int) -> AsyncIterator[None]:
    """So many connections that begin a request and never end it."""
    host, _, port = url.rpartition("/")[2].partition(":")
    opened = []
    try:
        for _ in range(count):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"POST /v1/events HTTP/1.1\r\nhost: r\r\ncontent-length: 1000000\r\n")
            opened.append(writer)
        yield
    finally:
        for writer in opened:
            writer.transport.abort()


async def test_many_slow_connections_cost_nobody_else(tmp_path: Path) -> None:
    app = create_app(tmp_path / "r.db")
    async with serve_app(app, max_connections=32) as url, held(url, 100), client_of(url) as client:
        for _ in range(5):
            assert (await client.get("/healthz")).status_code == 200


async def test_without_a_limit_on_waiting_connections_others_are_shut_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: a listener that closes nothing."""
    monkeypatch.setattr("uplink.receiver.listener.Listener._close_oldest", lambda _: False)
    app = create_app(tmp_path / "r.db")
    async with serve_app(app, max_connections=8) as url, held(url, 20), client_of(url, 0.5) as client:
        with pytest.raises(httpx.TimeoutException):
            await client.get("/healthz")


def client_of(url: str, timeout: float = 30.0) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, trust_env=False, timeout=timeout)


async def test_a_request_that_never_ends_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uplink.receiver.listener.REQUEST_TIMEOUT", 0.1)
    async with serve_app(create_app(tmp_path / "r.db")) as url:
        host, _, port = url.rpartition("/")[2].partition(":")
        for start in (
            b"",
            b"POST /v1/ev",
            b"POST /v1/events HTTP/1.1\r\nhost: r\r\ncontent-length: 9\r\n\r\n{",
        ):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(start)
            async with asyncio.timeout(30):
                with contextlib.suppress(ConnectionError):
                    await reader.read()
            writer.close()


async def test_no_body_is_read_before_the_credential_is_looked_at(two_sites: Any) -> None:
    """The answer comes although the body never does."""
    url, _ = two_sites
    host, _, port = url.rpartition("/")[2].partition(":")
    for path in ("/v1/events", "/v1/credential"):
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST {path} HTTP/1.1\r\nhost: r\r\nauthorization: Bearer wrong\r\ncontent-length: 1000000\r\n\r\n"
        writer.write(head.encode())
        async with asyncio.timeout(30):
            assert b" 401 " in await reader.readline()
        writer.close()


async def test_a_body_that_says_it_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    async with serve_app(create_app(tmp_path / "r.db")) as url:
        host, _, port = url.rpartition("/")[2].partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /v1/events HTTP/1.1\r\nhost: r\r\ncontent-length: 99000000\r\n\r\n")
        async with asyncio.timeout(30):
            assert b" 413 " in await reader.readline()
        writer.close()


async def test_feedback_on_an_id_that_two_sites_have_needs_the_site(tmp_path: Path, tickets: Tickets) -> None:
    """Another site may choose the id of ours: what our desk says must not go there."""
    with closing(EventStore(tmp_path / "r.db")) as store:
        for site in ("S-A", "S-B"):
            store.tickets.apply_event(SiteScope("", site), site, tickets(1))
        word = {"schema": "mps.feedback/1", "ticket_id": "T0001", "status": "closed"}
        with pytest.raises(ValueError, match="S-A, S-B"):
            store.add_feedback("T0001", word)
        assert store.add_feedback("T0001", word, ReadScope(tenant_id="", sites=("S-B",)))
        assert store.list_feedback(ReadScope(tenant_id="", sites=("S-A",)), 0) == []
        assert [row["occupied"] for row in store.list_tickets()] == [True, False]
    app = create_app(tmp_path / "r.db", control=True)
    async with serve_app(app) as url, client_of(url) as client:
        assert (await client.post("/control/feedback", json=word)).status_code == 400


def test_a_desk_is_revoked_in_its_own_tenant(tmp_path: Path) -> None:
    with closing(EventStore(tmp_path / "r.db")) as store:
        auth = DeskAuth(store)
        given = {
            tenant: auth.issue_credential("d", 0.0, sites=["S-1"], tenant_id=tenant) for tenant in ("n", "s")
        }
        assert auth.revoke_credentials("d", tenant_id="n")
        assert not auth.revoke_credentials("d", tenant_id="n")
        assert auth.authenticate_desk({"authorization": f"Bearer {given['s']}"}).tenant_id == "s"
        with pytest.raises(Problem):
            auth.authenticate_desk({"authorization": f"Bearer {given['n']}"})
