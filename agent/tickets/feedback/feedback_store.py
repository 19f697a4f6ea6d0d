"""The desk's feedback on disk, in the caller's transaction.

- One row for each ticket of this agent: its state at the desk. A repeated message changes nothing.
- Messages on unknown tickets are counted and not kept, so that a provider cannot fill the disk.
- An agent that was restored, or a second one, calls a ticket otherwise: then device, fault, component and
  episode find it.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from agent.tickets import approvals, timeline
from agent.tickets.approvals import ApprovalDecision
from agent.tickets.feedback.precision import RulePrecision
from agent.tickets.feedback.status import FeedbackResult, TicketFeedback

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE desk (
        ticket TEXT PRIMARY KEY,
        status TEXT, outcome TEXT, came_back INTEGER NOT NULL,  -- as in `standing`, for counting
        standing TEXT NOT NULL,                                 -- JSON
        heard_at REAL NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE TABLE desk_words (id INTEGER PRIMARY KEY CHECK (id = 1), taken INTEGER NOT NULL)",
    """
    ALTER TABLE desk RENAME TO ticket_feedback;
    ALTER TABLE ticket_feedback RENAME COLUMN came_back TO is_callback;
    ALTER TABLE ticket_feedback RENAME COLUMN standing TO state;
    ALTER TABLE ticket_feedback RENAME COLUMN heard_at TO received_at;
    ALTER TABLE desk_words RENAME TO feedback_progress;
    ALTER TABLE feedback_progress RENAME COLUMN taken TO accepted
    """,
)


def save_feedback(tx: sqlite3.Connection, words: Iterable[Mapping[str, Any]], now: float) -> FeedbackResult:
    """Save feedback messages (mps.feedback/1) in their order."""
    taken, unknown = 0, []
    for said in words:
        ticket = _find_ticket(tx, str(said["ticket_id"]), said.get("dedupe_key"))
        if ticket is None:
            unknown.append(str(said["ticket_id"]))
            continue
        standing = (load_feedback(tx, ticket) or TicketFeedback()).with_update(said)
        tx.execute(
            "INSERT OR REPLACE INTO ticket_feedback VALUES (?, ?, ?, ?, ?, ?)",
            (ticket, standing.status, standing.outcome, standing.callback_of is not None,
             json.dumps(asdict(standing)), now),
        )  # fmt: skip
        timeline.record_feedback(tx, ticket, said, now)
        if (verdict := said.get("approval")) in approvals.VERDICTS:
            by = str(said.get("service_org") or "desk")
            decision = ApprovalDecision(ticket=ticket, decision=verdict, by=by, at=now, source="feedback")
            approvals.save_decision(tx, decision)
        taken += 1
    if taken:
        tx.execute(
            "INSERT INTO feedback_progress VALUES (1, ?) "
            "ON CONFLICT DO UPDATE SET accepted = accepted + excluded.accepted",
            (taken,),
        )
    return FeedbackResult(taken=taken, unknown=tuple(unknown))


def load_feedback(db: sqlite3.Connection, ticket: str) -> TicketFeedback | None:
    """Load a ticket's state at the desk; None without feedback."""
    row = db.execute("SELECT state FROM ticket_feedback WHERE ticket = ?", (ticket,)).fetchone()
    if row is None:
        return None
    values = json.loads(row["state"])
    return TicketFeedback(
        **values | {"parts_used": tuple((part, count) for part, count in values["parts_used"])}
    )


def load_precisions(db: sqlite3.Connection, rule: str | None = None) -> list[RulePrecision]:
    """Every rule of which the desk closed a ticket, or `rule` alone, by its id."""
    found: dict[str, dict[str, int]] = {}
    back: dict[str, int] = {}
    for row in db.execute(
        "SELECT t.rule, f.outcome, count(*) AS n, sum(f.is_callback) AS back "
        "FROM ticket_feedback f JOIN ticket t ON t.id = f.ticket "
        "WHERE f.status = 'closed' AND f.outcome IS NOT NULL AND (? IS NULL OR t.rule = ?) "
        "GROUP BY t.rule, f.outcome ORDER BY t.rule, f.outcome",
        (rule, rule),
    ):
        found.setdefault(row["rule"], {})[row["outcome"]] = row["n"]
        back[row["rule"]] = back.get(row["rule"], 0) + row["back"]
    return [RulePrecision(rule=name, outcomes=counts, callbacks=back[name]) for name, counts in found.items()]


class PrecisionCache:
    """Cached `load_precisions`, counted anew only after new feedback: each event needs them."""

    def __init__(self) -> None:
        self._taken: int | None = None  # words, when they were counted last
        self._known: dict[str, RulePrecision] = {}

    def __call__(self, tx: sqlite3.Connection, rule: str | None) -> Sequence[RulePrecision]:
        row = tx.execute("SELECT accepted FROM feedback_progress").fetchone()
        taken = row["accepted"] if row else 0
        if taken != self._taken:
            self._taken, self._known = taken, {one.rule: one for one in load_precisions(tx)}
        if rule is None:
            return list(self._known.values())
        return [self._known[rule]] if rule in self._known else []


def _find_ticket(tx: sqlite3.Connection, ticket: str, dedupe_key: str | None) -> str | None:
    """Our own name of a ticket; None if it is not ours."""
    for table in ("ticket", "ticket_batch"):
        if tx.execute(f"SELECT 1 FROM {table} WHERE id = ?", (ticket,)).fetchone():  # noqa: S608 - constants
            return ticket
    row = tx.execute(
        "SELECT id FROM ticket WHERE kind = 'ticket' AND dedupe_key = ? AND cleared_at IS NULL",
        (dedupe_key or "",),
    ).fetchone()
    return str(row["id"]) if row else None
