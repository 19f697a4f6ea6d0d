"""SNMP and IPP of one address are two printers: a print server, or a forwarded port."""

import pytest

from agent.core.model import Identity
from agent.pipeline.polling.snapshot_merging import is_same_printer

PAIRS = [
    ("another serial", Identity(serial="VNA0000001"), Identity(serial="VNB0000002"), False),
    ("zeros in front", Identity(serial="00VNC3R12345"), Identity(serial="VNC3R12345"), True),
    ("another UUID", Identity(serial="VNA0000001", uuid="u1"), Identity(uuid="u2"), False),
    ("another maker", Identity(vendor="HP", model="M507"), Identity(vendor="Brother", model="HL-L5100DN"), False),
    ("another model", Identity(vendor="HP", model="LaserJet M507"), Identity(vendor="HP", model="LaserJet M480f"), False),
    ("spelled otherwise", Identity(vendor="HP", model="M507"), Identity(vendor="HP", model="HP LaserJet Enterprise M507dn"), True),
    ("no number", Identity(vendor="HP", model="LaserJet"), Identity(vendor="HP", model="LaserJet M507"), True),
    ("nothing to compare", Identity(), Identity(uuid="u1"), True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "same"), [pair[1:] for pair in PAIRS], ids=[pair[0] for pair in PAIRS]
)
def test_two_printers_are_told_apart(one, other, same):
    assert is_same_printer(one, other) is same
