"""Whom the HTTPS target talks to, and what it believes."""

import asyncio
import contextlib
import gzip
import ssl
import stat
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography import x509
from loopback import HOME
from pydantic import ValidationError

from uplink.errors import CredentialRefused, DeliveryError, Poisoned, Unreachable
from uplink.outbox.envelope import Lane
from uplink.outbox.outbox import Batch
from uplink.receiver.app import create_app
from uplink.receiver.certificates import CertificateFiles, create_certificates, ensure_certificates
from uplink.receiver.serve import serve_app
from uplink.targets import https

BATCH = Batch(number=1, key="k", lane=Lane.TICKETS, body=b"[]", ids=(uuid4(),), tries=1)
REFUSED_BUT_READ = Poisoned  # what the receiver says to an empty batch: it was reached, and read it


async def outcome(url: str, **settings: object) -> DeliveryError:
    """How sending an empty batch to `url` fails."""
    target = https.connect(https.Settings.model_validate({"url": url, **settings}))
    with pytest.raises(DeliveryError) as caught:
        await target.send(BATCH)
    await target.aclose()
    return caught.value


@contextlib.asynccontextmanager
async def answering(reply: bytes) -> AsyncIterator[tuple[str, bytearray]]:
    """A server that says `reply` to whatever comes, and hangs up; yields its address and what came."""
    heard = bytearray()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            heard.extend(await reader.readuntil(b"\r\n\r\n"))
            writer.write(reply)
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    talks: list[asyncio.Task[None]] = []
    server = await asyncio.start_server(
        lambda reader, writer: talks.append(asyncio.ensure_future(talk(reader, writer))), HOME, 0
    )
    async with server:
        yield f"http://{HOME}:{server.sockets[0].getsockname()[1]}/v1/events", heard
        await asyncio.gather(*talks)


@pytest.mark.parametrize(
    ("url", "settings", "said"),
    [
        ("http://mps.example.com/v1/events", {}, "encrypted only"),
        ("http://mps.example.com/v1/events", {"insecure_loopback": True}, "encrypted only"),
        ("http://10.0.0.1/", {"insecure_loopback": True}, "encrypted only"),
        ("http://127.0.0.1.example.com/", {"insecure_loopback": True}, "encrypted only"),
        ("http://localhost.example.com/", {"insecure_loopback": True}, "encrypted only"),
        ("http://127.0.0.1/", {}, "insecure_loopback"),
        ("ftp://mps.example.com/", {}, "https://"),
        ("mps.example.com", {}, "https://"),
        ("https://user:secret@mps.example.com/", {}, "token_file"),
        ("https://[::1", {}, "not an address"),
    ],
)
def test_only_https_and_on_request_loopback(url: str, settings: dict[str, bool], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        https.Settings.model_validate({"url": url, **settings})
    assert "url" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://127.9.9.9/", "http://[::1]/", "http://localhost/"]
)
def test_loopback_is_taken_when_asked_for(url: str) -> None:
    https.Settings(url=url, insecure_loopback=True)


@pytest.mark.claim("tls")
async def test_a_private_ca_is_believed_when_named_and_only_then(
    tmp_path: Path, figure: Callable[..., None]
) -> None:
    figure(reached=1, refused=2)
    ours, other = create_certificates(tmp_path / "ours"), create_certificates(tmp_path / "other")
    async with serve_app(create_app(tmp_path / "r.db"), certificates=ours) as url:
        reached = await outcome(f"{url}/v1/events", ca_file=ours.ca_file)
        wrong = await outcome(f"{url}/v1/events", ca_file=other.ca_file)
        none = await outcome(f"{url}/v1/events")
    assert isinstance(reached, REFUSED_BUT_READ)
    for refused in (wrong, none):
        assert isinstance(refused, Unreachable)
        assert "certificate" in str(refused).lower()


IMPOSTORS = ["another host", "expired", "self-signed"]


async def sent_to(impostor: str, folder: Path) -> DeliveryError:
    """What becomes of a batch for somebody whose certificate is not good."""
    bad = create_certificates(
        folder / "tls",
        now=datetime.now(UTC) - timedelta(days=30 if impostor == "expired" else 0),
        **({"names": (x509.DNSName("mps.example.com"),)} if impostor == "another host" else {}),
    )
    known = {} if impostor == "self-signed" else {"ca_file": bad.ca_file}
    async with serve_app(create_app(folder / "r.db"), certificates=bad) as url:
        return await outcome(f"{url}/v1/events", **known)


