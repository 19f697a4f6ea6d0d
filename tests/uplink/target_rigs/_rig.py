"""What a rig gives to the contract test."""

from collections.abc import Callable
from typing import Any, NamedTuple

from uplink.interfaces import Target


class Rig(NamedTuple):
    target: Target
    kept: Callable[[], int]  # events at the destination
    break_it: Callable[[], Any]
