"""What every file in `uplink/targets` must do, unasked: the test walks the folder.

A new target brings a rig: a function here, named after it, that sets up a destination and breaks it.
"""

import contextlib
import pkgutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
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
from uplink.targets import https

TARGETS = [
    module.name for module in pkgutil.iter_modules(targets.__path__) if not module.name.startswith("_")
]


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


@pytest.fixture(params=TARGETS)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    build = globals().get(f"rig_{request.param}")
    assert build, f"uplink/targets/{request.param}.py needs a rig_{request.param} in this file"
    async with build(tmp_path) as ready:
        yield ready
        await ready.target.aclose()


@pytest.fixture
def one_batch(payloads: dict[str, dict[str, Any]]) -> Batch:
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
