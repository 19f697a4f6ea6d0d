"""A provider, or what answers for it, that sends what it should not. Nothing of it ends the agent, or is kept."""

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import HOME

from uplink.delivery import http_exchange
from uplink.errors import DeliveryError, Unreachable
from uplink.identity import identity
from uplink.provider import capabilities, feedback

TOKEN = "x" * 32


@contextlib.asynccontextmanager
async def answering(reply: bytes, *, drip: float = 0.0) -> AsyncIterator[str]:
    """A server that answers every request with these bytes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(reply)
            await writer.drain()
            while drip:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(drip)

    talks: list[asyncio.Task[None]] = []
    server = await asyncio.start_server(lambda r, w: talks.append(asyncio.ensure_future(talk(r, w))), HOME, 0)
    async with server:
        yield f"http://{HOME}:{server.sockets[0].getsockname()[1]}/v1/events"
        for each in talks:
            each.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def answer(body: bytes, *lines: str, status: int = 201) -> bytes:
    head = "".join(f"{line}\r\n" for line in (*lines, f"Content-Length: {len(body)}", "Connection: close"))
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


def credential(**changes: object) -> bytes:
    told = {"agent_id": "a-1", "credential": "c" * 40, "expires_in": 3600.0} | changes
    return json.dumps(told).encode()


async def enrol(url: str, folder: Path) -> identity.AgentIdentity:
    token = folder / "token"
    token.write_text(TOKEN)
    async with httpx.AsyncClient(trust_env=False) as client:
        return await identity.enrol_agent(
            client, url, folder / "identity", token_source=str(token), site_id="S"
        )


HOSTILE = {
    "beyond ASCII": credential(credential="für"),
    "a line break": credential(credential="a\r\nX-Admin: 1"),
    "empty": credential(credential=""),
    "a number": credential(credential=7),
    "a megabyte": credential(credential="c" * 500_000),
    "an agent_id with a control character": credential(agent_id="a\x07"),
    "an agent_id that is a list": credential(agent_id=["a"]),
    "no life": credential(expires_in=0),
    "a life without end": credential(expires_in=float("inf")),
    "a life that is no number": credential(expires_in=float("nan")),
    "a life of 400 digits": credential().replace(b"3600.0", b"9" * 400),
    "deep": b"[" * 100_000,
    "not JSON": b"<html>",
    "not UTF-8": b"\xff\xfe",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_a_credential_that_could_not_be_used_is_not_kept(tmp_path: Path, body: bytes) -> None:
    async with answering(answer(body)) as url:
        with pytest.raises(Unreachable):
            await enrol(url, tmp_path)
    assert identity.load_identity(tmp_path / "identity") is None
    assert (tmp_path / "token").exists(), "the token is not used up"


async def test_a_credential_that_can_be_used_is_kept(tmp_path: Path) -> None:
    """The control."""
    async with answering(answer(credential())) as url:
        assert (await enrol(url, tmp_path)).credential == "c" * 40
    assert identity.load_identity(tmp_path / "identity") is not None


@pytest.mark.parametrize("kept", ["für", "a\nb"])
async def test_a_bad_credential_of_an_older_version_is_told_in_a_sentence(tmp_path: Path, kept: str) -> None:
    async with answering(answer(credential())) as url:
        await enrol(url, tmp_path)
    note = tmp_path / "identity" / "credential.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | {"credential": kept}), "utf-8")
    with pytest.raises(identity.NotEnrolled, match=r"credential.json cannot be used: .* enrol again"):
        identity.load_identity(tmp_path / "identity")


@pytest.mark.parametrize(
    "reply",
    [
        answer(gzip.compress(bytes(30_000_000)), "Content-Encoding: gzip"),
        answer(b" " * 3_000_000),
        answer(b"", "Location: http://xn--" + "a" * 500, status=302),
        answer(credential(), "Date: Mon, 01 Jan 99999999999 00:00:00 GMT", status=503),
    ],
    ids=["a gzip bomb", "three megabytes", "a redirect to a name that is none", "a Date beyond time"],
)
async def test_enrolment_reads_an_answer_within_the_bounds_of_events(tmp_path: Path, reply: bytes) -> None:
    async with answering(reply) as url:
        with pytest.raises(Unreachable):
            await enrol(url, tmp_path)


async def test_enrolment_ends_where_bytes_come_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_exchange, "REQUEST_TIMEOUT", 0.2)
    async with answering(b"HTTP/1.1 201 X\r\nContent-Length: 100000\r\n\r\n", drip=0.01) as url:
        with pytest.raises(Unreachable, match="no answer within"):
            await enrol(url, tmp_path)


@pytest.mark.parametrize("reply", [b"ftp", answer(b"", "Location: http://xn--" + "a" * 500, status=307)])
async def test_a_renewal_fails_as_a_delivery_does(tmp_path: Path, reply: bytes) -> None:
    async with answering(answer(credential())) as url:
        known = await enrol(url, tmp_path)
    async with answering(reply) as url, httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(DeliveryError):
            await identity.renew_identity(client, url, known)
    kept = identity.load_identity(tmp_path / "identity")
    assert kept is not None
    assert (kept.credential, kept.expires_at) == (known.credential, known.expires_at)


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "NaN", "9" * 4000, "1e18", str(2**63)], ids=lambda text: text[:8]
)
def test_a_number_that_the_state_file_cannot_hold_is_no_feedback(number: str) -> None:
    entry = {"number": 1, "schema": "mps.feedback/1", "ticket_id": "T1", "labour_min": 7}
    good = json.dumps({"feedback": [entry], "last": 1})
    assert feedback.parse_page(good.encode(), 0).entries
    page = feedback.parse_page(good.replace("7}", f"{number}}}").encode(), 0)
    assert (page.entries, page.unreadable, page.reached) == ((), 1, 1)


def test_capabilities_are_kept_within_bounds() -> None:
    huge: dict[str, Any] = {
        "types": ["x" * 300, *(f"t{n}" for n in range(5000))],
        "ticket_events": [7, "v" * 999],
    }
    takes = capabilities.parse_capabilities(json.dumps(huge).encode())
    assert takes is not None
    assert (len(takes.types), takes.ticket_events) == (999, capabilities.FIRST_TICKET_EVENTS)
    assert capabilities.Capabilities.from_json(takes.to_json()) == takes
