"""The endpoints that a desk reads: its own sites' events, tickets and agents, page by page.

    GET /v1/tickets?after=N&limit=M
    Link: </v1/tickets?after=1000&limit=1000>; rel="next"        while there is more (RFC 8288)

Each wants a desk's credential (`desk_auth`); an agent's credential or the agents' shared token is not one.
"""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from uplink.receiver.desk_auth import DeskAuth
from uplink.receiver.event_store import MAX_ROWS, EventStore
from uplink.receiver.problems import Problem
from uplink.receiver.read_scope import ReadScope

DEFAULT_ROWS = 1000
ListRows = Callable[[ReadScope, int, int], list[dict[str, Any]]]


class DeskEndpoints:
    """Answers the requests of desks."""

    def __init__(self, store: EventStore) -> None:
        self._store, self._auth = store, DeskAuth(store)

    def build_routes(self) -> list[Route]:
        """Build the routes of all endpoints."""
        return [
            Route("/v1/events", self.list_events),
            Route("/v1/events/counts", self.count_events),
            Route("/v1/tickets", self.list_tickets),
            Route("/v1/agents", self.list_agents),
        ]

    async def list_events(self, request: Request) -> Response:
        """GET /v1/events."""
        return self._answer_page(
            request, "arrival", lambda scope, after, limit: self._store.list_events(after, limit, scope)
        )

    async def list_tickets(self, request: Request) -> Response:
        """GET /v1/tickets."""
        return self._answer_page(request, "number", self._store.list_tickets)

    async def list_agents(self, request: Request) -> Response:
        """GET /v1/agents."""
        return self._answer_page(request, "number", self._store.list_agents)

    async def count_events(self, request: Request) -> Response:
        """GET /v1/events/counts."""
        return JSONResponse(self._store.count_events(self._auth.authenticate_desk(request.headers)))

    def _answer_page(self, request: Request, number: str, list_rows: ListRows) -> Response:
        """Answer one page; the Link header leads to the next one while the page is full."""
        scope = self._auth.authenticate_desk(request.headers)
        after, limit = parse_whole(request, "after", 0), parse_whole(request, "limit", DEFAULT_ROWS)
        limit = max(1, min(limit, MAX_ROWS))
        rows = list_rows(scope, after, limit)
        headers = {}
        if len(rows) == limit:
            headers["link"] = f'<{request.url.path}?after={rows[-1][number]}&limit={limit}>; rel="next"'
        return JSONResponse(rows, headers=headers)


def parse_whole(request: Request, name: str, default: int) -> int:
    """Read a whole number from the query. Raises Problem 400."""
    try:
        return max(0, min(int(request.query_params.get(name, default)), 2**62))
    except ValueError as why:
        raise Problem(400, "bad-request", f"{name} is a whole number") from why
