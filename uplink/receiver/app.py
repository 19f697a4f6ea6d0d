"""The reference provider as one ASGI application.

For agents
    POST /v1/events          take a batch of CloudEvents, answer with a receipt
    POST /v1/enrolment       exchange a one-time token for a credential
    POST /v1/credential      the next credential, before this one expires
    GET  /v1/capabilities    what this receiver takes
    GET  /v1/feedback        the desk's feedback on tickets, and its requests: ?after=N&requests=KIND,…

For desks, with a credential (`desk_endpoints`): ?after=N&limit=M
    GET  /v1/events          events in the order of arrival
    GET  /v1/events/counts   number of events by type
    GET  /v1/tickets         tickets, each as its newest event has it
    GET  /v1/agents          agents and their last contact

For the operator
    GET  /healthz            200 "ok", or 503 while the database cannot be reached
    GET, POST /control       injected faults; only where it was asked for
    POST /control/feedback   add feedback on a ticket, as a desk would; likewise

Agents are let in by `token`, one bearer token for all, or by `enrolment`: each enrolled agent has its own
credential and signs every request (`auth`), and sends events of itself and its own site alone (`ownership`).
With neither, everybody on the network may send: for trials.

Promises
- An answer of 200 is a receipt, given after the events are on disk, that names every event of the batch.
- The same Idempotency-Key of the same agent with the same body gets the same receipt; with another body, 422;
  while the first is being worked on, 409.
- Without a valid credential no body is read.
- The process keeps no state of its own: any number of replicas on one PostgreSQL do what one does.
- Everything else is problem+json (RFC 9457). `uplink/events/openapi.yaml` is the contract with agents,
  `uplink/receiver/reference.yaml` describes the paths that only this receiver has.
"""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from uplink.delivery.cloudevents import BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE
from uplink.events import MODELS
from uplink.events.feedback import Feedback
from uplink.events.request import REQUEST_KINDS
from uplink.events.ticket import Step
from uplink.receiver import parsing, problems
from uplink.receiver.auth import AgentAuth
from uplink.receiver.database import DatabaseBusy, DatabaseUnavailable
from uplink.receiver.desk_endpoints import DeskEndpoints, parse_whole
from uplink.receiver.event_store import EnrolledSender, EventStore
from uplink.receiver.faults import FaultInjection
from uplink.receiver.ownership import refuse_foreign
from uplink.receiver.parsing import ReceivedEvent
from uplink.receiver.problems import Problem
from uplink.receiver.read_scope import ReadScope
from uplink.receiver.ticket_store import SiteScope

log = logging.getLogger(__name__)
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
    """Build the receiver on `database`: a file, or "postgresql://…". `token`: the bearer token to ask for.
    `enrolment`: ask for enrolled agents and signatures instead. `arrived` is called with each event."""
    store = EventStore(database)
    dice = random.Random(seed)  # noqa: S311 - fault injection needs no secrecy
    auth = AgentAuth(store) if enrolment else None
    agents = _AgentEndpoints(store, token, auth, behaviour or FaultInjection(), arrived, dice)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(_watch_silent_agents(store))
        yield
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        store.close()

    translate: dict[Any, Any] = dict.fromkeys((Problem, HTTPException, Exception), problems.answer_problem)
    translate[DatabaseUnavailable], translate[ClientDisconnect] = _answer_unavailable, _answer_broken_request
    routes = [*agents.build_routes(control=control), *DeskEndpoints(store).build_routes()]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=translate)
    app.router.redirect_slashes = False  # agents follow no redirect
    return app


async def _watch_silent_agents(store: EventStore) -> None:
    """Open tickets for silent agents, while the receiver runs; a failure ends one round, not the task."""
    while True:
        try:
            store.open_silence_tickets(time.time())
        except DatabaseUnavailable as why:
            log.warning("cannot look for silent agents: %s", why)
        except Exception:
            log.exception("looking for silent agents failed")
        await asyncio.sleep(SILENCE_CHECK_INTERVAL)


