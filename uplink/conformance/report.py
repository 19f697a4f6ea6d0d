"""Runs the clauses one after the other, and reports each with what was seen."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from uplink.conformance.clauses import CLAUSES, Clause
from uplink.conformance.enrolment import ENROLMENT_CLAUSES
from uplink.conformance.probe import BackendProbe, ClauseBroken, NotAsked
from uplink.errors import DeliveryError


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseResult:
    """A clause, and what is against it; None if it is kept, or, for the reason `not_asked`, was not asked."""

    number: str
    text: str
    finding: str | None
    not_asked: str | None = None


async def check_backend(probe: BackendProbe) -> AsyncIterator[ClauseResult]:
    """Check every clause that applies; afterwards cancel the tickets that were opened for it."""
    clauses = CLAUSES if probe.identity is None else (*CLAUSES, *ENROLMENT_CLAUSES)
    try:
        for clause in clauses:
            try:
                finding, not_asked = await _check_clause(clause, probe), None
            except NotAsked as why:
                finding, not_asked = None, str(why)
            yield ClauseResult(number=clause.number, text=clause.text, finding=finding, not_asked=not_asked)
    finally:
        await probe.cancel_tickets()


async def _check_clause(clause: Clause, probe: BackendProbe) -> str | None:
    """Check one clause; return what is against it."""
    try:
        await clause.check(probe)
    except ClauseBroken as why:
        return str(why)
    except httpx.HTTPError as why:
        return f"no answer: {type(why).__name__} {why}".strip()
    except DeliveryError as why:
        return str(why)
    return None
