"""Field cases: one folder a case of what people met who watch printers, each with two siblings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from field_site import run_field_site
from idle_loop import IdleSkippingLoop
from loopback import free_port, own


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], Any]]:
    """Silent addresses cost a field case no time, and a busy machine makes no answer late."""
    return {"idle": IdleSkippingLoop}


@pytest.fixture
def field(tmp_path: Path) -> Callable[..., Any]:
    """`async with field("9.0/29", **settings) as site`: a site with eight addresses, "9.0" to "9.7"."""

    def build(cidr: str, **settings: Any) -> Any:
        base, _ = cidr.split("/")
        subnet, _, first = base.rpartition(".")
        hosts = [own(f"{subnet}.{int(first) + number}") for number in range(8)]
        return run_field_site(tmp_path, own(cidr), hosts, free_port(), settings)

    return build
