"""Who may come in, how, and how long: enrolment, renewal, signatures, and an agent that is not known any more."""

import asyncio
import base64
import contextlib
import json
import shutil
import stat
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.core.clock import Clock
from agent.core.store import Store
from uplink.delivery.delivery import Delivery
from uplink.identity import identity, signatures
from uplink.identity.identity import AgentIdentity, NotEnrolled
from uplink.outbox import outbox, queries
from uplink.receiver.app import create_app
from uplink.receiver.auth import AgentAuth
from uplink.receiver.event_store import EventStore
from uplink.receiver.problems import Problem
from uplink.receiver.serve import serve_app
from uplink.receiver.ticket_store import SiteScope
from uplink.targets import https

Make = Callable[..., Any]
SITE = "S-04"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@dataclass
class Guarded:
    """A receiver that takes enrolled agents only, and the agent's side of it."""

    url: str
    ledger: EventStore
    folder: Path

    @property
    def settings(self) -> https.Settings:
        return https.Settings(url=f"{self.url}/v1/events", insecure_loopback=True)

    @property
    def token_file(self) -> Path:
        return self.folder / "token"

    def token(self, site: str = SITE, life: float = 3600.0) -> str:
        self.token_file.write_text(AgentAuth(self.ledger).issue_token(site, time.time(), life))
        return str(self.token_file)

    async def enrol(self, token: str | None = None) -> AgentIdentity:
        async with https.build_client(self.settings) as client:
            source = token or self.token()
            return await identity.enrol_agent(
                client, self.settings.url, self.folder / "identity", token_source=source, site_id=SITE
            )

    async def renew(self, known: AgentIdentity) -> AgentIdentity:
        async with https.build_client(self.settings) as client:
            return await identity.renew_identity(client, self.settings.url, known)


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Guarded]:
    app = create_app(tmp_path / "receiver.db", enrolment=True)
    with contextlib.closing(EventStore(tmp_path / "receiver.db")) as ledger:
        async with serve_app(app) as url:
            yield Guarded(url, ledger, tmp_path)


async def delivered(
    guarded: Guarded, store: Store, known: AgentIdentity | None, make: Make, number: int
) -> queries.OutboxCounts:
    """Put one event and try to deliver it for a moment; how the outbox stands then."""
    target = https.connect(guarded.settings, known)
    delivery = Delivery(target, store, Clock.scaled(2000), source=f"/sites/{SITE}", dice=Random(1))
    sender = {"agent_id": known.agent_id if known else None, "version": "1.0.0", "site_id": SITE}
    event = replace(make(number), data=make(number).data | {"agent": sender})
    await store.run(lambda tx: outbox.put(tx, event))
    running = asyncio.create_task(delivery.run())
    async with asyncio.timeout(30):
        while (await store.run(queries.count_outbox)).pending and not any(
            one.reason for one in await store.run(queries.list_destinations)
        ):
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await target.aclose()
    return await store.run(queries.count_outbox)


async def test_an_enrolled_agent_delivers_and_its_token_is_gone(
    guarded: Guarded, store: Store, make: Make
) -> None:
    token = guarded.token()
    known = await guarded.enrol(token)
    assert not guarded.token_file.exists()
    assert not (await delivered(guarded, store, known, make, 1)).pending
    (agent,) = guarded.ledger.list_agents()
    assert (agent["agent_id"], agent["site_id"]) == (known.agent_id, SITE)


async def test_without_enrolment_nothing_comes_in(guarded: Guarded, store: Store, make: Make) -> None:
    assert (await delivered(guarded, store, None, make, 1)).pending
    assert guarded.ledger.count_events() == {}


