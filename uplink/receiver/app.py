"""The reference provider as one ASGI application.

    POST /v1/events          a batch of CloudEvents in, a receipt out
    POST /v1/enrolment       a one-time token in, a credential out
    POST /v1/credential      the next credential, before this one runs out
    GET  /v1/capabilities    what it takes
    GET  /v1/feedback        what the desk says of tickets: ?after=N
    GET  /v1/events          what arrived, in order: ?after=N&limit=M
    GET  /v1/events/counts   how many of each type
    GET  /v1/tickets         every ticket, as its newest event has it
    GET  /v1/agents          who has called, and when last
    GET  /healthz            "ok"
    GET, POST /control       how to misbehave; only where it was asked for
    POST /control/feedback   say something of a ticket, as the desk would; likewise

Two ways in: with `token`, one bearer token for everybody; with `enrolment`, agents that enrolled, each with
its own credential, sign every request (`gate`). With neither, everybody on the network: for trials.

What it promises
- An answer of 200 is a receipt, given after the events are on disk, that names every event of the batch.
- The same Idempotency-Key with the same body gets the same receipt; with another body, 422; while the
  first is being worked on, 409.
- It keeps no state of its own: any number of replicas on one PostgreSQL do what one does.
- Everything else is problem+json (RFC 9457). `uplink/events/openapi.yaml` is the whole contract.
"""

import asyncio
import contextlib
import hashlib
import hmac
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from uplink.delivery.cloudevents import BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE
from uplink.events import MODELS
from uplink.events.feedback import Feedback
from uplink.receiver import parsing, problems
from uplink.receiver.auth import AgentAuth
from uplink.receiver.database import DatabaseBusy
from uplink.receiver.event_store import EventStore
from uplink.receiver.faults import FaultInjection
from uplink.receiver.parsing import ReceivedEvent
from uplink.receiver.problems import Problem

SILENCE_CHECK_INTERVAL = 60.0  # seconds
PORTAL_PAGE = "<!doctype html><title>Guest network</title><h1>Welcome</h1><p>Please accept our terms.</p>"


def create_app(
    database: Path | str,
    *,
    token: str | None = None,
    enrolment: bool = False,
    behaviour: FaultInjection | None = None,
    control: bool = False,
    arrived: Callable[[ReceivedEvent], None] | None = None,
    seed: int = 0,
) -> Starlette:
    """The receiver on `database`: a file, or "postgresql://…". `token`: the bearer token to ask for.
    `enrolment`: ask for enrolled agents and signatures instead. `arrived` hears of each event."""
    ledger = EventStore(database)
    dice = random.Random(seed)  # noqa: S311 - misbehaviour needs no secrecy
    gate = AgentAuth(ledger) if enrolment else None
    desk = _Endpoints(ledger, token, gate, behaviour or FaultInjection(), arrived, dice)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        listening = asyncio.create_task(_watch_silent_agents(ledger))
        yield
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        ledger.close()

    translate = {
        Problem: problems.answer_problem,
        HTTPException: problems.answer_problem,
        Exception: problems.answer_problem,
    }
    app = Starlette(routes=_build_routes(desk, control), lifespan=lifespan, exception_handlers=translate)
    app.router.redirect_slashes = False  # nobody is sent elsewhere: agents follow no redirect
    return app


def _build_routes(desk: "_Endpoints", control: bool) -> list[Route]:
    routes = [
        Route("/v1/events", desk.receive_events, methods=["POST"]),
        Route("/v1/enrolment", desk.enrol_agent, methods=["POST"]),
        Route("/v1/credential", desk.renew_credential, methods=["POST"]),
        Route("/v1/capabilities", desk.show_capabilities),
        Route("/v1/feedback", desk.list_feedback),
        Route("/v1/events", desk.list_events),
        Route("/v1/events/counts", desk.count_events),
        Route("/v1/tickets", desk.list_tickets),
        Route("/v1/agents", desk.list_agents),
        Route("/healthz", _answer_health),
    ]
    if control:
        routes += [
            Route("/control", desk.show_faults),
            Route("/control", desk.set_faults, methods=["POST"]),
            Route("/control/feedback", desk.add_feedback, methods=["POST"]),
        ]
    return routes


