"""The clauses of the contract that can be asked of a backend from outside, each with the check that asks it.

A check raises `ClauseBroken` with what was seen. The number is that of docs/provider.md, "The clauses".
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

from uplink.conformance.probe import BackendProbe, ClauseBroken, NotAsked, expect_problem, read_lines
from uplink.delivery.cloudevents import EVENT_MEDIA_TYPE

Check = Callable[[BackendProbe], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One clause, and how it is checked."""

    number: str
    text: str
    check: Check


async def check_receipt(probe: BackendProbe) -> None:
    lines = await probe.send(probe.build_heartbeat(), probe.build_heartbeat())
    if [line["result"] for line in lines] != ["accepted", "accepted"]:
        raise ClauseBroken(f"two new heartbeats were answered {[line['result'] for line in lines]}")


async def check_compression(probe: BackendProbe) -> None:
    for packed in (True, False):
        event = probe.build_heartbeat()
        read_lines(await probe.post(event, packed=packed), [event["id"]])


async def check_single_event(probe: BackendProbe) -> None:
    formats = (await read_capabilities(probe)).get("formats")
    if isinstance(formats, list) and EVENT_MEDIA_TYPE not in formats:
        raise NotAsked("its capabilities name no event alone")
    event = probe.build_heartbeat()
    answer = await probe.post(body=json.dumps(event).encode(), headers={"content-type": EVENT_MEDIA_TYPE})
    read_lines(answer, [event["id"]])


async def check_unknown_fields(probe: BackendProbe) -> None:
    event = probe.build_heartbeat(printers=2.0, later_field={"a": [1]})
    (line,) = await probe.send(event | {"laterattribute": "x"})
    if line["result"] != "accepted":
        raise ClauseBroken(
            f"an event with unknown fields was answered {line['result']}: {line.get('detail')}"
        )


async def check_duplicate(probe: BackendProbe) -> None:
    event = probe.build_heartbeat()
    await probe.send(event)
    (line,) = await probe.send(event)
    if line["result"] != "duplicate":
        raise ClauseBroken(f"the same event under another key was answered {line['result']}, not duplicate")


async def check_same_key(probe: BackendProbe) -> None:
    event, key = probe.build_ticket("key", "key", 1, "open"), str(uuid4())
    for _ in range(2):
        (line,) = read_lines(await probe.post(event, key=key), [event["id"]])
        if line["result"] not in {"accepted", "duplicate"}:
            raise ClauseBroken(f"the same key and body were answered {line['result']}")


async def check_reused_key(probe: BackendProbe) -> None:
    key = str(uuid4())
    await probe.post(probe.build_heartbeat(), key=key)
    answer = await probe.post(probe.build_heartbeat(), key=key)
    expect_problem(answer, 422, "another body under a used key", "key-reused")


async def check_refused_alone(probe: BackendProbe) -> None:
    good, bad = probe.build_heartbeat(), probe.build_ticket("alone", "alone", 1, "opened")
    unknown = probe.build_heartbeat() | {"type": "mps.unheard_of/1"}
    lines = await probe.send(bad, good, unknown)
    results = [(line["result"], bool(line.get("problem"))) for line in lines]
    if results != [("rejected", True), ("accepted", False), ("rejected", True)]:
        told = [f"{word} {'with' if named else 'without'} a problem" for word, named in results]
        raise ClauseBroken(f"a bad, a good and an unknown event were answered {', '.join(told)}")


async def check_not_a_batch(probe: BackendProbe) -> None:
    bodies = {
        "an empty body": b"", "half a JSON object": b"{", "an empty array": b"[]",
        "an object that is no event": b'{"not": "a batch"}', "an event with the id 7": b'[{"id": 7}]',
        "50,000 open brackets": b"[" * 50_000,
    }  # fmt: skip
    for what, body in bodies.items():
        expect_problem(await probe.post(body=body), 400, what)
    answer = await probe.post(body=b"[]", headers={"content-type": "text/plain"})
    expect_problem(answer, 415, "a body of text/plain")
    answer = await probe.post(probe.build_heartbeat(), headers={"content-encoding": "br"})
    expect_problem(answer, 415, "a body that says it is brotli")
    answer = await probe.post(body=b"x", headers={"content-encoding": "gzip"})
    expect_problem(answer, 400, "a body that says it is gzip and is not")


