"""The demonstration's verdict, as stories; and that a broken line would be caught."""

import pytest

from agent.runtime.demo.report import check_promises
from agent.simulator.scenario import HOUR, ExpectedTicket

LOW = ExpectedTicket(fault="supply.low", component="toner:black", by=10 * HOUR)
CAST = {"sn:A": ("toner_runs_down", LOW), "sn:B": ("healthy", None)}


def opened(device="sn:A", fault="supply.low", component="toner:black"):
    return {"device": {"device_key": device}, "fault": {"fault_key": fault, "component": component}}


STORIES = [
    # name, "open" events at the receiver, hours played, who kept the promise
    ("each ticket exactly once", [opened()], 20, {"sn:A": True, "sn:B": True}),
    ("a ticket that never came is a broken promise", [], 20, {"sn:A": False, "sn:B": True}),
    ("a ticket that is not due yet is none", [], 5, {"sn:A": True, "sn:B": True}),
    ("a doubled ticket is a broken promise", [opened(), opened()], 20, {"sn:A": False, "sn:B": True}),
    ("a doubled ticket is broken even before it is due", [opened(), opened()], 5, {"sn:A": False, "sn:B": True}),
    ("a healthy printer's ticket is a broken promise", [opened(), opened("sn:B")], 20, {"sn:A": True, "sn:B": False}),
    ("a ticket beside the promised one is not called for", [opened(), opened(fault="x")], 20, {"sn:A": False, "sn:B": True}),
    ("the wrong component is not what was promised", [opened(component="toner:cyan")], 20, {"sn:A": False, "sn:B": True}),
    ("a ticket of a printer that is not in the cast is a ghost", [opened(), opened("sn:X")], 20, {"sn:A": True, "sn:B": True, "sn:X": False}),
]  # fmt: skip


@pytest.mark.parametrize(("story", "events", "hours", "kept"), STORIES, ids=[story[0] for story in STORIES])
def test_verdict(story, events, hours, kept):
    assert {line.device: line.is_kept for line in check_promises(CAST, events, hours * HOUR)} == kept
