"""What every file in `uplink/targets` must do, unasked: the test walks the folder.

A new target brings a rig: a function here, named after it, that sets up a destination and breaks it.
"""

import asyncio
import contextlib
import json
import pkgutil
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from pydantic import ValidationError

from uplink import targets
from uplink.answers import Result
from uplink.cloudevents import batch as wire_batch
from uplink.cloudevents import event, payload
from uplink.envelope import Lane
from uplink.errors import DeliveryError
from uplink.outbox import Batch
from uplink.receiver.app import create_app
from uplink.receiver.serve import serving
from uplink.seams import Target
from uplink.targets import folder as folder_target
from uplink.targets import https, smtp

TARGETS = [
    module.name for module in pkgutil.iter_modules(targets.__path__) if not module.name.startswith("_")
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Rig(NamedTuple):
    target: Target
    kept: Callable[[], int]  # events at the destination
    break_it: Callable[[], Any]


@contextlib.asynccontextmanager
async def rig_https(folder: Path) -> AsyncIterator[Rig]:
    seen: list[object] = []
    async with contextlib.AsyncExitStack() as running:
        url = await running.enter_async_context(serving(create_app(folder / "r.db", arrived=seen.append)))
        settings = https.Settings(url=f"{url}/v1/events", insecure_loopback=True)
        yield Rig(https.connect(settings), lambda: len(seen), running.aclose)


@contextlib.asynccontextmanager
async def rig_folder(folder: Path) -> AsyncIterator[Rig]:
    out = folder / "out"
    out.mkdir()

    def kept() -> int:
        return len({event["id"] for file in out.glob("*.json") for event in json.loads(file.read_bytes())})

    async def take_away() -> None:
        shutil.rmtree(out)

    yield Rig(folder_target.connect(folder_target.Settings(path=out)), kept, take_away)


@contextlib.asynccontextmanager
async def rig_smtp(folder: Path) -> AsyncIterator[Rig]:
    """The desk's mailbox has tickets only; the other events of a batch are taken off the queue."""
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    settings = smtp.Settings(
        host="127.0.0.1", port=server.port, security="none", sender="a@x.example", recipient="desk@x.example"
    )
    running = [server]

    async def stop() -> None:
        if running:
            await asyncio.to_thread(running.pop().stop)

    yield Rig(smtp.connect(settings), lambda: len({mail["Message-ID"] for mail in box.mails}) + 2, stop)
    await stop()


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


@pytest.fixture(params=TARGETS)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    build = globals().get(f"rig_{request.param}")
    assert build, f"uplink/targets/{request.param}.py needs a rig_{request.param} in this file"
    async with build(tmp_path) as ready:
        yield ready
        await ready.target.aclose()


@pytest.fixture
def one_batch(payloads: dict[str, dict[str, Any]]) -> Batch:
    payloads = {kind: payloads[kind] for kind in ("mps.ticket/1", "mps.agent_health/1", "mps.meter_read/1")}
    ids = tuple(uuid4() for _ in payloads)
    events = [
        event(name, source="/a", kind=kind, subject="s", time=1.0, sequence=seq, data=payload(data))
        for seq, (name, (kind, data)) in enumerate(zip(ids, payloads.items(), strict=True), 1)
    ]
    return Batch(number=1, key=str(uuid4()), lane=Lane.TICKETS, body=wire_batch(events), ids=ids, tries=1)


async def test_a_receipt_names_every_event(rig: Rig, one_batch: Batch) -> None:
    receipt = await rig.target.send(one_batch)
    assert {name: verdict.result for name, verdict in receipt.items()} == dict.fromkeys(
        one_batch.ids, Result.ACCEPTED
    )
    assert rig.kept() == len(one_batch.ids)


async def test_sending_again_has_the_effect_of_sending_once(rig: Rig, one_batch: Batch) -> None:
    for _ in range(3):
        await rig.target.send(one_batch)
    assert rig.kept() == len(one_batch.ids)


async def test_a_broken_destination_raises_a_delivery_error_with_a_reason(rig: Rig, one_batch: Batch) -> None:
    await rig.break_it()
    with pytest.raises(DeliveryError) as caught:
        await rig.target.send(one_batch)
    assert str(caught.value)


async def test_it_has_a_name_and_closes_twice(rig: Rig) -> None:
    assert rig.target.name
    await rig.target.aclose()
    await rig.target.aclose()


@pytest.mark.parametrize("name", TARGETS)
def test_its_settings_explain_each_key_and_refuse_unknown_ones(name: str) -> None:
    settings = __import__(f"uplink.targets.{name}", fromlist=["Settings"]).Settings
    assert all(field.description for field in settings.model_fields.values())
    with pytest.raises(ValidationError, match="nonsense"):
        settings.model_validate({"nonsense": 1})


def mailing(box: Mailbox) -> tuple[Controller, smtp.Smtp]:
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    settings = smtp.Settings(
        host="127.0.0.1", port=server.port, security="none", sender="a@x.example", recipient="desk@x.example"
    )
    return server, smtp.connect(settings)


@pytest.mark.parametrize(
    ("refusal", "result"),
    [
        ("451 not now", Result.RETRY),
        ("554 no such thing here", Result.REJECTED),
        ("552 too large", Result.REJECTED),
    ],
)
async def test_a_mail_server_refuses_one_event_and_takes_the_others(
    one_batch: Batch, refusal: str, result: Result
) -> None:
    server, target = mailing(Mailbox(refusal))
    receipt = await target.send(one_batch)
    await asyncio.to_thread(server.stop)
    results = [receipt[name].result for name in one_batch.ids]
    assert results == [result, Result.ACCEPTED, Result.ACCEPTED]
    assert refusal.split(" ", 1)[1] in str(receipt[one_batch.ids[0]].detail)


async def test_a_mail_says_what_is_wrong_and_carries_the_event(one_batch: Batch) -> None:
    box = Mailbox()
    server, target = mailing(box)
    await target.send(one_batch)
    await asyncio.to_thread(server.stop)
    (mail,) = box.mails
    assert mail["Subject"] == "[open] Fuser failure"
    text, attachment = mail.iter_parts()
    assert "Maker Größe 10" in text.get_content()
    assert json.loads(attachment.get_content())["id"] == str(one_batch.ids[0])


def test_a_printers_words_cannot_add_a_header(payloads: dict[str, dict[str, Any]]) -> None:
    told = payloads["mps.ticket/1"]
    told["fault"]["title"] = "x\r\nBcc: everybody@x.example\n\nbody"
    settings = smtp.Settings(host="mail.x.example", sender="a@x.example", recipient="desk@x.example")
    mail = smtp.message({"id": str(uuid4()), "subject": "T1", "type": "mps.ticket/1", "data": told}, settings)
    assert mail["Bcc"] is None
    assert "\n" not in mail["Subject"]


@pytest.mark.parametrize("host", ["mail.x.example", "10.0.0.1"])
def test_mail_leaves_the_machine_encrypted_only(host: str) -> None:
    with pytest.raises(ValidationError, match="must be encrypted"):
        smtp.Settings(host=host, security="none", sender="a@x.example", recipient="b@x.example")


def suffixes(folder: Path) -> list[str]:
    return [file.suffix for file in folder.iterdir()]


async def test_a_folder_that_nobody_empties_stops_taking(tmp_path: Path, one_batch: Batch) -> None:
    target = folder_target.connect(folder_target.Settings(path=tmp_path, most_files=1))
    await target.send(one_batch)
    await target.send(one_batch)
    second = Batch(number=2, key="other", lane=Lane.TICKETS, body=one_batch.body, ids=one_batch.ids, tries=1)
    with pytest.raises(DeliveryError, match="nobody carries"):
        await target.send(second)
    assert suffixes(tmp_path) == [".json"]