async def _watch_silent_agents(ledger: EventStore) -> None:
    """Look for agents that have fallen silent, for as long as the receiver runs."""
    while True:
        ledger.open_silence_tickets(time.time())
        await asyncio.sleep(SILENCE_CHECK_INTERVAL)


class _Endpoints:
    """The endpoints, and what they share."""

    def __init__(
        self,
        ledger: EventStore,
        token: str | None,
        gate: AgentAuth | None,
        behaviour: FaultInjection,
        arrived: Callable[[ReceivedEvent], None] | None,
        dice: random.Random,
    ) -> None:
        self.ledger, self._token, self._gate, self._behaviour = ledger, token, gate, behaviour
        self._arrived, self._dice = arrived, dice
        self._in_flight: set[str] = set()

    async def receive_events(self, request: Request) -> Response:
        """POST /v1/events."""
        self._check_token(request)
        raw = await _read_body(request)
        wrong = await self._inject_fault()
        if wrong is not None:
            return wrong
        kind = parsing.check_media_type(request.headers, self._accepted_formats())
        plain = parsing.decode_body(raw, request.headers)
        caller = self._gate.authenticate_agent(request.headers, plain, time.time()) if self._gate else None
        key = request.headers.get("idempotency-key", "")
        if not 1 <= len(key) <= 256:
            raise Problem(400, "bad-request", "an Idempotency-Key of 1 to 256 characters is needed")
        receipt = await self._answer_once(key, plain, kind, caller)
        if self._behaviour.drop:
            return _DroppedResponse()
        return Response(receipt, media_type="application/json")

    async def enrol_agent(self, request: Request) -> Response:
        """POST /v1/enrolment."""
        return JSONResponse(self._require_auth().enrol_agent(await _read_body(request), time.time()), 201)

    async def renew_credential(self, request: Request) -> Response:
        """POST /v1/credential."""
        body = await _read_body(request)
        return JSONResponse(self._require_auth().renew_credential(request.headers, body, time.time()))

    async def show_capabilities(self, _: Request) -> Response:
        """GET /v1/capabilities."""
        return JSONResponse(
            {
                "specversion": ["1.0"],
                "types": list(MODELS),
                "formats": self._accepted_formats(),
                "batch": {"events": self._behaviour.most, "bytes": parsing.MAX_BODY_BYTES},
                "content_encoding": ["gzip", "identity"],
                "signatures": ["v1a"],
                "feedback": True,
            }
        )

    def _accepted_formats(self) -> list[str]:
        """The kinds of body that are taken."""
        return [EVENT_MEDIA_TYPE] if self._behaviour.bare else [BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE]

    async def list_feedback(self, request: Request) -> Response:
        """GET /v1/feedback: to an enrolled agent only what is said of its own site."""
        self._check_token(request)
        caller = self._gate.authenticate_agent(request.headers, b"", time.time()) if self._gate else None
        site = caller["site_id"] if caller else None
        found = self.ledger.list_feedback(site, _parse_whole(request, "after", 0))
        return JSONResponse({"feedback": found, "last": self.ledger.last_feedback_number(site)})

    async def add_feedback(self, request: Request) -> Response:
        """POST /control/feedback."""
        try:
            said = Feedback.model_validate_json(await _read_body(request))
        except ValidationError as why:
            raise Problem(400, "bad-request", str(why)) from why
        if not self.ledger.add_feedback(said.ticket_id, said.model_dump(by_alias=True)):
            raise Problem(404, "not-found", f"no ticket {said.ticket_id}")
        return JSONResponse({}, 201)

    async def list_agents(self, _: Request) -> Response:
        """GET /v1/agents."""
        return JSONResponse(self.ledger.list_agents())

    async def list_events(self, request: Request) -> Response:
        """GET /v1/events."""
        after, limit = _parse_whole(request, "after", 0), _parse_whole(request, "limit", 1000)
        return JSONResponse(self.ledger.list_events(after, max(1, min(limit, 10_000))))

    async def count_events(self, _: Request) -> Response:
        """GET /v1/events/counts."""
        return JSONResponse(self.ledger.count_events())

    async def list_tickets(self, _: Request) -> Response:
        """GET /v1/tickets."""
        return JSONResponse(self.ledger.list_tickets())

    async def show_faults(self, _: Request) -> Response:
        """GET /control."""
        return JSONResponse(self._behaviour.model_dump())

    async def set_faults(self, request: Request) -> Response:
        """POST /control: the whole behaviour; what is left out is as it should be."""
        try:
            self._behaviour = FaultInjection.model_validate_json(await _read_body(request))
        except ValidationError as why:
            raise Problem(400, "bad-request", str(why)) from why
        return JSONResponse(self._behaviour.model_dump())

    def _check_token(self, request: Request) -> None:
        if self._token is None:
            return
        given = request.headers.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            raise Problem(401, "credential-refused", headers={"www-authenticate": "Bearer"})

    def _require_auth(self) -> AgentAuth:
        if self._gate is None:
            raise Problem(404, "not-found", "this receiver was started without enrolment")
        return self._gate

    async def _inject_fault(self) -> Response | None:
        """What was asked for instead of an answer; None to go on."""
        mood = self._behaviour
        if mood.throttle is not None:
            raise Problem(429, "throttled", headers={"retry-after": f"{mood.throttle:.0f}"})
        if mood.should_fail(self._dice):
            self._behaviour = mood.after_failure()
            raise Problem(mood.fail or 500, "misbehaving")
        return HTMLResponse(PORTAL_PAGE) if mood.portal else None

    async def _answer_once(self, key: str, plain: bytes, kind: str, caller: Mapping[str, Any] | None) -> str:
        """The receipt for this key: the one given before, or a new one."""
        if key in self._in_flight:
            raise Problem(409, "in-flight", headers={"retry-after": "1"})
        self._in_flight.add(key)
        try:
            await asyncio.sleep(self._behaviour.hang)
            fingerprint = hashlib.sha256(plain).digest()
            before = self.ledger.find_receipt(key)
            if before is None:
                return self._store_events(key, fingerprint, parsing.parse_events(plain, kind), caller)
            if before[0] != fingerprint:
                raise Problem(422, "key-reused")
            return before[1]
        except DatabaseBusy as why:
            raise Problem(409, "in-flight", headers={"retry-after": "1"}) from why
        finally:
            self._in_flight.discard(key)

    def _store_events(
        self, key: str, fingerprint: bytes, arrivals: list[ReceivedEvent], caller: Mapping[str, Any] | None
    ) -> str:
        if len(arrivals) > self._behaviour.most:
            raise Problem(413, "too-large", f"more than {self._behaviour.most} events")
        if any(a.event is not None and a.event.subject == self._behaviour.poison for a in arrivals):
            raise Problem(422, "event-unacceptable")
        now = time.time()
        receipt = self.ledger.store_events(key, fingerprint, arrivals, now)
        for name, site in {parsing.find_sender(arrival.event) for arrival in arrivals if arrival.event}:
            self.ledger.record_contact(caller["agent_id"] if caller else name, site, now)
        for arrival in arrivals if self._arrived else ():
            self._arrived(arrival)  # type: ignore[misc]  # not None here
        return receipt


def _parse_whole(request: Request, name: str, default: int) -> int:
    """A whole number of the query."""
    try:
        return max(0, min(int(request.query_params.get(name, default)), 2**62))
    except ValueError as why:
        raise Problem(400, "bad-request", f"{name} is a whole number") from why


class _DroppedResponse(Response):
    """Promises a body and hangs up: the server closes the connection of an unfinished response."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})


async def _answer_health(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > parsing.MAX_BODY_BYTES:
            raise Problem(413, "too-large", f"more than {parsing.MAX_BODY_BYTES} bytes")
    return bytes(body)