async def check_sizes(probe: BackendProbe) -> None:
    expect_problem(await probe.post(body=b" " * (2 << 20)), 413, "a body of 2 MiB")
    answer = await probe.post(body=b" " * (8 << 20), packed=True)
    expect_problem(answer, 413, "a gzipped body of 8 MiB")
    batch = (await read_capabilities(probe)).get("batch")
    most = batch.get("events", 500) if isinstance(batch, dict) else 500
    events = [probe.build_heartbeat() for _ in range(min(500, int(most)))]
    read_lines(await probe.post(*events), [event["id"] for event in events])


async def check_clocks(probe: BackendProbe) -> None:
    for at in ("2001-01-01T00:00:00Z", "2099-01-01T00:00:00Z"):
        (line,) = await probe.send(probe.build_heartbeat(observed_at=at) | {"time": at})
        if line["result"] != "accepted":
            raise ClauseBroken(f"an event with the time {at} was answered {line['result']}")
    if "date" not in (await probe.post(probe.build_heartbeat())).headers:
        raise ClauseBroken("the answer has no Date header, by which agents see how wrong their clock is")


async def check_join(probe: BackendProbe) -> None:
    await probe.send_step("join", "j1", 1, "open")
    expect_join(await probe.send_step("join", "j2", 1, "open"), "j1", "a second open on an occupied key")
    await probe.send_step("join", "j1", 2, "clear")
    await probe.send_step("join", "j2", 2, "clear")
    expect_join(
        await probe.send_step("join", "j3", 1, "open"), "j1", "an open after clear: clear keeps the key"
    )


async def check_release(probe: BackendProbe) -> None:
    await probe.send_step("free", "f1", 1, "open")
    await probe.send_step("free", "f2", 1, "open")
    await probe.send_step("free", "f1", 2, "verified")
    expect_join(await probe.send_step("free", "f3", 1, "open"), "f1", "an open while an alias is still open")
    await probe.send_step("free", "f2", 2, "cancel")
    await probe.send_step("free", "f3", 2, "cancel")
    expect_join(await probe.send_step("free", "f4", 1, "open"), None, "an open after every alias has ended")


async def check_order(probe: BackendProbe) -> None:
    await probe.send_step("order", "o1", 3, "verified")
    await probe.send_step("order", "o1", 1, "open")
    expect_join(
        await probe.send_step("order", "o2", 1, "open"), None, "an open after a late event of an ended ticket"
    )


async def check_sites(probe: BackendProbe) -> None:
    if probe.identity is not None:
        raise NotAsked("an enrolled agent has one site; clause 5.5 is about others")
    await probe.send_step("site", "s1", 1, "open")
    other = probe.build_ticket("site", "s2", 1, "open", site=f"{probe.site_id}-other")
    other["data"]["dedupe_key"] = probe.build_ticket("site", "s1", 1, "open")["data"]["dedupe_key"]
    (line,) = await probe.send(other)
    expect_join(line.get("joined"), None, "an open with the same key at another site")


async def check_reopen(probe: BackendProbe) -> None:
    await probe.send_step("back", "b1", 1, "open")
    await probe.send_step("back", "b1", 2, "update")
    expect_join(await probe.send_step("back", "b2", 1, "open"), "b1", "an open after an update")
    await probe.send_step("back", "b1", 3, "verified")
    await probe.send_step("back", "b2", 2, "verified")
    await probe.send_step("back", "b1", 4, "reopen")
    expect_join(await probe.send_step("back", "b3", 1, "open"), "b1", "an open after a reopen")


async def check_whole_keys(probe: BackendProbe) -> None:
    for number, component in enumerate(("fuser:1", "FUSER:1", "fuser:10", "x" * 200 + "1", "x" * 200 + "2")):
        joined = await probe.send_step("keys", f"k{number}", 1, "open", component=component)
        if joined is not None:
            raise ClauseBroken(f"an open for {component[-12:]} joined the ticket of another key")