@pytest.mark.claim("tls")
@pytest.mark.parametrize("impostor", IMPOSTORS)
async def test_a_certificate_that_is_not_good_is_refused(
    tmp_path: Path, impostor: str, figure: Callable[..., None]
) -> None:
    why = await sent_to(impostor, tmp_path)
    figure(reached=0, refused=1)
    assert isinstance(why, Unreachable)
    assert "certificate" in str(why).lower()


@pytest.mark.control("tls")
@pytest.mark.parametrize("impostor", IMPOSTORS)
async def test_who_looks_at_no_certificate_gives_the_events_to_anybody(
    tmp_path: Path, impostor: str, monkeypatch: pytest.MonkeyPatch, figure: Callable[..., None]
) -> None:
    """Broken: trusts everybody, as `verify=False` would."""

    def everybody(_: Path | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    monkeypatch.setattr(https, "build_trust", everybody)
    assert isinstance(await sent_to(impostor, tmp_path), REFUSED_BUT_READ)
    figure(fooled=1)


HUGE = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b" " * 9_000_000
BOMB = gzip.compress(b"\0" * 50_000_000)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"", "broke"),
        (b"\0\xff\0garbage\r\n\r\n", "broke"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "broke"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "not followed"),
        (HUGE, "more than"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(BOMB), BOMB), "gzip"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<ok>", "captive portal"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "without a receipt"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", "broke"),
    ],
    ids=["silence", "garbage", "cut", "redirect", "huge", "bomb", "html", "empty", "long header"],
)  # fmt: skip
async def test_what_is_no_receipt_is_tried_again_later(reply: bytes, said: str) -> None:
    async with answering(reply) as (url, _):
        why = await outcome(url, insecure_loopback=True)
    assert isinstance(why, Unreachable)
    assert said in str(why)


async def test_the_token_is_read_anew_for_each_request(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    app = create_app(tmp_path / "r.db", token="right")
    async with serve_app(app) as url:
        there = {"url": f"{url}/v1/events", "insecure_loopback": True, "token_file": secret}
        assert isinstance(await outcome(**there), CredentialRefused)  # no such file
        secret.write_text("wrong\n")
        assert isinstance(await outcome(**there), CredentialRefused)
        secret.write_text("right\n")
        assert isinstance(await outcome(**there), REFUSED_BUT_READ)


@pytest.mark.parametrize("secret", ["two\nlines", "schlüssel", "a\0b"])
async def test_a_token_that_fits_no_header_is_refused_before_anything_is_sent(
    tmp_path: Path, secret: str
) -> None:
    (tmp_path / "token").write_text(secret, "utf-8")
    async with answering(b"") as (url, heard):
        why = await outcome(url, insecure_loopback=True, token_file=tmp_path / "token")
    assert isinstance(why, CredentialRefused)
    assert secret not in str(why)
    assert not heard


async def test_a_request_names_key_type_and_coding() -> None:
    async with answering(b"") as (url, heard):
        await outcome(url, insecure_loopback=True)
    head = heard.lower()
    assert b"idempotency-key: k\r\n" in head
    assert b"content-type: application/cloudevents-batch+json\r\n" in head
    assert b"content-encoding: gzip\r\n" in head
    assert b"accept-encoding: identity\r\n" in head


def test_a_file_that_is_no_certificate_is_named_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    with pytest.raises(OSError, match=r"\S"):
        https.connect(https.Settings(url="https://mps.example.com/", ca_file=tmp_path / "ca.pem"))


def modes(made: CertificateFiles) -> set[int]:
    return {stat.S_IMODE(file.stat().st_mode) for file in (made.ca_file, made.certificate, made.key)}


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    assert modes(create_certificates(tmp_path / "tls")) == {0o600}


def test_certificates_are_kept_while_good_and_made_anew_before_they_end(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path).ca_file.read_bytes()
    assert ensure_certificates(tmp_path).ca_file.read_bytes() == first
    in_time = datetime.now(UTC) + timedelta(days=6, hours=12)
    assert ensure_certificates(tmp_path, now=in_time).ca_file.read_bytes() != first
