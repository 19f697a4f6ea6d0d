"""The receiver keeps what openapi.yaml says, for requests that schemathesis makes up from it.

What follows the schemas is taken in, what does not is refused; every status, media type and body is one
that is written there.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks

from uplink import events
from uplink.receiver import app
from uplink.receiver.app import create_app
from uplink.receiver.faults import FaultInjection
from uplink.receiver.serve import serve_app

CONTRACTS = [
    schemathesis.openapi.from_path(Path(folder.__file__).with_name(name))
    for folder, name in ((events, "openapi.yaml"), (app, "reference.yaml"))
]
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
BATCHES = "POST /v1/events"
UNSAFE = {"POST /control"}  # it would be told to hang for ever
Findings = dict[str, int]


def operations() -> dict[str, Any]:
    """Each operation of the contract by its name: "GET /v1/feedback"."""
    found = (result.ok() for contract in CONTRACTS for result in contract.get_all_operations())
    return {operation.label: operation for operation in found if operation.label not in UNSAFE}


class Caller:
    """Calls a receiver with made-up requests, and notes what is against the contract."""

    def __init__(self, url: str, reader: dict[str, str]) -> None:
        self.url, self.session, self.reader = url, requests.Session(), reader
        self.session.trust_env = False
        self.statuses: Counter[int] = Counter()
        self.findings: Counter[str] = Counter()

    def call(self, operation: Any, mode: GenerationMode, examples: int) -> None:
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @seed(8)
        @given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Any) -> None:
            self._one(case, good=mode is GenerationMode.POSITIVE)

        with suppress(Unsatisfiable):  # there is nothing to get wrong about a GET without parameters
            one()

    def _one(self, case: Any, *, good: bool) -> None:
        if case.operation.label == BATCHES and good:  # what no schema says: a key is new, gzip is gzip
            case.headers = {"Idempotency-Key": str(uuid4())}
        if "desk" in (case.operation.tags or ()):
            case.headers = self.reader
        answer = case.call(base_url=self.url, session=self.session, timeout=30)
        self.statuses[answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseExceptionGroup as why:
            self.findings.update(type(one).__name__ for one in why.exceptions)
        if case.operation.label == BATCHES and good:
            self.findings.update(_refused(answer))


def _refused(answer: Any) -> Iterator[str]:
    """Why events that follow their schemas were not taken in."""
    if answer.status_code != 200:
        yield f"{answer.status_code}: {answer.text}"
        return
    for line in answer.json().get("receipt", []):
        if line["result"] not in {"accepted", "duplicate"}:
            yield f"{line['result']}: {line['detail']}"


@pytest.fixture
def caller(tmp_path: Path, reads: Any) -> Any:
    async def run(label: str, mode: GenerationMode, examples: int, **receiver: Any) -> Caller:
        async with serve_app(create_app(tmp_path / "r.db", control=True, **receiver)) as url:
            there = Caller(url, reads(tmp_path / "r.db"))
            await asyncio.to_thread(there.call, operations()[label], mode, examples)
        there.session.close()
        return there

    return run


GUARDED = {"POST /v1/enrolment", "POST /v1/credential", "GET /v1/feedback"}  # open, they say less
CALLS = [(label, mode, False) for label in operations() for mode in GenerationMode]
CALLS += [(label, mode, True) for label in sorted(GUARDED) for mode in GenerationMode]
GUARDED_BATCHES = (BATCHES, GenerationMode.NEGATIVE, True)


@pytest.mark.parametrize(("label", "mode", "enrolment"), CALLS, ids=str)
async def test_a_made_up_request_gets_what_the_contract_says(
    caller: Any, label: str, mode: GenerationMode, enrolment: bool
) -> None:
    done = await caller(label, mode, 5, enrolment=enrolment)
    assert not done.findings, done.findings


@pytest.mark.long
@pytest.mark.parametrize(("label", "mode", "enrolment"), [*CALLS, GUARDED_BATCHES], ids=str)
async def test_many_made_up_requests_get_what_the_contract_says(
    caller: Any, label: str, mode: GenerationMode, enrolment: bool
) -> None:
    done = await caller(label, mode, 120 if label == BATCHES else 400, enrolment=enrolment)
    assert not done.findings, done.findings


async def test_a_status_that_is_not_in_the_contract_is_found(caller: Any) -> None:
    """Broken: a receiver that answers 418."""
    done = await caller(BATCHES, GenerationMode.POSITIVE, 1, behaviour=FaultInjection(fail=418))
    assert done.statuses == {418: 1}
    assert done.findings["UndefinedStatusCode"] == 1


async def test_an_event_that_is_refused_though_it_follows_its_schema_is_found(
    caller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a receiver that takes no tickets."""
    monkeypatch.setattr("uplink.receiver.parsing.MODELS", {})
    done = await caller(BATCHES, GenerationMode.POSITIVE, 2)
    assert any(finding.startswith("rejected") for finding in done.findings)


async def test_a_body_that_is_not_in_the_contract_is_found(
    caller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a receiver whose receipts have no receipt."""
    monkeypatch.setattr("uplink.receiver.event_store._format_receipt", lambda _: '{"ok": true}')
    done = await caller(BATCHES, GenerationMode.POSITIVE, 1)
    assert done.findings["JsonSchemaError"] == 1
