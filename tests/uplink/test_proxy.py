"""Through the customer's proxy: CONNECT, a login, and one that opens TLS to look inside."""

import asyncio
import base64
import contextlib
import gzip
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from loopback import LOCALHOST

from agent.core.store import Store
from uplink.errors import CredentialRefused, DeliveryError, Unreachable
from uplink.identity import identity
from uplink.outbox import outbox
from uplink.receiver.app import create_app
from uplink.receiver.auth import AgentAuth
from uplink.receiver.certificates import CertificateFiles, create_certificates
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app
from uplink.targets import https

Make = Callable[..., Any]


@dataclass
class Proxy:
    """A CONNECT proxy (RFC 9110, 9.3.6). With `inspects`, it shows a certificate of its own and reads along."""

    login: str = ""  # "user:password" to ask for
    inspects: CertificateFiles | None = None
    tamper: Callable[[bytes], bytes] | None = None
    url: str = ""
    asked: list[str] = field(default_factory=list)  # the targets of CONNECT
    seen: list[bytes] = field(default_factory=list)  # bodies that it could read
    plain_port: int = 0  # where it hands on what it has read

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await self._answer(reader, writer)
        finally:
            await _hang_up(writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        target = head.split()[1]
        self.asked.append(target)
        wanted = "basic " + base64.b64encode(self.login.encode()).decode()
        if self.login and wanted.lower() not in head.lower():
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")
            await writer.drain()
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await (self._inspect(reader, writer) if self.inspects else self._tunnel(target, reader, writer))

    async def _tunnel(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = target.rpartition(":")
        there, to_there = await asyncio.open_connection(host, int(port))
        ways = [asyncio.create_task(_copy(reader, to_there)), asyncio.create_task(_copy(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await _hang_up(to_there)

    async def _inspect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self.inspects is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.inspects.certificate, self.inspects.key)
        await writer.start_tls(context)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head.lower())[1])  # type: ignore[index]
        sent = await reader.readexactly(length)
        if b"content-encoding: gzip" in head.lower():
            body = gzip.decompress(sent)
            self.seen.append(body)
            sent = gzip.compress(self.tamper(body) if self.tamper else body)
        head = re.sub(
            rb"(?i)content-length: \d+", b"Content-Length: %d\r\nConnection: close" % len(sent), head
        )
        there, to_there = await asyncio.open_connection(LOCALHOST, self.plain_port)
        to_there.write(head + sent)
        await to_there.drain()
        try:
            await _copy(there, writer)
        finally:
            await _hang_up(to_there)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    writer.transport.abort()
    with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
        await writer.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()


@contextlib.asynccontextmanager
async def proxying(proxy: Proxy) -> AsyncIterator[Proxy]:
    talks: list[asyncio.Task[None]] = []
    server = await asyncio.start_server(
        lambda r, w: talks.append(asyncio.ensure_future(proxy.talk(r, w))), LOCALHOST, 0
    )
    async with server:
        proxy.url = f"http://{LOCALHOST}:{server.sockets[0].getsockname()[1]}"
        yield proxy
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def one_batch(store: Store, make: Make, agent_id: str | None = None) -> outbox.Batch:
    sender = {"agent_id": agent_id, "version": "1.0.0", "site_id": "S-04"}
    event = replace(make(1), data=make(1).data | {"agent": sender})
    await store.run(lambda tx: outbox.put(tx, event))
    batch = await store.run(lambda tx: outbox.next_batch(tx, source="/sites/S-04", now=1.0))
    assert batch is not None
    return batch


async def outcome(target: https.HttpsTarget, batch: outbox.Batch) -> Any:
    try:
        return set(await target.send(batch)) == set(batch.ids)
    except DeliveryError as why:
        return why
    finally:
        await target.aclose()


@pytest.mark.claim("tls")
@pytest.mark.parametrize(
    ("asked", "given", "delivered"),
    [
        ("", "", True),
        ("me:secret", "me:secret@", True),
        ("me:secret", "me:wrong@", False),
        ("me:secret", "", False),
    ],
    ids=["open", "login", "wrong login", "no login"],
)
async def test_through_a_proxy(
    tmp_path: Path, store: Store, make: Make, asked: str, given: str, delivered: bool, figure: Any
) -> None:
    figure(reached=int(delivered), refused=0)
    tls = create_certificates(tmp_path / "tls")
    async with (
        serve_app(create_app(tmp_path / "r.db"), certificates=tls) as url,
        proxying(Proxy(login=asked)) as proxy,
    ):
        through = proxy.url.replace("http://", f"http://{given}")
        target = https.connect(https.Settings(url=f"{url}/v1/events", ca_file=tls.ca_file, proxy=through))
        ended = await outcome(target, await one_batch(store, make))
    assert proxy.asked == [url.removeprefix("https://")]
    if delivered:
        assert ended is True
    else:
        assert isinstance(ended, Unreachable)
        assert "407" in str(ended)
        assert "secret" not in str(ended)


@pytest.mark.claim("tls")
async def test_a_proxy_that_opens_tls_is_not_believed_without_its_ca(
    tmp_path: Path, store: Store, make: Make, figure: Any
) -> None:
    figure(reached=0, refused=1)
    ours, theirs = create_certificates(tmp_path / "ours"), create_certificates(tmp_path / "theirs")
    async with proxying(Proxy(inspects=theirs)) as proxy:
        settings = https.Settings(
            url=f"https://{LOCALHOST}:9/v1/events", ca_file=ours.ca_file, proxy=proxy.url
        )
        ended = await outcome(https.connect(settings), await one_batch(store, make))
    assert isinstance(ended, Unreachable)
    assert not proxy.seen


@pytest.mark.claim("tls")
@pytest.mark.parametrize("tampers", [False, True], ids=["reads along", "changes a word"])
async def test_a_proxy_that_opens_tls_can_read_a_signed_body_but_not_change_it(
    tmp_path: Path, store: Store, make: Make, tampers: bool, figure: Any
) -> None:
    figure(reached=int(not tampers), refused=int(tampers))
    theirs = create_certificates(tmp_path / "theirs")
    proxy = Proxy(
        inspects=theirs, tamper=(lambda body: body.replace(b"Fuser", b"Fusel")) if tampers else None
    )
    app = create_app(tmp_path / "r.db", enrolment=True)
    async with serve_app(app) as plain, proxying(proxy):
        proxy.plain_port = int(plain.rpartition(":")[2])
        with contextlib.closing(EventStore(tmp_path / "r.db")) as ledger:
            (tmp_path / "token").write_text(AgentAuth(ledger).issue_token("S-04", time.time()))
            direct = https.Settings(url=f"{plain}/v1/events", insecure_loopback=True)
            async with https.build_client(direct) as client:
                known = await identity.enrol_agent(
                    client, direct.url, tmp_path / "id", token_source=str(tmp_path / "token"), site_id="S-04"
                )
            settings = https.Settings(
                url=f"https://{LOCALHOST}:9/v1/events", ca_file=theirs.ca_file, proxy=proxy.url
            )
            ended = await outcome(
                https.connect(settings, known), await one_batch(store, make, known.agent_id)
            )
            kept = ledger.count_events()
    assert b"Fuser" in proxy.seen[0]
    if tampers:
        assert isinstance(ended, CredentialRefused)
        assert kept == {}
    else:
        assert ended is True
        assert kept == {"mps.ticket/1": 1}
