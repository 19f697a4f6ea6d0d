"""The refusals of the receiver: problem+json (RFC 9457)."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

PROBLEM_PREFIX = "urn:problem-type:mps:"

PROBLEM_TITLES = {
    "bad-request": "The request cannot be read",
    "credential-refused": "The credential is missing or not accepted",
    "event-invalid": "The event does not follow its schema",
    "database-unavailable": "The receiver cannot reach its database",
    "event-foreign": "The event is of another agent or site",
    "event-unacceptable": "The batch has an event that is not acceptable",
    "event-unknown-type": "The event type is not known here",
    "in-flight": "A request with this Idempotency-Key is being worked on",
    "key-reused": "This Idempotency-Key came with another body before",
    "not-found": "Not found",
    "media-type": "The media type or content coding is not taken here",
    "misbehaving": "Failing on request",
    "signature-refused": "The signature is missing or wrong",
    "signature-stale": "The signature is too old, or from the future",
    "token-refused": "The enrolment token is not accepted",
    "unknown-agent": "This agent is not known here, or not any more",
    "throttled": "Too many requests",
    "too-large": "The batch is too large",
    "internal": "The receiver failed",
}


class Problem(Exception):
    """A refusal: status, problem type, and a sentence."""

    def __init__(
        self, status: int, kind: str, detail: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers = status, kind, detail, headers

    def to_json_object(self) -> dict[str, object]:
        """The members of the problem object (RFC 9457, 3.1)."""
        members: dict[str, object] = {
            "type": PROBLEM_PREFIX + self.kind,
            "title": PROBLEM_TITLES[self.kind],
            "status": self.status,
        }
        return members | ({"detail": self.detail} if self.detail else {})


async def answer_problem(_: Request, why: Exception) -> Response:
    """Answer anything that was raised as problem+json."""
    problem = why if isinstance(why, Problem) else _translate_error(why)
    return JSONResponse(
        problem.to_json_object(),
        problem.status,
        headers=dict(problem.headers or {}),
        media_type="application/problem+json",
    )


def _translate_error(why: Exception) -> Problem:
    status = getattr(why, "status_code", 500)  # starlette.exceptions.HTTPException
    return Problem(status, "internal" if status >= 500 else "not-found", str(getattr(why, "detail", "")))
