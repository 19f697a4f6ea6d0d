"""Connections that send nothing, too slowly, or half a handshake: they cost nobody else anything, over real sockets."""

import asyncio
import contextlib
import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import HOME, free_port
from uvicorn.protocols.http.h11_impl import H11Protocol

from uplink.receiver.app import create_app
from uplink.receiver.certificates import ensure_certificates
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app
from uplink.receiver.ticket_store import SiteScope

PATIENCE = 60.0  # real seconds for a good request; it takes milliseconds
HALF_REQUEST = b"POST /v1/events HTTP/1.1\r\nhost: r\r\ncontent-length: 1000000\r\n"
HALF_HANDSHAKE = bytes.fromhex("16030102000100")  # the first bytes of a ClientHello (RFC 8446, 4.1.2)
GOOD = 10  # requests beside those that are held

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of descriptors")


@contextlib.asynccontextmanager
async def held(url: str, count: int, start: bytes) -> AsyncIterator[None]:
    """So many connections that begin with `start` and never go on."""
    host, _, port = url.rpartition("/")[2].partition(":")
    opened: list[socket.socket] = []
    loop = asyncio.get_running_loop()
    try:
        for _ in range(count):
            one = socket.socket()
            opened.append(one)
            one.setblocking(False)
            await loop.sock_connect(one, (host, int(port)))
            with contextlib.suppress(ConnectionError):  # closed already, for a later one
                await loop.sock_sendall(one, start)
        yield
    finally:
        for one in opened:
            one.close()


async def failures(url: str, verify: Any = True, patience: float = PATIENCE) -> int:
    """How many of some good requests, each on a connection of its own, get no answer."""
    failed = 0
    for _ in range(GOOD):
        async with httpx.AsyncClient(trust_env=False, verify=verify, timeout=patience) as client:
            try:
                failed += (await client.get(f"{url}/healthz")).status_code != 200
            except httpx.HTTPError:
                failed += 1
    return failed


@pytest.mark.claim("connections")
@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.long)])
async def test_connections_that_are_held_open_cost_nobody_else(
    tmp_path: Path, figure: Callable[..., None], count: int
) -> None:
    app, most = (
        create_app(tmp_path / "r.db"),
        64 if count < 1000 else None,
    )  # None: as many as descriptors allow
    async with serve_app(app, max_connections=most) as url, held(url, count, HALF_REQUEST):
        failed = await failures(url)
    assert failed == 0
    figure(held=count, failed=failed, requests=GOOD)


@pytest.mark.claim("connections")
@pytest.mark.parametrize("count", [40, pytest.param(400, marks=pytest.mark.long)])
async def test_handshakes_that_never_end_cost_nobody_else(
    tmp_path: Path, figure: Callable[..., None], count: int
) -> None:
    certificates = ensure_certificates(tmp_path / "tls")
    trust = ssl.create_default_context(cafile=certificates.ca_file)
    app = create_app(tmp_path / "r.db")
    async with serve_app(app, certificates=certificates, max_connections=32) as url:
        for start in (b"", HALF_HANDSHAKE):
            async with held(url, count, start):
                failed = await failures(url, trust)
            assert failed == 0
            figure(held=count, failed=failed, requests=GOOD)


@pytest.mark.long
@pytest.mark.claim("connections")
async def test_more_connections_than_descriptors_cost_nobody_else(
    tmp_path: Path, figure: Callable[..., None]
) -> None:
    """The command itself, with 256 descriptors, against 400 connections."""
    port = free_port(socket.SOCK_STREAM)
    receive = [
        sys.executable,
        "-m",
        "agent",
        "receive",
        "--host",
        HOME,
        "--port",
        str(port),
        "--insecure-loopback",
    ]
    script = 'ulimit -n 256 && exec "$@"'
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", script, "sh", *receive, "--database", str(tmp_path / "r.db"), "--quiet", "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env={**os.environ},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert await process.stdout.readline(), "it listens"
        async with held(f"http://{HOME}:{port}", 400, HALF_REQUEST):
            failed = await failures(f"http://{HOME}:{port}")
        assert failed == 0
        assert process.returncode is None
        figure(held=400, failed=failed, requests=GOOD)
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.control("connections")
async def test_a_listener_that_closes_none_of_them_shuts_others_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[..., None]
) -> None:
    monkeypatch.setattr("uplink.receiver.listener.Listener._close_oldest", lambda _: False)
    app = create_app(tmp_path / "r.db")
    async with serve_app(app, max_connections=8) as url, held(url, 20, HALF_REQUEST):
        failed = await failures(url, patience=0.2)
    assert failed == GOOD
    figure(failed=failed, requests=GOOD)


async def never_read(url: str, count: int) -> list[socket.socket]:
    """So many connections that ask for 12 MB each and read nothing."""
    host, _, port = url.rpartition("/")[2].partition(":")
    loop, opened = asyncio.get_running_loop(), []
    for _ in range(count):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.setblocking(False)
        await loop.sock_connect(one, (host, int(port)))
        await loop.sock_sendall(one, b"GET /v1/feedback HTTP/1.1\r\nhost: r\r\n\r\n" * 60)
        opened.append(one)
    return opened


@pytest.mark.parametrize("watched", [True, False], ids=["", "control"])
async def test_answers_that_are_not_read_cost_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watched: bool
) -> None:
    if not watched:
        monkeypatch.setattr("uplink.receiver.serve._HttpProtocol.pause_writing", H11Protocol.pause_writing)
    with closing(EventStore(tmp_path / "r.db")) as kept:
        entry = {"schema": "mps.feedback/1", "ticket_id": "T", "note": "x" * 2000}
        for _ in range(100):
            kept.add_request(SiteScope("", "S-1"), entry)
    async with serve_app(create_app(tmp_path / "r.db"), max_connections=8) as url:
        opened = await never_read(url, 8)
        try:
            failed = await failures(url, patience=PATIENCE if watched else 0.2)
        finally:
            for one in opened:
                one.close()
    assert failed == (0 if watched else GOOD)