@pytest.mark.parametrize("wrong", ["used", "too old", "another site", "made up", "too short"])
async def test_a_token_that_is_not_good_enrols_nobody(guarded: Guarded, wrong: str) -> None:
    token = {
        "used": guarded.token,
        "too old": lambda: guarded.token(life=-1.0),
        "another site": lambda: guarded.token("S-05"),
        "made up": guarded.token,
        "too short": guarded.token,
    }[wrong]()
    if wrong == "used":
        text = guarded.token_file.read_text()
        await guarded.enrol(token)
        guarded.token_file.write_text(text)
        shutil.rmtree(
            guarded.folder / "identity"
        )  # as on another machine: with its own key it is let in again
    if wrong in {"made up", "too short"}:
        guarded.token_file.write_text("x" * (40 if wrong == "made up" else 21))
    with pytest.raises(NotEnrolled, match="token"):
        await guarded.enrol(token)
    assert guarded.token_file.exists(), "what did not work is kept for another try"


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
async def test_the_key_is_for_its_owner_only_and_refused_if_others_may_read_it(guarded: Guarded) -> None:
    known = await guarded.enrol()
    for file in known.folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (known.folder / "key.pem").chmod(0o640)
    with pytest.raises(NotEnrolled, match="chmod 600"):
        identity.load_identity(known.folder)


async def test_a_renewal_brings_a_new_key_and_the_one_before_still_signs(
    guarded: Guarded, store: Store, make: Make
) -> None:
    first = await guarded.enrol()
    second = await guarded.renew(first)
    assert second.credential != first.credential
    assert len(second.keys) == 2
    loaded = identity.load_identity(second.folder)
    assert loaded is not None
    assert [key.private_bytes_raw() for key in loaded.keys] == [
        key.private_bytes_raw() for key in second.keys
    ]
    for number, known in enumerate((second, first)):
        assert not (await delivered(guarded, store, known, make, number)).pending, (
            "the answer may have been lost"
        )
    third = await guarded.renew(second)
    assert not (await delivered(guarded, store, third, make, 3)).pending
    assert (await delivered(guarded, store, replace(first, folder=guarded.folder / "x"), make, 4)).pending


async def test_it_renews_by_itself_at_two_thirds_of_the_credentials_life(
    guarded: Guarded, store: Store, make: Make
) -> None:
    known = await guarded.enrol()
    assert known.renewal_due == pytest.approx(time.time() + 20 * 86400, abs=60)
    old = replace(known, issued_at=time.time() - 25 * 86400, expires_at=time.time() + 5 * 86400)
    assert not (await delivered(guarded, store, old, make, 1)).pending
    now = identity.load_identity(known.folder)
    assert now is not None
    assert now.credential != known.credential


async def test_a_credential_that_has_run_out_is_renewed_once_on_401(
    guarded: Guarded, store: Store, make: Make
) -> None:
    known = await guarded.enrol()
    guarded.ledger.db.execute("UPDATE credential SET expires_at = 0")
    assert not (await delivered(guarded, store, known, make, 1)).pending


async def test_an_unknown_agent_enrols_again_and_loses_nothing(
    guarded: Guarded, store: Store, make: Make
) -> None:
    known = await guarded.enrol()
    AgentAuth(guarded.ledger).revoke_agent(known.agent_id)
    held = await delivered(guarded, store, known, make, 1)
    assert held.pending
    (trouble,) = await store.run(queries.list_destinations)
    assert trouble.held
    assert "printwarden enroll" in trouble.reason
    again = await guarded.enrol()
    assert again.agent_id == known.agent_id
    await store.run(lambda tx: tx.execute("DELETE FROM outbox_destination"))
    then = await delivered(guarded, store, again, make, 2)
    assert not then.pending
    assert (sum(then.delivered.values()), sum(then.dead.values())) == (2, 0)


async def test_an_agent_that_runs_takes_up_an_enrolment_made_beside_it(
    guarded: Guarded, store: Store, make: Make
) -> None:
    known = await guarded.enrol()
    AgentAuth(guarded.ledger).revoke_agent(known.agent_id)
    await guarded.enrol()
    assert not (await delivered(guarded, store, known, make, 1)).pending


