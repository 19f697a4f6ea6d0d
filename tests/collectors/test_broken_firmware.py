"""Whatever a printer sends in place of a value, a poll ends in a snapshot, never in an exception."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.cli._probe_document import build_document
from agent.collectors.printer_mib import read_printer
from agent.snmp.oid import encode_arcs, oid
from agent.snmp.reader import IpAddress, MissingValue, ObjectId

CASES = Path(__file__).parent / "cases"
VALUES = st.one_of(
    st.integers(-(2**31), 2**64 - 1),
    st.sampled_from([-1, -2, -3, -4, 0, 1, 2**31, 2**32 - 1, 2**32 - 2, 2**32 - 3, 2**63]),
    st.binary(max_size=40),
    st.binary(max_size=9).map(lambda raw: ObjectId(encode_arcs(*raw))),
    st.binary(min_size=4, max_size=4).map(IpAddress),
    st.sampled_from(MissingValue),
    st.none(),
)
INDEXES = st.one_of(
    st.lists(st.integers(0, 2**32 - 1), max_size=4).map(lambda index: encode_arcs(*index)),
    st.binary(max_size=8),
)
ROOTS = [
    oid(f"1.3.6.1.2.1.43.{entry}") for entry in ("11.1.1.9", "18.1.1.7", "10.2.1.4", "8.2.1.10", "5.1.1.2")
]


@pytest.fixture(scope="module")
def base(walked):
    return {
        name: walked(CASES / name / "walk.snmprec").values
        for name in ("every-open-alert-stands", "levels-below-zero", "rebadged-and-generic")
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_value_breaks_a_poll(data, base, taken, walked):
    values = dict(base[data.draw(st.sampled_from(sorted(base)))])
    names = st.sampled_from(sorted(values))
    values |= data.draw(st.dictionaries(names, VALUES, max_size=12))
    for root in data.draw(st.lists(st.sampled_from(ROOTS), max_size=3)):
        values[root + data.draw(INDEXES)] = data.draw(VALUES)
    reader = type(walked(CASES / "levels-below-zero" / "walk.snmprec"))(values)
    snapshot = asyncio.run(read_printer(reader, at=0.0))
    printed = build_document(snapshot, "1970-01-01T00:00:00Z", explain=True).model_dump_json(by_alias=True)
    assert json.loads(printed)["address"] == "192.0.2.1:161"


def test_a_firmware_that_is_all_wrong_tells_of_few_problems(walked, taken):
    reader = walked(CASES / "every-open-alert-stands" / "walk.snmprec")
    reader.values = dict.fromkeys(reader.values, IpAddress(b"\x7f\x00\x00\x01"))
    snapshot = taken(reader)
    assert 5 < len(snapshot.problems) <= 50
