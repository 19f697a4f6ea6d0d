"""The receiver on a socket: starts, says where it listens, and stops when told."""

import asyncio
import contextlib
import ipaddress
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from uplink.receiver.certificates import CertificateFiles
from uplink.receiver.problems import Problem


class _HttpProtocol(H11Protocol):
    """HTTP/1.1 whose own refusals are problems, too (RFC 9457)."""

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP, or breaks off being one."""
        body = json.dumps(Problem(400, "bad-request", msg).to_json_object()).encode()
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        with contextlib.suppress(h11.LocalProtocolError):  # an answer is under way already: hang up
            for event in (
                h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class _EmbeddedServer(uvicorn.Server):
    """A server inside somebody else's process: leaves signals alone, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@contextlib.asynccontextmanager
async def serve_app(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, certificates: CertificateFiles | None = None
) -> AsyncIterator[str]:
    """Serve `app` while the block runs; yields its address, "https://127.0.0.1:40123". Port 0: any free one.

    Raises OSError if the port cannot be had, ValueError for plain http beyond loopback.
    """
    if certificates is None and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"without TLS the receiver listens on loopback only, not on {host}")
    with _open_listener(host, port) as listener:
        server = _EmbeddedServer(_server_config(app, certificates))
        task = asyncio.create_task(server.serve([listener]))
        ready = asyncio.create_task(server.listening.wait())
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        try:
            if task.done():
                await task
            scheme = "https" if certificates else "http"
            name = f"[{host}]" if ":" in host else host
            yield f"{scheme}://{name}:{listener.getsockname()[1]}"
        finally:
            ready.cancel()
            server.should_exit = True
            await task


def _open_listener(host: str, port: int) -> socket.socket:
    """A listening socket that says it is TCP: asyncio sets TCP_NODELAY on such ones only, and without it
    every answer would wait 40 ms for the client's delayed acknowledgement."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on Windows the option would let two listeners share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _server_config(app: ASGIApp, certificates: CertificateFiles | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_HttpProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        ssl_certfile=certificates.certificate if certificates else None,
        ssl_keyfile=certificates.key if certificates else None,
    )
