"""Mistakes in contract files: each is told with its key and what to write; right files are silent."""

from pathlib import Path

import pytest

from agent.contracts import loader
from agent.core.errors import ConfigError
from tests.contracts.conftest import DEALER

FAULTS = {"fuser.failure", "fuser.worn", "feed.jams", "supply.low", "device.offline"}
TEXT = DEALER.read_text("utf-8")


def complaints(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "contracts.toml"
    file.write_text(text, "utf-8")
    try:
        loader.load_contracts(file, faults=FAULTS)
    except ConfigError as why:
        return [f"{one.line}: {one.key}: {one.reason} → {one.suggestion}" for one in why.complaints]
    return []


def test_the_dealers_file_is_right(tmp_path: Path) -> None:
    assert complaints(tmp_path, TEXT) == []


MISTAKES = [
    # what stands there, what is written instead, what is said, and what is suggested
    ('service_org = ["own", "SO-ACME"]', 'service_org = ["own", "SO-ACNE"]', 'no service organisation "SO-ACNE"', 'did you mean "SO-ACME"?'),
    ('calendar = "24x7"\nresponse', 'calendar = "24x8"\nresponse', 'there is no calendar "24x8"', 'did you mean "24x7"?'),
    ('id = "K-TM"', 'id = "K-2201-A"', '"K-2201-A" is the id of contract[1] already', "its own id"),
    ('escalate_to = "own"', 'escalate_to = "SO-ACME"', "escalates to itself", "takes over"),
    ('escalate_to = "own"\n', "", "nobody takes over", "escalate_to"),
    ('match = { vendor = ["Brother"] }', "default = true", "is the default already", "one default"),
    ('match = { vendor = ["Brother"] }', 'match = { vendor = ["Kyocera"] }', "the same printers as K-TM", "how the two differ"),
    ("default = true\n", 'default = true\nmatch = { vendor = ["X"] }\n', "for all printers that fit no other", "remove its match"),
    ('response = "4h"\nresolution = "8h"', 'response = "9h"\nresolution = "8h"', "resolution (8h) is due before response (9h)", "at least as long"),
    ('acknowledge_within = "30 min"', 'acknowledge_within = "6h"', "may acknowledge within 6h, later", "shorten"),
    ('response = "4h"\nresolution', 'response = "4 days"\nresolution', '"4 days" can be meant in two ways', '"4 business_days"'),
    ('response = "4h"\nresolution', 'response = 4\nresolution', "has no unit", '"4h"'),
    ('response = "4h"\nresolution', 'response = "soon"\nresolution', "not a span of time", '"4h"'),
    ('response = "4h"\nresolution', 'response = "0h"\nresolution', "no time at all", "above zero"),
    ('response = "4h"\nresolution', 'warn_before = "4h"\nresponse = "4h"\nresolution', "would be at risk as it opens", "shorter warn_before"),
    ("uptime_target_pct = 97.0", "uptime_target_pct = 104.0", "104 % cannot be kept", "up to 100"),
    ('uptime_period = "month"\n', "", "not time-bound: over which time", "uptime_period"),
    ("ends = 2028-12-31\n", "", "not time-bound: it has no last day", "renews"),
    ("ends = 2028-12-31", "ends = 2024-12-31", "before it starts", "exchange"),
    ('renews = "yearly"\n\n[contract.approval]\nby = ["mail", "command"]\ncontact = "site-contact-1"', 'renews = "yearly"', "needs a way to approve", "[contract.approval]"),
    ('by = ["mail", "command"]', "by = []", "at least 1", ""),
    ('billing_model = "flat"', 'billing_model = "flatrate"', '"flatrate" is not known here', '"flat"'),
    ('covers = ["labour"]', 'covers = ["labor"]', '"labor" is not known here', '"labour"'),
    ('model = "own_technicians"', 'model = "own"', '"own" is not known here', ""),
    ('[contract.delay]\ndevice_down', '[contract.priority]\npredicted = "P1"\n[contract.delay]\ndevice_down', "a prediction is never P1", '"P3"'),
    ('[contract.delay]\ndevice_down', '[contract.priority]\ndegradet = "P2"\n[contract.delay]\ndevice_down', '"degradet"', "degraded"),
    ('[contract.delay]\ndevice_down', '[contract.delay]\ndevice_dwn', '"device_dwn"', 'did you mean "device_down"?'),
    ('fault = ["fuser.*"]', 'fault = ["fusor.*"]', 'no rule finds the fault "fusor.*"', "fuser."),
    ('skills = ["hp.a3.colour.fuser"]', 'skills = ["canon.fuser"]', "", ""),  # the third party can do all
    ('certification = ["HP-A3-L2"]\ntools', 'certification = ["HP-A3-L3"]\ntools', 'no service organisation has "HP-A3-L3"', "certification"),
    ('covers = ["labour", "parts", "toner", "maintenance_kits"]', 'covers = ["toner"]', "not relevant: a repair is promised", "labour"),
    ('[contract.sla.P2]\ncalendar = "us-central-business"\nresponse = "8h"\nresolution = "16h"', '[contract.priority]\ndegraded = "P1"\n[contract.sla.P2]\ncalendar = "us-central-business"\nresponse = "8h"', "not specific: no fault has the priority P2", "[contract.priority]"),
    ('[contract.sla.P2]\ncalendar = "us-central-business"\nresponse = "8h"\nresolution = "16h"', '[contract.sla.P2]\ncalendar = "us-central-business"', "not measurable: it says no time", "response"),
    ('[contract.sla.P1]\ncalendar', '[contract.sla.P4]\ncalendar', "P4", ""),
    ('queue = "dealer-dispatch"', 'queue = ""', "at least 1 character", "some words"),
    ('queue = "dealer-dispatch"\n', "", "is missing", "queue"),
    ('id = "own"\n', 'id = "own technicians"\n', "is not an id", "letters, digits"),
    ('timezone = "America/Chicago"\nmon_fri', 'timezone = "America/Chicgo"\nmon_fri', "is not a time zone", "IANA"),
    ('mon_fri = "08:00-17:00"\n', 'mon_fri = "08:00-17:00"\ncountry = "XX"\n', 'the country "XX"', "ISO 3166"),
    ('holidays = ["2026-11-26", "2026-12-25"]', 'holidays = ["26.11.2026"]', "is not a day", "2026-12-25"),
    ('part_no = "RM2-0001"', 'part_no = "RM2-0001"\nqty = 0', "greater than or equal to 1", "1 or more"),
    ('penalty_class = "gold"', 'penalty = "gold"', "unknown key", "penalty_class"),
    ('penalty_class = "gold"', 'price = "350.00"', "unknown key", ""),
    ('[contract.invoice]\n', '[contract.invoice]\nread_day = 31\n', "less than or equal to 28", "28 or less"),
    ('counters = { mono = "mono"', 'counters = { black = "mono"', "black", ""),
    ("config_version = 1", "config_version = 2", "1", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("right", "wrong", "said", "hint"), MISTAKES, ids=[f"{number}" for number in range(len(MISTAKES))]
)
def test_a_mistake_is_told_with_what_to_write(
    tmp_path: Path, right: str, wrong: str, said: str, hint: str
) -> None:
    found = complaints(tmp_path, TEXT.replace(right, wrong, 1))
    if not said:
        assert found == []
        return
    assert right in TEXT
    told = [one for one in found if said in one]
    assert told, found
    assert hint in told[0].partition(" → ")[2]
    assert len(found) <= 3, "and hardly more"


ADVICE = [
    ('service_org = ["WHOLESALE-1"]', 'service_org = ["own"]', "no contract sends WHOLESALE-1"),
    ('programme = "all-inclusive-page"', 'ticket_profile = "full"', "would see the customer's data"),
    ('calendar = "24x7"', 'calendar = "always"', "no contract uses 24x7"),
    ("default = true", 'match = { vendor = ["X"] }', "no contract is the default"),
]


@pytest.mark.parametrize(("right", "wrong", "said"), ADVICE)
def test_what_is_allowed_and_most_likely_not_meant_is_advice(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    assert right in TEXT
    (tmp_path / "contracts.toml").write_text(TEXT.replace(right, wrong, 1), "utf-8")
    book = loader.load_contracts(tmp_path / "contracts.toml", faults=FAULTS)
    assert [one for one in book.advice if said in one.reason]


def test_the_published_form_is_that_of_the_code() -> None:
    form = loader.json_schema()
    assert form["properties"].keys() == {
        "config_version",
        "provider",
        "calendar",
        "service_org",
        "contract",
        "parts_kit",
    }
    assert "price" not in str(form).lower().replace("prices", ""), "prices stay with the provider"
