"""The mail target, for a desk that has only a mailbox. One message per ticket event.

- The body is for people, the attachment (`event.json`) for programs. Message-ID is made of the event's id:
  a message that was sent twice is the same message to every mail program and filter.
- TLS (STARTTLS or from the start) is required; without it only to loopback, and only when asked for.
- "Accepted" is the server's 250 after the data (RFC 5321, 4.5.3.2.6). 4xx is tried again, 552 and 554
  refuse that one event; everything else, a refused login too, holds up the line until a person acts.
- Only tickets are mailed. Heartbeats and readings are taken off the queue: they are of no use in a mailbox.
"""

import asyncio
import json
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from uplink.delivery.responses import ItemOutcome, ItemResult, Receipt
from uplink.errors import CredentialRefused, Unreachable
from uplink.identity import secret_store
from uplink.outbox.outbox import Batch
from uplink.sanitize import one_line
from uplink.targets._loopback import is_loopback

MAX_LINE_LENGTH = 200  # characters of a line
ANSWER_TIMEOUT = 30.0  # seconds for each answer of the server


class Settings(BaseModel):
    """The table `[target.smtp]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(description="The mail server, such as mail.example.com.")
    port: int = Field(
        default=587, ge=1, le=65535, description="587 with STARTTLS, 465 with TLS from the start."
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description='"none" is for loopback only; for trials.'
    )
    ca_file: Path | None = Field(default=None, description="PEM file of a private CA, beside the system's.")
    user: str = Field(default="", description="Empty: no login.")
    password_file: Path | None = Field(default=None, description="File with the password.")
    sender: str = Field(description="The From address.")
    recipient: str = Field(description="The desk's mailbox.")

    @model_validator(mode="after")
    def _check_encryption(self) -> "Settings":
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError(f"security: mail to {self.host} must be encrypted; use starttls or tls")
        if self.user and self.password_file is None:
            raise ValueError("password_file: a login needs a password; put it into a file")
        return self


class SmtpTarget:
    """Sends each ticket event as one message."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        return f"mail to {self._settings.recipient} by {self._settings.host}"

    @property
    def clock_offset(self) -> None:
        """None: a mail server's clock is not measured."""
        return

    async def send(self, batch: Batch) -> Receipt:
        """Mail the tickets of `batch` over one connection; each has its own verdict."""
        try:
            return await asyncio.to_thread(self._send_batch, batch)
        except smtplib.SMTPAuthenticationError as why:
            raise CredentialRefused(f"{self._settings.host} refuses the login: {_format_error(why)}") from why
        except (OSError, smtplib.SMTPException) as why:
            raise Unreachable(f"{self._settings.host}: {_format_error(why)}") from why

    async def aclose(self) -> None:
        """Connections last for one batch."""

    def _send_batch(self, batch: Batch) -> Receipt:
        events = json.loads(batch.body)
        receipt = {UUID(event["id"]): ItemResult(ItemOutcome.ACCEPTED) for event in events}
        tickets = [event for event in events if event["type"].startswith("mps.ticket/")]
        if tickets:
            with self._open_connection() as server:
                for event in tickets:
                    receipt[UUID(event["id"])] = self._send_event(server, event)
        return {event: receipt[event] for event in batch.ids}

    def _open_connection(self) -> smtplib.SMTP:
        settings = self._settings
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.ca_file is not None:
            context.load_verify_locations(cafile=settings.ca_file)
        if settings.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=ANSWER_TIMEOUT, context=context
            )
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=ANSWER_TIMEOUT)
        try:
            if settings.security == "starttls":
                server.starttls(context=context)
            if settings.user and settings.password_file:
                server.login(settings.user, _read_password(settings.password_file))
        except BaseException:
            server.close()
            raise
        return server

    def _send_event(self, server: smtplib.SMTP, event: Mapping[str, Any]) -> ItemResult:
        try:
            server.send_message(build_message(event, self._settings))
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as why:
            code = _error_code(why)
            if code in {552, 554} or not 500 <= code < 600:
                result = ItemOutcome.RETRY if code < 500 else ItemOutcome.REJECTED
                return ItemResult(result, "urn:problem-type:mps:mail-refused", _format_error(why))
            raise  # the mailbox or the sender is wrong: a person must act, and no event is to blame
        return ItemResult(ItemOutcome.ACCEPTED)


def _read_password(file: Path) -> str:
    """The password in `file`. Raises OSError, also where it was sealed on another machine."""
    try:
        return secret_store.unseal_secret(file.read_bytes()).decode("utf-8").strip()
    except (secret_store.UnsealError, UnicodeDecodeError) as why:
        raise OSError(f"{file} cannot be used: {why}") from why


def connect(settings: Settings) -> SmtpTarget:
    """The target that `settings` describe. Opens no connection yet."""
    return SmtpTarget(settings)


def build_message(event: Mapping[str, Any], settings: Settings) -> EmailMessage:
    """One ticket event as a message."""
    told = event["data"]
    fault, device = told.get("fault", {}), told.get("device", {})
    mail = EmailMessage()
    mail["From"], mail["To"] = settings.sender, settings.recipient
    mail["Subject"] = one_line(
        f"[{told.get('event', '?')}] {fault.get('title', event['subject'])}", MAX_LINE_LENGTH
    )
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{event['id']}@printwarden>"
    if told.get("ticket_seq", 1) > 1:
        mail["References"] = f"<{event['subject']}@printwarden>"
    lines = {
        "Ticket": told.get("ticket_id"),
        "Now": told.get("event"),
        "Since": told.get("opened_at"),
        "Printer": device.get("device_key"),
        "Model": " ".join(str(device[key]) for key in ("make", "model") if device.get(key)),
        "Location": device.get("location"),
        "Fault": fault.get("fault_key"),
        "Impact": fault.get("impact"),
    }
    mail.set_content(
        "".join(
            f"{name + ':':<10}{one_line(str(value), MAX_LINE_LENGTH)}\n"
            for name, value in lines.items()
            if value
        )
    )
    raw = json.dumps(event, ensure_ascii=False, indent=1).encode()
    mail.add_attachment(raw, maintype="application", subtype="json", filename="event.json")
    return mail


def _error_code(why: smtplib.SMTPException) -> int:
    if isinstance(why, smtplib.SMTPRecipientsRefused):
        return min(int(code) for code, _ in why.recipients.values())
    return int(getattr(why, "smtp_code", 0))


def _format_error(why: Exception) -> str:
    said = getattr(why, "smtp_error", b"")
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return one_line(f"{getattr(why, 'smtp_code', '')} {text}".strip() or str(why) or type(why).__name__)
