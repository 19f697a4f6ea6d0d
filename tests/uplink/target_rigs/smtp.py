"""A real mail server that is stopped."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from loopback import HOME, free_port

from tests.uplink.target_rigs._rig import Rig
from uplink.targets import smtp


class Mailbox:
    """A real SMTP server's handler: keeps what comes, or refuses as told."""

    def __init__(self, *refusals: str) -> None:
        self.mails: list[EmailMessage] = []
        self.refusals = list(refusals)

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return "250 OK"


def mailing(box: Mailbox) -> tuple[Controller, smtp.SmtpTarget]:
    server = Controller(box, hostname=HOME, port=free_port(socket.SOCK_STREAM))
    server.start()
    settings = smtp.Settings(
        host=HOME, port=server.port, security="none", sender="a@x.example", recipient="desk@x.example"
    )
    return server, smtp.connect(settings)


@contextlib.asynccontextmanager
async def rig(folder: Path) -> AsyncIterator[Rig]:
    """The desk's mailbox has tickets only; the other events of a batch are taken off the queue."""
    box = Mailbox()
    server, target = mailing(box)
    running = [server]

    async def stop() -> None:
        if running:
            await asyncio.to_thread(running.pop().stop)

    yield Rig(target, lambda: len({mail["Message-ID"] for mail in box.mails}) + 2, stop)
    await stop()
