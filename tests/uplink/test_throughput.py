"""A long queue drains, in little memory, and a new ticket does not wait for it: benchmarks/delivery.py as a test."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "delivery.py"


@pytest.mark.parametrize("events", [20_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_a_long_queue_drains_in_little_memory_and_a_new_ticket_goes_first(events: int, claim: Any) -> None:
    spec = importlib.util.spec_from_file_location("delivery_benchmark", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    told = script.main(events)
    claim(
        "throughput",
        f"{events} queued: {told['drained_per_second']} a second validated and stored; "
        f"a new ticket out in {told['new_ticket_out_s']} s",
    )
    assert told["new_ticket_out_s"] < 5