class _AgentEndpoints:
    """Answers the requests of agents, and of the operator."""

    def __init__(
        self,
        store: EventStore,
        token: str | None,
        auth: AgentAuth | None,
        behaviour: FaultInjection,
        arrived: Callable[[ReceivedEvent], None] | None,
        dice: random.Random,
    ) -> None:
        self._store, self._token, self._auth, self._behaviour = store, token, auth, behaviour
        self._arrived, self._dice = arrived, dice
        self._in_flight: set[tuple[str, str]] = set()

    def build_routes(self, *, control: bool) -> list[Route]:
        """Build the routes; those of /control only where they were asked for."""
        routes = [
            Route("/v1/events", self.receive_events, methods=["POST"]),
            Route("/v1/enrolment", self.enrol_agent, methods=["POST"]),
            Route("/v1/credential", self.renew_credential, methods=["POST"]),
            Route("/v1/capabilities", self.show_capabilities),
            Route("/v1/feedback", self.list_feedback),
            Route("/healthz", self.answer_health),
        ]
        if control:
            routes += [
                Route("/control", self.show_faults),
                Route("/control", self.set_faults, methods=["POST"]),
                Route("/control/feedback", self.add_feedback, methods=["POST"]),
            ]
        return routes

    async def receive_events(self, request: Request) -> Response:
        """POST /v1/events."""
        self._check_credential(request)
        raw = await _read_body(request)
        wrong = await self._inject_fault()
        if wrong is not None:
            return wrong
        kind = parsing.check_media_type(request.headers, self._accepted_formats())
        plain = parsing.decode_body(raw, request.headers)
        sender = self._authenticate_sender(request, plain)
        key = request.headers.get("idempotency-key", "")
        if not 1 <= len(key) <= 256:
            raise Problem(400, "bad-request", "an Idempotency-Key of 1 to 256 characters is needed")
        receipt = await self._answer_once(key, plain, kind, sender)
        if self._behaviour.drop:
            return _DroppedResponse()
        return Response(receipt, media_type="application/json")

    async def enrol_agent(self, request: Request) -> Response:
        """POST /v1/enrolment."""
        auth = self._require_auth()
        return JSONResponse(auth.enrol_agent(await _read_body(request), time.time()), 201)

    async def renew_credential(self, request: Request) -> Response:
        """POST /v1/credential."""
        auth = self._require_auth()
        auth.find_agent(request.headers, time.time(), expired_too=True)
        return JSONResponse(auth.renew_credential(request.headers, await _read_body(request), time.time()))

    async def show_capabilities(self, _: Request) -> Response:
        """GET /v1/capabilities."""
        return JSONResponse(
            {
                "specversion": ["1.0"],
                "types": list(MODELS),
                "formats": self._accepted_formats(),
                "batch": {"events": self._behaviour.most, "bytes": parsing.MAX_BODY_BYTES},
                "content_encoding": ["gzip", "identity"],
                "ticket_events": list(get_args(Step)),
                "signatures": ["v1a"],
                "feedback": True,
                "requests": list(REQUEST_KINDS),
            }
        )

    def _accepted_formats(self) -> list[str]:
        """List the media types that are taken."""
        return [EVENT_MEDIA_TYPE] if self._behaviour.bare else [BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE]

    async def list_feedback(self, request: Request) -> Response:
        """GET /v1/feedback: an enrolled agent gets its own site's only."""
        self._check_credential(request)
        sender = self._authenticate_sender(request, b"")
        scope = ReadScope(tenant_id=sender.scope.tenant_id, sites=(sender.scope.site_id,)) if sender else None
        wanted = request.query_params.get("requests", "").split(",")
        found = self._store.list_feedback(scope, parse_whole(request, "after", 0), requests=wanted)
        return JSONResponse({"feedback": found, "last": self._store.last_feedback_number(scope)})

    async def answer_health(self, _: Request) -> Response:
        """GET /healthz."""
        self._store.check_health()
        return PlainTextResponse("ok\n")

    async def add_feedback(self, request: Request) -> Response:
        """POST /control/feedback."""
        try:
            feedback = Feedback.model_validate_json(await _read_body(request))
        except ValidationError as why:
            raise Problem(400, "bad-request", str(why)) from why
        try:
            known = self._store.add_feedback(feedback.ticket_id, feedback.model_dump(by_alias=True))
        except ValueError as why:
            raise Problem(400, "bad-request", str(why)) from why
        if not known:
            raise Problem(404, "not-found", f"no ticket {feedback.ticket_id}")
        return JSONResponse({}, 201)

    async def show_faults(self, _: Request) -> Response:
        """GET /control."""
        return JSONResponse(self._behaviour.model_dump())

    async def set_faults(self, request: Request) -> Response:
        """POST /control: replaces all faults; a fault that is left out is off."""
        try:
            self._behaviour = FaultInjection.model_validate_json(await _read_body(request))
        except ValidationError as why:
            raise Problem(400, "bad-request", str(why)) from why
        return JSONResponse(self._behaviour.model_dump())

    def _check_credential(self, request: Request) -> None:
        """Check the credential before the body is read. Raises Problem 401."""
        if self._auth is not None:
            self._auth.find_agent(request.headers, time.time())
        if self._token is None:
            return
        given = request.headers.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            raise Problem(401, "credential-refused", headers={"www-authenticate": "Bearer"})

    def _authenticate_sender(self, request: Request, body: bytes) -> EnrolledSender | None:
        """Return the enrolled agent that signed `body`; None where agents do not enrol."""
        if self._auth is None:
            return None
        agent = self._auth.authenticate_agent(request.headers, body, time.time())
        return EnrolledSender(
            agent_id=agent["agent_id"], scope=SiteScope(agent["tenant_id"], agent["site_id"])
        )

    def _require_auth(self) -> AgentAuth:
        if self._auth is None:
            raise Problem(404, "not-found", "this receiver was started without enrolment")
        return self._auth

    async def _inject_fault(self) -> Response | None:
        """Answer with the fault that was asked for; None to go on."""
        faults = self._behaviour
        if faults.throttle is not None:
            raise Problem(429, "throttled", headers={"retry-after": f"{faults.throttle:.0f}"})
        if faults.should_fail(self._dice):
            self._behaviour = faults.after_failure()
            raise Problem(faults.fail or 500, "misbehaving")
        return HTMLResponse(PORTAL_PAGE) if faults.portal else None

    async def _answer_once(self, key: str, plain: bytes, kind: str, sender: EnrolledSender | None) -> str:
        """Return the receipt for this key: the one given before, or a new one."""
        claim = (sender.name if sender else "", key)
        if claim in self._in_flight:
            raise Problem(409, "in-flight", headers={"retry-after": "1"})
        self._in_flight.add(claim)
        try:
            await asyncio.sleep(self._behaviour.hang)
            fingerprint = hashlib.sha256(plain).digest()
            before = self._store.find_receipt(key, sender)
            if before is None:
                return self._store_events(key, fingerprint, parsing.parse_events(plain, kind), sender)
            if before[0] != fingerprint:
                raise Problem(422, "key-reused")
            return before[1]
        except DatabaseBusy as why:
            raise Problem(409, "in-flight", headers={"retry-after": "1"}) from why
        finally:
            self._in_flight.discard(claim)

    def _store_events(
        self, key: str, fingerprint: bytes, arrivals: list[ReceivedEvent], sender: EnrolledSender | None
    ) -> str:
        if len(arrivals) > self._behaviour.most:
            raise Problem(413, "too-large", f"more than {self._behaviour.most} events")
        if any(a.event is not None and a.event.subject == self._behaviour.poison for a in arrivals):
            raise Problem(422, "event-unacceptable")
        if sender is not None:
            arrivals = list(refuse_foreign(arrivals, sender))
        now = time.time()
        receipt = self._store.store_events(key, fingerprint, arrivals, now, sender)
        self._record_contacts(arrivals, sender, now)
        for arrival in arrivals if self._arrived else ():
            self._arrived(arrival)  # type: ignore[misc]  # not None here
        return receipt

    def _record_contacts(
        self, arrivals: list[ReceivedEvent], sender: EnrolledSender | None, now: float
    ) -> None:
        """Note the contact of the agent that signed; without enrolment, of those that the events name."""
        if sender is not None:
            self._store.record_contact(sender.agent_id, sender.scope, now)
            return
        for name, site in {parsing.find_sender(arrival.event) for arrival in arrivals if arrival.event}:
            self._store.record_contact(name, SiteScope("", site), now)


async def _answer_unavailable(request: Request, _: Exception) -> Response:
    """Answer 503 while the database cannot be reached: agents keep their events and try again."""
    problem = Problem(503, "database-unavailable", headers={"retry-after": "5"})
    return await problems.answer_problem(request, problem)


async def _answer_broken_request(request: Request, _: Exception) -> Response:
    """Answer a request that broke off before its end; the connection is closed by then."""
    return await problems.answer_problem(request, Problem(400, "bad-request", "the request broke off"))


class _DroppedResponse(Response):
    """Promises a body and sends none: the server closes the connection of an unfinished response."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})


async def _read_body(request: Request) -> bytes:
    """Read the body of a request, up to its limit. Raises Problem 413."""
    too_large = Problem(413, "too-large", f"more than {parsing.MAX_BODY_BYTES} bytes")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > parsing.MAX_BODY_BYTES:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > parsing.MAX_BODY_BYTES:
            raise too_large
    return bytes(body)