@pytest.mark.parametrize("hours", [-9000, -2, 2, 9000])
async def test_a_wrong_clock_is_set_right_by_the_date_of_the_answer(
    guarded: Guarded, store: Store, make: Make, hours: int
) -> None:
    known = await guarded.enrol()
    target = https.connect(guarded.settings, known, wall=lambda: time.time() + hours * 3600)
    await store.run(lambda tx: outbox.put(tx, make(1)))
    batch = await store.run(lambda tx: outbox.next_batch(tx, source="/a", now=1.0))
    assert batch is not None
    assert set(await target.send(batch)) == set(batch.ids)
    assert target.clock_offset == pytest.approx(hours * 3600, abs=5)
    await target.aclose()


TAMPERINGS = [
    ("another body", lambda headers, body: (headers, body.replace(b"Fuser", b"Fusel"))),
    ("another id", lambda headers, body: (headers | {"webhook-id": "other"}, body)),
    ("another time", lambda headers, body: (headers | {"webhook-timestamp": "1"}, body)),
    ("no signature", lambda headers, body: ({**headers, "webhook-signature": ""}, body)),
    ("another version", lambda headers, body: ({**headers, "webhook-signature": "v1,AAAA"}, body)),
    ("garbage", lambda headers, body: ({**headers, "webhook-signature": "v1a,\u00e4"}, body)),
]


@pytest.mark.parametrize(("what", "tamper"), TAMPERINGS, ids=[what for what, _ in TAMPERINGS])
def test_what_was_tampered_with_is_refused(what: str, tamper: Any) -> None:
    headers, body = tamper(signatures.sign_body([KEY], "id", 1000.0, b"Fuser"), b"Fuser")
    with pytest.raises(signatures.BadSignature):
        signatures.verify_body(headers, body, [KEY.public_key()], 1000.0)


def test_one_fitting_signature_of_several_is_enough() -> None:
    other = Ed25519PrivateKey.generate()
    headers = signatures.sign_body([other, KEY], "id", 1000.0, b"body")
    signatures.verify_body(headers, b"body", [KEY.public_key()], 1000.0)
    with pytest.raises(signatures.BadSignature):
        signatures.verify_body(headers, b"body", [Ed25519PrivateKey.generate().public_key()], 1000.0)


def test_a_signature_is_the_one_that_standard_webhooks_describes() -> None:
    headers = signatures.sign_body([KEY], "msg_1", 1614265330.0, b'{"test": 2432232314}')
    version, mark = headers["webhook-signature"].split(",")
    KEY.public_key().verify(base64.b64decode(mark), b'msg_1.1614265330.{"test": 2432232314}')
    assert (version, headers["webhook-timestamp"]) == ("v1a", "1614265330")
    assert signatures.parse_public_key(signatures.format_public_key(KEY.public_key())) == KEY.public_key()


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_replay_is_stale(seconds: int) -> None:
    headers = signatures.sign_body([KEY], "id", 1000.0, b"body")
    with pytest.raises(signatures.StaleSignature):
        signatures.verify_body(headers, b"body", [KEY.public_key()], 1000.0 + seconds)


