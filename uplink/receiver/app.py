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

from uplink.delivery.cloudevents import BARE, MEDIA_TYPE
from uplink.events import MODELS
from uplink.events.feedback import Feedback
from uplink.receiver import parsing, problems
from uplink.receiver.auth import Gate
from uplink.receiver.database import Busy
from uplink.receiver.event_store import Ledger
from uplink.receiver.faults import Behaviour
from uplink.receiver.parsing import Arrival
from uplink.receiver.problems import Problem

LISTEN_EVERY = 60.0  # seconds
PORTAL = "<!doctype html><title>Guest network</title><h1>Welcome</h1><p>Please accept our terms.</p>"


def create_app(
    database: Path | str,
    *,
    token: str | None = None,
    enrolment: bool = False,
    behaviour: Behaviour | None = None,
    control: bool = False,
    arrived: Callable[[Arrival], None] | None = None,
    seed: int = 0,
) -> Starlette:
    """The receiver on `database`: a file, or "postgresql://…". `token`: the bearer token to ask for.
    `enrolment`: ask for enrolled agents and signatures instead. `arrived` hears of each event."""
    ledger = Ledger(database)
    dice = random.Random(seed)  # noqa: S311 - misbehaviour needs no secrecy
    gate = Gate(ledger) if enrolment else None
    desk = _Desk(ledger, token, gate, behaviour or Behaviour(), arrived, dice)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        listening = asyncio.create_task(_listen(ledger))
        yield
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        ledger.close()

    translate = {Problem: problems.answer, HTTPException: problems.answer, Exception: problems.answer}
    app = Starlette(routes=_routes(desk, control), lifespan=lifespan, exception_handlers=translate)
    app.router.redirect_slashes = False  # nobody is sent elsewhere: agents follow no redirect
    return app


def _routes(desk: "_Desk", control: bool) -> list[Route]:
    routes = [
        Route("/v1/events", desk.receive, methods=["POST"]),
        Route("/v1/enrolment", desk.enrol, methods=["POST"]),
        Route("/v1/credential", desk.renew, methods=["POST"]),
        Route("/v1/capabilities", desk.capabilities),
        Route("/v1/feedback", desk.feedback),
        Route("/v1/events", desk.events),
        Route("/v1/events/counts", desk.counts),
        Route("/v1/tickets", desk.tickets),
        Route("/v1/agents", desk.agents),
        Route("/healthz", _healthy),
    ]
    if control:
        routes += [
            Route("/control", desk.show_behaviour),
            Route("/control", desk.behave, methods=["POST"]),
            Route("/control/feedback", desk.say, methods=["POST"]),
        ]
    return routes


async def _listen(ledger: Ledger) -> None:
    """Look for agents that have fallen silent, for as long as the receiver runs."""
    while True:
        ledger.listen(time.time())
        await asyncio.sleep(LISTEN_EVERY)


