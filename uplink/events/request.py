"""mps.request/1: what the provider asks of a site, in the list of feedback that the agent pulls.

    resend_dead     put the dead letter back into the queue: the cause is mended at the provider
    restate_open    send the state of every open ticket, and of those cleared since `since`

An agent gets one only if it asks for it (`GET /v1/feedback?requests=…`), which it does where the capabilities
name it. The same `request_id` is answered once, however often it is pulled; each kind at most once an hour.
"""

from typing import Literal, get_args

from pydantic import Field

from uplink.events.base import SCHEMA_NAME, Name, Record, Text, Time

RequestKind = Literal["resend_dead", "restate_open"]
REQUEST_KINDS: tuple[RequestKind, ...] = get_args(RequestKind)


class ProviderRequest(Record):
    """One request of the provider to the agents of a site."""

    schema_: Literal["mps.request/1"] = Field(alias="schema", description=SCHEMA_NAME)
    request_id: Name = Field(
        description="Made by the provider, one for each request. An agent answers it once.",
        examples=["0198f2c4-3c2e-7d10-9c4e-5b1f6f0d2a11"],
    )
    request: RequestKind = Field(
        description="resend_dead: put the dead letter back into the queue, but for what the agent itself "
        "found damaged or too large. restate_open: send the state of each open ticket, under its own id and "
        "ticket_seq, with evidence.restated."
    )
    since: Time | None = Field(
        default=None,
        description="Of restate_open: the state of tickets cleared since then, too; 30 days at most.",
    )
    reason: Text | None = Field(default=None, description="For the audit log of the site.")