async def test_secrets_are_nowhere_but_in_their_files(
    guarded: Guarded,
    store: Store,
    make: Make,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    token = guarded.token()
    secrets = [guarded.token_file.read_text()]
    known = await guarded.enrol(token)
    renewed = await guarded.renew(known)
    secrets += [known.credential, renewed.credential]
    AgentAuth(guarded.ledger).revoke_agent(known.agent_id)
    await delivered(guarded, store, renewed, make, 1)
    said = "".join((*capfd.readouterr(), caplog.text, repr(https.connect(guarded.settings, renewed))))
    kept = b"".join(
        file.read_bytes()
        for file in guarded.folder.rglob("*")
        if file.is_file() and file.parent != known.folder
    )
    for secret in secrets:
        assert secret not in said
        assert secret.encode() not in kept, "also the provider keeps only their hashes"


async def test_an_agent_that_falls_silent_has_a_ticket_until_it_calls(
    guarded: Guarded, store: Store, make: Make
) -> None:
    known = await guarded.enrol()
    await delivered(guarded, store, known, make, 1)
    later = time.time() + 1700
    assert guarded.ledger.open_silence_tickets(later) == 0
    assert [guarded.ledger.open_silence_tickets(later + 200) for _ in range(3)] == [1, 0, 0]
    silent = [
        row for row in guarded.ledger.list_tickets() if row["data"]["fault"]["fault_key"] == "agent.silent"
    ]
    assert [row["event"] for row in silent] == ["open"]
    await delivered(guarded, store, known, make, 2)
    silent = [
        row for row in guarded.ledger.list_tickets() if row["data"]["fault"]["fault_key"] == "agent.silent"
    ]
    assert [row["event"] for row in silent] == ["clear"]


async def test_the_desk_speaks_to_its_own_site_only(guarded: Guarded) -> None:
    for site in ("S-04", "S-05"):
        told = {
            "ticket_id": f"T-{site}", "dedupe_key": site, "ticket_seq": 1, "event": "open",
            "observed_at": "", "opened_at": "", "agent": {"site_id": site},
        }  # fmt: skip
        guarded.ledger.tickets.apply_event(SiteScope("", site), "a", told)
        assert guarded.ledger.add_feedback(f"T-{site}", {"ticket_id": f"T-{site}", "status": "closed"})
    known = await guarded.enrol()
    headers = known.sign_headers("feedback", b"", time.time())
    async with httpx.AsyncClient(trust_env=False, base_url=guarded.url) as client:
        answer = (await client.get("/v1/feedback", headers=headers)).json()
        assert (await client.get("/v1/feedback")).status_code == 401
    assert [word["ticket_id"] for word in answer["feedback"]] == ["T-S-04"]


@pytest.mark.parametrize(
    "altered", ["nothing", "the body", "the signature", "another agent's key", "no signature"]
)
async def test_events_come_in_only_as_their_agent_has_signed_them(guarded: Guarded, altered: str) -> None:
    known = await guarded.enrol()
    body = b'{"specversion": "1.0"}'
    signer = replace(known, keys=(KEY,)) if altered == "another agent's key" else known
    headers = signer.sign_headers("one", body, time.time())
    match altered:
        case "the body":
            body += b" "
        case "the signature":
            headers["webhook-signature"] = "v1a," + base64.b64encode(bytes(64)).decode()
        case "no signature":
            del headers["webhook-signature"]
    headers |= {"idempotency-key": "one", "content-type": "application/cloudevents+json"}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(guarded.settings.url, content=body, headers=headers)
    if altered == "nothing":
        assert answer.status_code != 401, "the control: it is refused for its content, not for its signature"
    else:
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:problem-type:mps:signature-refused")


@pytest.mark.parametrize(("asked", "hours", "status"), [(30, 23.9, 200), (30, 24.1, 403), (0.5, 0.6, 403)])
async def test_no_token_enrols_after_a_day_whatever_life_was_asked_for(
    tmp_path: Path, asked: float, hours: float, status: int
) -> None:
    """`asked`: days for the first two, hours for the last."""
    public = signatures.format_public_key(KEY.public_key())
    with contextlib.closing(EventStore(tmp_path / "receiver.db")) as ledger:
        auth, issued = AgentAuth(ledger), 1e9
        token = auth.issue_token(SITE, issued, asked * (86400.0 if asked > 1 else 3600.0))
        body = json.dumps({"token": token, "site_id": SITE, "agent_id": "a-1", "public_key": public}).encode()
        try:
            auth.enrol_agent(body, issued + hours * 3600)
            answered = 200
        except Problem as why:
            answered = why.status
    assert answered == status
