"""The provider can check the chain by the event alone: the programs of docs/provider.md do, in two languages."""

import json
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from agent.core.calendars import Calendar
from agent.core.model import Address, Device, Meter, Snapshot
from agent.core.store import Store
from agent.history.meters import chain, daily_reads, ledger
from agent.reporting.events.meter_read import build_meter_read
from agent.reporting.events.rows import build_agent

DOCS = Path(__file__).parents[3] / "docs" / "provider.md"
DAY = 86400.0
OID = "1.3.6.1.2.1.43.10.2.1.4.1.1"
PRINTER = Device(key="sn:VHB8912345", address=Address("192.168.10.31"))
LANGUAGES = {"js": ["node", "--input-type=module", "-e"], "python": [sys.executable, "-c"]}


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """Six days of a printer that was reset, and whose fax counter has an odd name."""
    path, found = tmp_path_factory.mktemp("chain") / "s.db", []
    components = {"meters": ledger.SCHEMA, "reads": daily_reads.SCHEMA}
    with closing(Store(path, components)) as store, store.transaction() as tx:
        for day, value in enumerate((90_000, 90_012, 7, 20, 31, 45)):
            at = 1_790_000_000.25 + day * DAY
            meters = (
                Meter(name="total", value=value, source=OID),
                Meter(name="fax", part="ø 2", value=day, source="own"),
            )
            ledger.record_counters(tx, PRINTER.key, Snapshot(address=PRINTER.address, at=at, meters=meters))
            statement = daily_reads.build_statement(tx, PRINTER.key, at, Calendar())
            daily_reads.keep_statement(tx, PRINTER.key, statement, sent=True)
            found.append(build_meter_read(build_agent("a-1", "S-04"), PRINTER, statement).to_json())
    return found


def run(language, events):
    """The program of the docs, with the events at its standard input."""
    command = LANGUAGES[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    (program,) = re.findall(rf"```{language}\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    return subprocess.run(
        [*command, program], input=json.dumps(events), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_program_of_the_docs_verifies_every_read(language, events):
    done = run(language, events)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == f"6 reads, head {events[-1]['meters']['chain']['head']}"


def changed(events, number, change):
    copy = json.loads(json.dumps(events))
    change(copy[number]["meters"])
    return copy


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_finds_a_changed_a_missing_and_an_exchanged_read(language, events):
    cheaper = changed(events, 3, lambda meters: meters["sums"][0].update(value=1))
    assert run(language, cheaper).returncode == 1
    assert run(language, [*events[:2], *events[3:]]).returncode == 1
    forged = changed(events, 4, lambda meters: meters["chain"].update(previous="00" * 32))
    assert run(language, forged).returncode == 1


def test_the_worked_example_comes_to_its_head():
    text = DOCS.read_text("utf-8")
    (example,) = re.findall(
        r"```text\n(2␟.*?)```\n\n\(in one line\) has the head `(\w{64})`", text, re.DOTALL
    )
    link = example[0].replace("\n", "").replace("␟", chain.SEPARATOR)
    assert chain.hash_link(chain.START_HASH, link).hex() == example[1]
