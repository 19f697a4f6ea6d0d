"""What every file in `uplink/targets` must do, unasked: the test walks the folder.

A new target brings a rig, a file of its name in `target_rigs`: it sets up a destination and breaks it.
"""

import asyncio
import importlib
import json
import pkgutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from tests.uplink.target_rigs._rig import Rig
from tests.uplink.target_rigs.smtp import Mailbox, mailing
from uplink import targets
from uplink.delivery.cloudevents import encode_batch as wire_batch
from uplink.delivery.cloudevents import encode_event, encode_payload
from uplink.delivery.responses import ItemOutcome
from uplink.errors import DeliveryError
from uplink.outbox.envelope import Lane
from uplink.outbox.outbox import Batch
from uplink.targets import folder as folder_target
from uplink.targets import smtp

TARGETS = [
    module.name for module in pkgutil.iter_modules(targets.__path__) if not module.name.startswith("_")
]


@pytest.fixture(params=TARGETS)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    async with importlib.import_module(f"tests.uplink.target_rigs.{request.param}").rig(tmp_path) as ready:
        yield ready
        await ready.target.aclose()


@pytest.fixture
def one_batch(payloads: dict[str, dict[str, Any]]) -> Batch:
    payloads = {kind: payloads[kind] for kind in ("mps.ticket/1", "mps.agent_health/1", "mps.meter_read/1")}
    ids = tuple(uuid4() for _ in payloads)
    events = [
        encode_event(
            name, source="/a", kind=kind, subject="s", time=1.0, sequence=seq, data=encode_payload(data)
        )
        for seq, (name, (kind, data)) in enumerate(zip(ids, payloads.items(), strict=True), 1)
    ]
    return Batch(number=1, key=str(uuid4()), lane=Lane.TICKETS, body=wire_batch(events), ids=ids, tries=1)


async def test_a_receipt_names_every_event(rig: Rig, one_batch: Batch) -> None:
    receipt = await rig.target.send(one_batch)
    assert {name: verdict.result for name, verdict in receipt.items()} == dict.fromkeys(
        one_batch.ids, ItemOutcome.ACCEPTED
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


@pytest.mark.parametrize(
    ("refusal", "result"),
    [
        ("451 not now", ItemOutcome.RETRY),
        ("554 no such thing here", ItemOutcome.REJECTED),
        ("552 too large", ItemOutcome.REJECTED),
    ],
)
async def test_a_mail_server_refuses_one_event_and_takes_the_others(
    one_batch: Batch, refusal: str, result: ItemOutcome
) -> None:
    server, target = mailing(Mailbox(refusal))
    receipt = await target.send(one_batch)
    await asyncio.to_thread(server.stop)
    results = [receipt[name].result for name in one_batch.ids]
    assert results == [result, ItemOutcome.ACCEPTED, ItemOutcome.ACCEPTED]
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
    mail = smtp.build_message(
        {"id": str(uuid4()), "subject": "T1", "type": "mps.ticket/1", "data": told}, settings
    )
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
    with pytest.raises(DeliveryError, match="are not carried away"):
        await target.send(second)
    assert suffixes(tmp_path) == [".json"]
