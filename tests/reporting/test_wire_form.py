"""The JSON of every event, held against what the agent has always sent: `wire/*.json`, null and absent told apart."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import pytest

from agent import __version__
from agent.core.health import Health
from agent.core.model import (
    Address,
    Alert,
    AlertKind,
    Device,
    DeviceEvent,
    DeviceStatus,
    Episode,
    Facts,
    Forecasts,
    Identity,
    Impact,
    Marker,
    PrinterStatus,
    Snapshot,
    Status,
    Supply,
    SupplyForecast,
    TicketEvent,
    Tray,
    Trust,
    Vague,
)
from agent.core.store import Store
from agent.history.meters import named_sums
from agent.history.meters.chain import ChainEnd
from agent.history.meters.daily_reads import MeterStatement
from agent.history.meters.epoch_reasons import EpochReason
from agent.history.meters.ledger import CounterEpoch, MeterCounter
from agent.pipeline import device_events
from agent.reporting import inventory_changes, journal, supply_stages
from agent.reporting.privacy import PrivacyRules
from agent.reporting.sender import Sender
from agent.tickets.feedback.precision import RulePrecision
from uplink import events
from uplink.events import meter_read as wire
from uplink.outbox import outbox, queries

FOLDER = Path(__file__).with_name("wire")
TABLES = {
    "outbox": outbox.SCHEMA,
    "egress": journal.SCHEMA,
    "inventory_changes": inventory_changes.SCHEMA,
    "supply_stages": supply_stages.SCHEMA,
}
NOW, DAY = 1_790_000_000.25, 86400.0
OID = "1.3.6.1.2.1.43.10.2.1.4.1.1"

PRINTER = Device(
    key="mac:001122334455", address=Address("192.168.10.31"), vendor="Ricoh", model="IM C3000", serial="3100RC12345",
    mac="001122334455", uuid="uuid-1", hostname="PRN-LEGAL-2", location="Floor 2 / Accounts", firmware="1.04",
    first_seen=1.7e9,
)  # fmt: skip
STRANGER = Device(key="sn:X1", address=Address(""))
TONER = Supply(
    index="1.1", type="toner", kind="consumed", colour="black", description="Black Toner", level=6, max=100,
    part_number="841925", serial="C1",
)  # fmt: skip
VAGUE = Supply(
    index="1.2", type="toner", kind="consumed", colour="cyan", level=Vague.SOME_LEFT, max=Vague.UNKNOWN
)
WASTE = Supply(
    index="1.3", type=None, kind="receptacle", description="Waste at PRN-LEGAL-2", level=30, max=100
)
FUSER = Alert(
    index=17, code=1003, name="markerFuserUnderTemperature", group="marker", group_index=1, location=0,
    severity="critical", training="fieldService", text="Call service: SC542", ticks=884213300,
)  # fmt: skip
ASLEEP = Alert(index=2, name="sleep", text="Sleep", kind=AlertKind.STATE)
BARE = Alert(index=3, kind=AlertKind.EVENT)
OUTLOOK = SupplyForecast(
    at=NOW, p10=2.04, p50=3.06, p90=5.0, basis="measured", raw=3.0, sigma=0.3, left=0.06, pages_left=300.0,
    pages_a_day=100.0, use=0.0002,
)  # fmt: skip
KNOWN = Facts(
    device=PRINTER, now=NOW, last_answer=NOW - 1, supplies=(TONER, VAGUE, WASTE), pages=2000,
    status=Status(
        device=DeviceStatus.DOWN, printer=PrinterStatus.OTHER, errors=("jammed",), console=("Call service", "SC542")
    ),
    open_alerts=(Episode(alert=FUSER, began=NOW - 900), Episode(alert=ASLEEP, began=NOW - 60),
                 Episode(alert=BARE, began=NOW - 30)),
    recent_alerts=(Episode(alert=FUSER, began=NOW - 2 * DAY, ended=NOW - DAY), Episode(alert=FUSER, began=NOW - 900),
                   Episode(alert=BARE, began=NOW - 30)),
    foresight=Forecasts(supplies={"1.1": OUTLOOK}), renewed={"1.1": NOW - 3 * DAY, "1.2": NOW - 40 * DAY},
    happened=(DeviceEvent(at=NOW - 3600, what="reboot"),), pages_before=((NOW - 10 * DAY, 1000), (NOW, 2000)),
)  # fmt: skip
OPENED = TicketEvent(
    ticket_id="T1", ticket_seq=1, event="open", dedupe_key="mac:001122334455|fuser.failure|fuser:1|e1", at=NOW,
    opened_at=NOW, device=PRINTER, fault="fuser.failure", component="fuser:1", impact=Impact.DEVICE_DOWN,
    severity="critical", rule="fuser-down", title="Fuser failure: Ricoh IM C3000 (192.168.10.31)", since=NOW - 900,
    related=("T0",), earlier=2,
    evidence={"alert": {"index": 17, "code": 1003, "name": "markerFuserUnderTemperature", "group": "marker",
                        "group_index": 1, "location": 0, "severity": "critical", "training": "fieldService",
                        "text": "Call service: SC542", "ticks": 884213300},
              "seen": ("192.168.10.31 answered", 3, None)},
)  # fmt: skip
OF_THE_SITE = TicketEvent(
    ticket_id="T2", ticket_seq=4, event="update", dedupe_key="site:S-04|site.silent||e1", at=NOW, opened_at=NOW - DAY,
    device=STRANGER, fault="site.silent", component="", impact=Impact.SUPPLY, severity="high", rule="unjudged",
    title="3 printers are silent", since=NOW - DAY, evidence={"count": 3},
)  # fmt: skip
COUNTER = MeterCounter(
    device=PRINTER.key, source=OID, name="total", part=None, unit="impressions", at=NOW - 5, raw=90, adjusted=1183,
    epoch=2, trust=Trust.MEASURED,
)  # fmt: skip
COPIES = MeterCounter(
    device=PRINTER.key, source="1.3.6.1.4.1.367.3.2.1.2.19.5.1.9.21", name="copy", part="copier", unit="impressions",
    at=NOW - 5, raw=7, adjusted=7, epoch=1, trust=Trust.UNVERIFIED,
)  # fmt: skip
BEFORE = ChainEnd(number=2, head=bytes(range(32)))
READ = MeterStatement(
    at=NOW, day="2026-11-20", zone="Europe/Berlin", counters=(COUNTER, COPIES), before=BEFORE,
    sums=named_sums.build_sums((COUNTER, COPIES), ()),
    borders=(CounterEpoch(source=OID, name="total", part=None, number=2, opened=NOW - DAY, why=EpochReason.FELL, before=1100, first=7,
                   gap=0),),
)  # fmt: skip
WITHOUT_A_TOTAL = MeterStatement(
    at=NOW,
    day="2026-11-20",
    zone="+01:00",
    counters=(COPIES,),
    borders=(),
    before=ChainEnd(),
    sums=named_sums.build_sums((COPIES,), ()),
)
WHOLE = Snapshot(
    address=PRINTER.address, at=NOW, identity=Identity(description="Ricoh at PRN-LEGAL-2", object_id="1.3.6.1.4.1.367"),
    supplies=(TONER, VAGUE, WASTE), outputs=(), markers=(Marker(index="1.1", technology="electrophotographicLaser"),),
    inputs=(Tray(index="1.2", name="Tray 2", type="sheetFeedAutoRemovableTray", max=500),
            Tray(index="1.1", name="Tray 1", level=20, max=Vague.UNKNOWN)),
)  # fmt: skip
HEALTH = Health(
    version=__version__, pid=7, printers=12, silent=1, left_alone=[PRINTER.key], counts={"polls": 9},
    config_complaint='/etc/printwarden/config.toml:6: network[1].cidr: "192.168.1.7/24" has host bits set',
)  # fmt: skip


def precisions(_: Any, rule: str | None) -> list[RulePrecision]:
    """One rule was right in three tickets of four."""
    known = RulePrecision(rule="fuser-down", outcomes={"confirmed": 3, "user_fixable": 1, "duplicate": 2})
    return [known] if rule in (None, known.rule) else []


def meters_and_more(tx: Any, sender: Sender) -> None:
    sender.queue_meter_read(tx, PRINTER, READ)
    sender.queue_meter_read(tx, STRANGER, WITHOUT_A_TOTAL)
    device_events.queue_changes(tx, sender, PRINTER, WHOLE, KNOWN)
    part = Snapshot(address=PRINTER.address, at=NOW + 60, supplies=(TONER,))
    device_events.queue_changes(tx, sender, PRINTER, part, KNOWN)


def tickets(tx: Any, sender: Sender) -> None:
    sender.queue_ticket(tx, OPENED, KNOWN)
    sender.queue_ticket(tx, OPENED, Facts(device=PRINTER, now=NOW))
    sender.queue_ticket(tx, OF_THE_SITE)


def heartbeats(tx: Any, sender: Sender) -> None:
    sender.queue_heartbeat(tx, NOW, HEALTH)
    sender.queue_heartbeat(tx, NOW + 60, HEALTH, clock_ahead=-1.25)


HIDDEN = PrivacyRules(remove=frozenset({"ip", "mac"}), mask=frozenset({"hostname"}))
AGENTS = {
    "": Sender(site_id="S-04", agent_id="a-1", load_precisions=precisions),
    "-not-enrolled": Sender(site_id="S-04"),
    "-with-egress": Sender(site_id="S-04", agent_id="a-1", load_precisions=precisions, privacy=HIDDEN),
}
CASES = {
    f"{act.__name__.replace('_', '-')}{name}": (act, sender)
    for act in (tickets, meters_and_more, heartbeats)
    for name, sender in AGENTS.items()
}


@pytest.mark.parametrize("case", CASES)
def test_the_json_is_what_it_always_was(tmp_path: Path, case: str) -> None:
    act, sender = CASES[case]
    expected = (FOLDER / f"{case}.json").read_text("utf-8").replace("{version}", __version__)
    assert written(sent(tmp_path, act, sender)) == written(json.loads(expected))


@pytest.mark.parametrize("case", CASES)
def test_it_follows_the_published_contract_to_the_letter(tmp_path: Path, case: str) -> None:
    for event in sent(tmp_path, *CASES[case]):
        events.check_event(event["type"], event["data"])


def test_every_border_has_a_word_of_the_contract() -> None:
    assert {why.name.lower() for why in EpochReason if why is not EpochReason.FIRST} == set(
        get_args(wire.Why)
    )


def written(messages: list[dict[str, Any]]) -> list[str]:
    """As lines of JSON, in which 1 and 1.0 differ."""
    return json.dumps(messages, indent=1, sort_keys=True).splitlines()


def sent(folder: Path, act: Callable[[Any, Sender], None], sender: Sender) -> list[dict[str, Any]]:
    """Every message that `act` puts into the outbox, also those that a later one supersedes; the journal has them."""
    with closing(Store(folder / "s.db", TABLES)) as store, store.transaction() as tx:
        act(tx, sender)
        waiting = {entry.seq: entry for entry in queries.list_pending(tx)}
        messages = journal.load_newest(tx, 100)
        for message in messages:
            if message.number in waiting:
                assert waiting[message.number].data == message.data, "the journal shows what leaves"
        return [
            {"type": message.type, "subject": message.subject, "at": message.at, "data": dict(message.data)}
            for message in messages
        ]
