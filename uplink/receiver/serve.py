"""Serves the receiver on a socket, inside the process of the caller."""

import asyncio
import contextlib
import ipaddress
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from uplink.receiver import listener
from uplink.receiver.certificates import CertificateFiles
from uplink.receiver.problems import Problem


class _HttpProtocol(H11Protocol):
    """HTTP/1.1 whose requests must arrive in time, whose answers must be read in time, and whose own refusals
    are problems (RFC 9457)."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.closed: asyncio.Future[None] = self.loop.create_future()
        self.waiting_since = self.loop.time()
        self._deadline: asyncio.TimerHandle | None = None  # for the request
        self._unread: asyncio.TimerHandle | None = None  # for an answer that is not read

    def is_waiting(self) -> bool:
        """Check whether the other side is to send, or to read."""
        return self._deadline is not None or self._unread is not None

    def abort(self) -> None:
        """Close the connection at once."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()
        self._stop_watching()
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        """The other side does not read: it has as long for it as for a request."""
        super().pause_writing()
        self._stop_watching()
        self.waiting_since = self.loop.time()
        self._unread = self.loop.call_later(listener.REQUEST_TIMEOUT, self.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._stop_watching()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:  # the request is whole
            self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing() and self.conn.their_state is h11.IDLE:
            self._await_request()

    def _await_request(self) -> None:
        self._stop_waiting()
        self.waiting_since = self.loop.time()
        self._deadline = self.loop.call_later(listener.REQUEST_TIMEOUT, self.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _stop_watching(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, or breaks off."""
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
    """A server inside another process: leaves signals alone, and accepts connections by a `Listener`."""

    def __init__(self, config: uvicorn.Config, sock: socket.socket, max_connections: int | None) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._socket, self._max_connections = sock, max_connections
        self._accepting: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's
        """Start the application and accept connections (uvicorn: `Server.startup`)."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise RuntimeError("the receiver did not start")
        accepts = listener.Listener(
            self._socket, self._build_protocol, self.config.ssl, self._max_connections
        )
        self._accepting = asyncio.create_task(accepts.accept_connections())
        self._accepting.add_done_callback(lambda _: accepts.close())
        self.servers, self.started = [], True
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, then end what is open."""
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
        await super().shutdown(sockets)

    def _build_protocol(self) -> _HttpProtocol:
        state = {"server_state": self.server_state, "app_state": self.lifespan.state}
        return _HttpProtocol(config=self.config, **state)


@contextlib.asynccontextmanager
async def serve_app(
    app: ASGIApp,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    certificates: CertificateFiles | None = None,
    max_connections: int | None = None,
) -> AsyncIterator[str]:
    """Serve `app` while the block runs; yields its address, "https://127.0.0.1:40123". Port 0: any free one.
    `max_connections`: None for what the descriptors of the process allow.

    Raises OSError if the port is taken, ValueError for plain http beyond loopback.
    """
    if certificates is None and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"without TLS the receiver listens on loopback only, not on {host}")
    with _open_socket(host, port) as sock:
        server = _EmbeddedServer(_server_config(app, certificates), sock, max_connections)
        task = asyncio.create_task(server.serve([sock]))
        ready = asyncio.create_task(server.listening.wait())
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        try:
            if task.done():
                await task
            scheme = "https" if certificates else "http"
            name = f"[{host}]" if ":" in host else host
            yield f"{scheme}://{name}:{sock.getsockname()[1]}"
        finally:
            ready.cancel()
            server.should_exit = True
            await task


def _open_socket(host: str, port: int) -> socket.socket:
    """Open a listening socket, marked as TCP: asyncio sets TCP_NODELAY on such ones only, and without it
    every answer would wait 40 ms for the client's delayed acknowledgement."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on Windows the option would let two listeners share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(1024)
    except OSError:
        sock.close()
        raise
    return sock


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