async def check_requests(probe: BackendProbe) -> None:
    if not (await read_capabilities(probe)).get("requests"):
        raise NotAsked("its capabilities name no requests")
    answer = await probe.get("feedback?after=0")
    try:
        kinds = {str(entry.get("schema")) for entry in answer.json()["feedback"]}
    except (ValueError, KeyError, TypeError, AttributeError) as why:
        raise ClauseBroken(f"feedback was answered {answer.status_code}: {answer.text[:120]}") from why
    if "mps.request/1" in kinds:
        raise ClauseBroken("an agent that named no requests was given one, which older agents do not know")


async def check_feedback(probe: BackendProbe) -> None:
    if not (await read_capabilities(probe)).get("feedback"):
        raise NotAsked("its capabilities offer no feedback")
    pages = []
    for after in (0, 2**40):
        answer = await probe.get(f"feedback?after={after}")
        try:
            pages.append(answer.json())
            numbers = [int(word["number"]) for word in pages[-1]["feedback"]]
        except (ValueError, KeyError, TypeError) as why:
            raise ClauseBroken(f"feedback was answered {answer.status_code}: {answer.text[:120]}") from why
        if numbers != sorted(set(numbers)) or (numbers and numbers[0] <= after):
            raise ClauseBroken(f"feedback after {after} has the numbers {numbers[:5]}")


async def check_credential(probe: BackendProbe) -> None:
    if probe.token is None and probe.identity is None:
        raise NotAsked("no credential was given: --token-file or --enrol-token-file")
    wrong = {"no credential": "", "a wrong credential": "Bearer wrong-credential-of-no-agent"}
    for what, given in wrong.items():
        answer = await probe.post(probe.build_heartbeat(), headers={"authorization": given})
        expect_problem(answer, 401, what)


async def read_capabilities(probe: BackendProbe) -> dict[str, object]:
    """Read the capabilities; none if the backend has no such page."""
    answer = await probe.get("capabilities")
    if answer.status_code != 200:
        return {}
    try:
        found = answer.json()
    except ValueError as why:
        raise ClauseBroken("GET /v1/capabilities is answered 200 without JSON") from why
    return found if isinstance(found, dict) else {}


def expect_join(joined: str | None, wanted: str | None, what: str) -> None:
    """Check which ticket an event joined. Raises ClauseBroken."""
    if joined != wanted:
        raise ClauseBroken(f"{what} joined {joined or 'nothing'} instead of {wanted or 'nothing'}")


CLAUSES = (
    Clause(number="1.1", text="200 brings a receipt that names every event", check=check_receipt),
    Clause(number="1.2", text="a body may be gzipped or plain", check=check_compression),
    Clause(
        number="1.3",
        text="one event may come alone, unless capabilities say otherwise",
        check=check_single_event,
    ),
    Clause(
        number="1.4", text="unknown fields are ignored, and 2.0 is a whole number", check=check_unknown_fields
    ),
    Clause(number="2.1", text="an event is kept once, by its id", check=check_duplicate),
    Clause(number="2.2", text="the same key and body are a delivery again", check=check_same_key),
    Clause(number="2.3", text="the same key with another body is 422, key-reused", check=check_reused_key),
    Clause(
        number="3.1",
        text="an event that cannot be taken is rejected alone, with a problem type",
        check=check_refused_alone,
    ),
    Clause(number="3.2", text="what is no batch gets problem+json: 400, 415", check=check_not_a_batch),
    Clause(
        number="3.3", text="500 events are taken; more than 1 MiB, also unpacked, is 413", check=check_sizes
    ),
    Clause(number="3.4", text="times far off are taken, and answers carry a Date", check=check_clocks),
    Clause(number="4.1", text="an open on an occupied key joins, and clear keeps the key", check=check_join),
    Clause(
        number="4.2", text="the key is free when every alias is verified or cancelled", check=check_release
    ),
    Clause(number="4.3", text="the highest ticket_seq counts, whatever the order", check=check_order),
    Clause(number="4.4", text="keys are a site's own", check=check_sites),
    Clause(number="4.5", text="update keeps the key, and reopen occupies it again", check=check_reopen),
    Clause(number="4.6", text="keys are compared whole, case and length", check=check_whole_keys),
    Clause(number="5.1", text="without a valid credential nothing is taken: 401", check=check_credential),
    Clause(number="6.1", text="feedback comes by rising numbers beyond `after`", check=check_feedback),
    Clause(number="6.2", text="requests go to agents that name them", check=check_requests),
)
