"""The reference provider as one ASGI application.

    POST /v1/events          a batch of CloudEvents in, a receipt out
    GET  /v1/events          what arrived, in order: ?after=N&limit=M
    GET  /v1/events/counts   how many of each type
    GET  /v1/tickets         every ticket, as its newest event has it
    GET  /healthz            "ok"
    GET, POST /control       how to misbehave; only where it was asked for

What it promises
- An answer of 200 is a receipt, given after the events are on disk, that names every event of the batch.
- The same Idempotency-Key with the same body gets the same receipt; with another body, 422; while the
  first is being worked on, 409.
- Everything else is problem+json (RFC 9457). `uplink/events/openapi.yaml` is the whole contract.
"""

import asyncio
import contextlib
import hashlib
import hmac
import random
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from uplink.receiver import intake, problems
from uplink.receiver.behaviour import Behaviour
from uplink.receiver.intake import Arrival
from uplink.receiver.ledger import Ledger
from uplink.receiver.problems import Problem

PORTAL = "<!doctype html><title>Guest network</title><h1>Welcome</h1><p>Please accept our terms.</p>"


def create_app(
    database: Path,
    *,
    token: str | None = None,
    behaviour: Behaviour | None = None,
    control: bool = False,
    arrived: Callable[[Arrival], None] | None = None,
    seed: int = 0,
) -> Starlette:
    """The receiver on `database`. `token`: the bearer token to ask for. `arrived` hears of each event."""
    desk = _Desk(Ledger(database), token, behaviour or Behaviour(), arrived, random.Random(seed))  # noqa: S311 - misbehaviour needs no secrecy
    routes = [
        Route("/v1/events", desk.receive, methods=["POST"]),
        Route("/v1/events", desk.events),
        Route("/v1/events/counts", desk.counts),
        Route("/v1/tickets", desk.tickets),
        Route("/healthz", _healthy),
    ]
    if control:
        routes += [Route("/control", desk.show_behaviour), Route("/control", desk.behave, methods=["POST"])]

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        desk.ledger.close()

    translate = {Problem: problems.answer, HTTPException: problems.answer, Exception: problems.answer}
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=translate)


class _Desk:
    """The endpoints, and what they share."""

    def __init__(
        self,
        ledger: Ledger,
        token: str | None,
        behaviour: Behaviour,
        arrived: Callable[[Arrival], None] | None,
        dice: random.Random,
    ) -> None:
        self.ledger, self._token, self._behaviour = ledger, token, behaviour
        self._arrived, self._dice = arrived, dice
        self._in_flight: set[str] = set()

    async def receive(self, request: Request) -> Response:
        """POST /v1/events."""
        self._authorise(request)
        raw = await _bounded(request)
        wrong = await self._misbehave()
        if wrong is not None:
            return wrong
        plain = intake.body(raw, request.headers)
        key = request.headers.get("idempotency-key", "")
        if not 1 <= len(key) <= 256:
            raise Problem(400, "bad-request", "an Idempotency-Key of 1 to 256 characters is needed")
        receipt = await self._once(key, plain)
        if self._behaviour.drop:
            return _Dropped()
        return Response(receipt, media_type="application/json")

    async def events(self, request: Request) -> Response:
        """GET /v1/events."""
        try:
            after, limit = (
                int(request.query_params.get(name, default))
                for name, default in (("after", 0), ("limit", 1000))
            )
        except ValueError as why:
            raise Problem(400, "bad-request", "after and limit are whole numbers") from why
        bounded = max(1, min(limit, 10_000))
        return JSONResponse(self.ledger.events(max(0, min(after, 2**62)), bounded))

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

    async def _misbehave(self) -> Response | None:
        """What was asked for instead of an answer; None to go on."""
        mood = self._behaviour
        if mood.throttle is not None:
            raise Problem(429, "throttled", headers={"retry-after": f"{mood.throttle:.0f}"})
        if mood.fails(self._dice):
            self._behaviour = mood.after_one()
            raise Problem(mood.fail or 500, "misbehaving")
        return HTMLResponse(PORTAL) if mood.portal else None

    async def _once(self, key: str, plain: bytes) -> str:
        """The receipt for this key: the one given before, or a new one."""
        if key in self._in_flight:
            raise Problem(409, "in-flight", headers={"retry-after": "1"})
        self._in_flight.add(key)
        try:
            await asyncio.sleep(self._behaviour.hang)
            fingerprint = hashlib.sha256(plain).digest()
            before = self.ledger.receipt(key)
            if before is None:
                return self._take_in(key, fingerprint, plain)
            if before[0] != fingerprint:
                raise Problem(422, "key-reused")
            return before[1]
        finally:
            self._in_flight.discard(key)

    def _take_in(self, key: str, fingerprint: bytes, plain: bytes) -> str:
        arrivals = intake.events(plain)
        if len(arrivals) > self._behaviour.most:
            raise Problem(413, "too-large", f"more than {self._behaviour.most} events")
        if any(a.event is not None and a.event.subject == self._behaviour.poison for a in arrivals):
            raise Problem(422, "event-unacceptable")
        receipt = self.ledger.record(key, fingerprint, arrivals, time.time())
        for arrival in arrivals if self._arrived else ():
            self._arrived(arrival)  # type: ignore[misc]  # not None here
        return receipt


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
        if len(body) > intake.LARGEST_BODY:
            raise Problem(413, "too-large", f"more than {intake.LARGEST_BODY} bytes")
    return bytes(body)