class _Desk:
    """The endpoints, and what they share."""

    def __init__(
        self,
        ledger: Ledger,
        token: str | None,
        gate: Gate | None,
        behaviour: Behaviour,
        arrived: Callable[[Arrival], None] | None,
        dice: random.Random,
    ) -> None:
        self.ledger, self._token, self._gate, self._behaviour = ledger, token, gate, behaviour
        self._arrived, self._dice = arrived, dice
        self._in_flight: set[str] = set()

    async def receive(self, request: Request) -> Response:
        """POST /v1/events."""
        self._authorise(request)
        raw = await _bounded(request)
        wrong = await self._misbehave()
        if wrong is not None:
            return wrong
        kind = parsing.media_type(request.headers, self._formats())
        plain = parsing.body(raw, request.headers)
        caller = self._gate.admit(request.headers, plain, time.time()) if self._gate else None
        key = request.headers.get("idempotency-key", "")
        if not 1 <= len(key) <= 256:
            raise Problem(400, "bad-request", "an Idempotency-Key of 1 to 256 characters is needed")
        receipt = await self._once(key, plain, kind, caller)
        if self._behaviour.drop:
            return _Dropped()
        return Response(receipt, media_type="application/json")

    async def enrol(self, request: Request) -> Response:
        """POST /v1/enrolment."""
        return JSONResponse(self._open_gate().enrol(await _bounded(request), time.time()), 201)

    async def renew(self, request: Request) -> Response:
        """POST /v1/credential."""
        body = await _bounded(request)
        return JSONResponse(self._open_gate().renew(request.headers, body, time.time()))

    async def capabilities(self, _: Request) -> Response:
        """GET /v1/capabilities."""
        return JSONResponse(
            {
                "specversion": ["1.0"],
                "types": list(MODELS),
                "formats": self._formats(),
                "batch": {"events": self._behaviour.most, "bytes": parsing.LARGEST_BODY},
                "content_encoding": ["gzip", "identity"],
                "signatures": ["v1a"],
                "feedback": True,
            }
        )

    def _formats(self) -> list[str]:
        """The kinds of body that are taken."""
        return [BARE] if self._behaviour.bare else [MEDIA_TYPE, BARE]

    async def feedback(self, request: Request) -> Response:
        """GET /v1/feedback: to an enrolled agent only what is said of its own site."""
        self._authorise(request)
        caller = self._gate.admit(request.headers, b"", time.time()) if self._gate else None
        site = caller["site_id"] if caller else None
        found = self.ledger.said(site, _whole(request, "after", 0))
        return JSONResponse({"feedback": found, "last": self.ledger.last_said(site)})

    async def say(self, request: Request) -> Response:
        """POST /control/feedback."""
        try:
            said = Feedback.model_validate_json(await _bounded(request))
        except ValidationError as why:
            raise Problem(400, "bad-request", str(why)) from why
        if not self.ledger.say(said.ticket_id, said.model_dump(by_alias=True)):
            raise Problem(404, "not-found", f"no ticket {said.ticket_id}")
        return JSONResponse({}, 201)

    async def agents(self, _: Request) -> Response:
        """GET /v1/agents."""
        return JSONResponse(self.ledger.agents())

    async def events(self, request: Request) -> Response:
        """GET /v1/events."""
        after, limit = _whole(request, "after", 0), _whole(request, "limit", 1000)
        return JSONResponse(self.ledger.events(after, max(1, min(limit, 10_000))))

    async def counts(self, _: Request) -> Response:
        """GET /v1/events/counts."""
        return JSONResponse(self.ledger.counts())

    async def tickets(self, _: Request) -> Response:
        """GET /v1/tickets."""
        return JSONResponse(self.ledger.tickets())

    async def show_behaviour(self, _: Request) -> Response:
        """GET /control."""
        return JSONResponse(self._behaviour.model_dump())

    async def behave(self, request: Request) -> Response:
        """POST /control: the whole behaviour; what is left out is as it should be."""
        try:
            self._behaviour = Behaviour.model_validate_json(await _bounded(request))
        except ValidationError as why:
            raise Problem(400, "bad-request", str(why)) from why
        return JSONResponse(self._behaviour.model_dump())

    def _authorise(self, request: Request) -> None:
        if self._token is None:
            return
        given = request.headers.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            raise Problem(401, "credential-refused", headers={"www-authenticate": "Bearer"})

    def _open_gate(self) -> Gate:
        if self._gate is None:
            raise Problem(404, "not-found", "this receiver was started without enrolment")
        return self._gate

    async def _misbehave(self) -> Response | None:
        """What was asked for instead of an answer; None to go on."""
        mood = self._behaviour
        if mood.throttle is not None:
            raise Problem(429, "throttled", headers={"retry-after": f"{mood.throttle:.0f}"})
        if mood.fails(self._dice):
            self._behaviour = mood.after_one()
            raise Problem(mood.fail or 500, "misbehaving")
        return HTMLResponse(PORTAL) if mood.portal else None

    async def _once(self, key: str, plain: bytes, kind: str, caller: Mapping[str, Any] | None) -> str:
        """The receipt for this key: the one given before, or a new one."""
        if key in self._in_flight:
            raise Problem(409, "in-flight", headers={"retry-after": "1"})
        self._in_flight.add(key)
        try:
            await asyncio.sleep(self._behaviour.hang)
            fingerprint = hashlib.sha256(plain).digest()
            before = self.ledger.receipt(key)
            if before is None:
                return self._take_in(key, fingerprint, parsing.events(plain, kind), caller)
            if before[0] != fingerprint:
                raise Problem(422, "key-reused")
            return before[1]
        except Busy as why:
            raise Problem(409, "in-flight", headers={"retry-after": "1"}) from why
        finally:
            self._in_flight.discard(key)

    def _take_in(
        self, key: str, fingerprint: bytes, arrivals: list[Arrival], caller: Mapping[str, Any] | None
    ) -> str:
        if len(arrivals) > self._behaviour.most:
            raise Problem(413, "too-large", f"more than {self._behaviour.most} events")
        if any(a.event is not None and a.event.subject == self._behaviour.poison for a in arrivals):
            raise Problem(422, "event-unacceptable")
        now = time.time()
        receipt = self.ledger.record(key, fingerprint, arrivals, now)
        for name, site in {parsing.sender(arrival.event) for arrival in arrivals if arrival.event}:
            self.ledger.contact(caller["agent_id"] if caller else name, site, now)
        for arrival in arrivals if self._arrived else ():
            self._arrived(arrival)  # type: ignore[misc]  # not None here
        return receipt


def _whole(request: Request, name: str, default: int) -> int:
    """A whole number of the query."""
    try:
        return max(0, min(int(request.query_params.get(name, default)), 2**62))
    except ValueError as why:
        raise Problem(400, "bad-request", f"{name} is a whole number") from why


class _Dropped(Response):
    """Promises a body and hangs up: the server closes the connection of an unfinished response."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _bounded(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > parsing.LARGEST_BODY:
            raise Problem(413, "too-large", f"more than {parsing.LARGEST_BODY} bytes")
    return bytes(body)
