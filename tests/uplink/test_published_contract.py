"""The published files say what the code does: JSON Schemas, OpenAPI, problem types, CloudEvents."""

import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from pydantic import ValidationError

from uplink import events
from uplink.delivery import cloudevents
from uplink.events.__main__ import build_schemas
from uplink.receiver import app, problems
from uplink.receiver.app import create_app
from uplink.receiver.parsing import CloudEvent

OPENAPI = (Path(events.__file__).parent / "openapi.yaml").read_text("utf-8")
REFERENCE = (Path(app.__file__).parent / "reference.yaml").read_text("utf-8")
Payloads = dict[str, dict[str, Any]]
SCHEMAS = {file.name: json.loads(text) for file, text in build_schemas().items()}
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "provider.md").read_text("utf-8")


def unexplained(schema: dict[str, Any]) -> list[str]:
    """The fields of a schema without a word on what they are, and those with a value that their words leave out."""
    parts = schema.get("$defs", {})
    found = []
    for owner in (schema, *parts.values()):
        for name, field in owner.get("properties", {}).items():
            target = parts.get(field.get("$ref", "").rpartition("/")[2], {})
            choices = [field, *field.get("anyOf", [])]
            words = "".join(one.get("description", "") for one in (*choices, target))
            values = [value for one in choices for value in one.get("enum", [])]
            if not words or any(value not in words for value in values):
                found.append(f"{owner['title']}.{name}")
    return found


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_and_every_value_is_explained(name: str) -> None:
    assert unexplained(SCHEMAS[name]) == []


def test_a_value_without_a_word_is_found() -> None:
    """Control."""
    schema = json.loads(json.dumps(SCHEMAS["mps.ticket.1.json"]))
    schema["properties"]["event"]["enum"].append("paused")
    del schema["$defs"]["Fault"]["properties"]["title"]["description"]
    assert unexplained(schema) == ["Ticket.event", "Fault.title"]


def test_the_contract_in_one_file_is_what_the_others_say() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_openapi.py"))
    bundle = (Path(events.__file__).parent / "openapi.json").read_text("utf-8")
    assert made["build_bundle"]() == bundle, "run: python docs/make_openapi.py"
    assert not re.search(r"\.json\"|#/\$defs", bundle), "it refers to no other file"


def test_the_page_explains_every_reason_to_drop_and_every_count() -> None:
    room = "".join(file.read_text("utf-8") for file in sorted((ROOT / "uplink" / "outbox").glob("*.py")))
    reasons = set(re.findall(r'drop(?:_dead)?_events\(\s*tx,\s*"([a-z-]+)"|"dropped:([a-z-]+)"', room))
    agent = "".join(file.read_text("utf-8") for file in sorted((ROOT / "agent").rglob("*.py")))
    counts = re.findall(r'counts\["([a-z ]+)"\] \+=|_count_problem\(\s*"([a-z ]+)"', agent)
    names = {word for pair in (*reasons, *counts) for word in pair if word}
    assert names >= {"superseded", "lost", "clock jump", "two printers"}
    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize("file", build_schemas(), ids=lambda file: file.name)
def test_a_schema_file_is_what_the_models_say(file: Path) -> None:
    assert file.read_text("utf-8") == build_schemas()[file], "run: python -m uplink.events"


@pytest.mark.parametrize("kind", events.MODELS)
def test_an_example_follows_its_schema(payloads: Payloads, kind: str) -> None:
    events.check_event(kind, payloads[kind])


@pytest.mark.parametrize("kind", events.MODELS)
def test_a_misspelt_field_is_found_by_the_senders_check_and_ignored_by_receivers(
    payloads: Payloads, kind: str
) -> None:
    odd = payloads[kind] | {"agent": payloads[kind]["agent"] | {"verison": "1"}}
    events.MODELS[kind].model_validate(odd)
    with pytest.raises(ValidationError, match=r"agent\.verison"):
        events.check_event(kind, odd)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event", "opened"), ("ticket_seq", 0), ("ticket_seq", "1"), ("observed_at", "2026-11-20 21:30"),
        ("observed_at", "2026-11-20T21:30:04+01:00"), ("schema", "mps.ticket/2"), ("ticket_id", ""),
        ("fault.impact", "bad"), ("fault.priority", "P9"), ("device", None), ("evidence", []), ("kind", None),
    ],
)  # fmt: skip
def test_a_ticket_that_is_none_is_refused(tickets: Callable[..., Any], path: str, value: object) -> None:
    bad = tickets(1)
    *way, last = path.split(".")
    inner = bad
    for step in way:
        inner = inner[step]
    inner[last] = value
    with pytest.raises(ValidationError, match=re.escape(path.replace("schema", "schema"))):
        events.MODELS["mps.ticket/1"].model_validate(bad)


def test_what_we_write_is_a_cloudevent(tickets: Callable[..., Any]) -> None:
    data = cloudevents.encode_payload(tickets(1))
    raw = cloudevents.encode_event(
        uuid4(), source="/a", kind="mps.ticket/1", subject='"\\', time=0.25, sequence=42, data=data
    )
    told = json.loads(raw)
    assert (told["time"], told["sequence"], told["data"]) == (
        "1970-01-01T00:00:00.250Z", "00000000000000000042", tickets(1),
    )  # fmt: skip
    assert told["dataschema"] == SCHEMAS["mps.ticket.1.json"]["$id"]
    CloudEvent.model_validate(told)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_json_cannot_say_is_refused_before_it_is_accepted(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        cloudevents.encode_payload({"n": number})


def test_every_door_of_the_receiver_is_described_and_no_other(tmp_path: Path) -> None:
    built = create_app(tmp_path / "r.db", control=True)
    doors = {route.path for route in built.routes}
    assert set(re.findall(r"^  (/\S+):$", OPENAPI + REFERENCE, re.MULTILINE)) == doors
    assert all(door in (app.__doc__ or "") for door in doors)


def test_openapi_refers_to_the_schema_of_every_event() -> None:
    parts = yaml.safe_load(OPENAPI)["components"]["schemas"]
    for kind in events.MODELS:
        place = parts["CloudEvent"]["discriminator"]["mapping"][kind]
        assert {"$ref": place} in parts["CloudEvent"]["oneOf"]
        fields = parts[place.rpartition("/")[2]]["properties"]
        assert (fields["type"]["const"], fields["data"]["$ref"]) == (kind, f"{kind.replace('/', '.')}.json")


def test_every_status_that_the_receiver_gives_to_events_is_described() -> None:
    source = Path(app.__file__).read_text("utf-8") + Path(app.__file__).with_name("parsing.py").read_text(
        "utf-8"
    )
    given = set(re.findall(r"Problem\((\d{3})", source))
    described = set(re.findall(r'^        "(\d{3})":', OPENAPI, re.MULTILINE))
    assert given <= described


def test_every_problem_type_has_a_title_and_is_used() -> None:
    room = Path(problems.__file__).parent
    source = "".join(file.read_text("utf-8") for file in room.glob("*.py") if file.name != "problems.py")
    used = set(re.findall(r'(?:Problem\([^"]*|PREFIX \+ )"([a-z-]+)"', source)) | {"internal", "not-found"}
    assert used == set(problems.PROBLEM_TITLES)
