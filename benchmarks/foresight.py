"""How good the forecasts are, on synthetic fleets whose truth is known to the scorer alone.

    python benchmarks/foresight.py DATASET OUT [--report] [--without PART]
    python benchmarks/foresight.py                 all fleets under PRINTWARDEN_FORESIGHT, with ablations

Drives the code that the service runs (agent.forecast, and agent.rules with the shipped predictive rules)
over a dataset, poll by poll, and writes OUT/forecasts.jsonl and OUT/alerts.jsonl. The truth is not read.
`--report` then asks the dataset's own scorer (score.py beside it; it needs numpy, which this does not).

Costs are CPU time. The figures rank methods. They are no field accuracy: the fleets are synthetic.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from foresight_fleets.dataset import Dataset, Poll, Row, device  # noqa: E402 - found by the line above

from agent.forecast import habit, outlook, pool, reading, site, wear  # noqa: E402
from agent.forecast.fleet import Fleet, Printer  # noqa: E402
from agent.model import Change, ChangeKind, Device, Facts, Foresight, Impact  # noqa: E402
from agent.rules import engine, schema  # noqa: E402
from agent.rules.rule import RuleSet  # noqa: E402
from agent.rules.states import Key, Standing  # noqa: E402

FLEETS = Path(os.environ.get("PRINTWARDEN_FORESIGHT", Path(__file__).parents[2] / "shared" / "foresight"))
RULES = "predictive.toml"
PYTHON = os.environ.get("PYTHON_WITH_NUMPY", sys.executable)
EVERY = 6 * 3600.0  # seconds between two forecasts of a supply
PARTS: dict[str, tuple[Any, str, Any]] = {  # a part of the method -> what switches it off
    "tide of the site": (site, "CALM", 99.0),
    "pull of long lives": (outlook, "PULL", 0.0),
    "look back": (pool, "STEP", 0.0),
    "closed days": (habit, "CLOSED_BELOW", -1.0),
    "learned healthy rates": (wear, "GUESSED", 1e12),
    "weighing by volume": (wear, "BY_VOLUME", 0.0),
    "age of parts": (wear, "BY_AGE", 0.0),
}


@dataclass(slots=True)
class Run:
    """One pass over a dataset, with what it cost."""

    dataset: Dataset
    fleet: Fleet = field(default_factory=Fleet)
    forecasts: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    polls: int = 0
    forecasts_made: int = 0
    polling: float = 0.0  # seconds
    forecasting: float = 0.0
    judging: float = 0.0
    _said: dict[tuple[str, str], float] = field(default_factory=dict)
    _standing: dict[str, dict[Key, Standing]] = field(default_factory=dict)
    _facts: dict[str, Facts] = field(default_factory=dict)
    _lines: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self) -> None:
        self._lines = self.dataset.devices()
        every = schema.load([schema.DEFAULTS])
        rules = replace(every, rules={key: it for key, it in every.rules.items() if it.file.endswith(RULES)})
        for it in self.dataset.stream():
            changes = self._poll(rules, it) if isinstance(it, Poll) else self._row(rules, it)
            self.alerts += [found for change in changes if (found := told(change, it.dev, it.at))]

    def _poll(self, rules: RuleSet, poll: Poll) -> list[Change]:
        began = time.process_time()
        printer = self.fleet.printer(poll.key, self._lines[poll.dev]["site"])
        looks = reading.looks(poll.supplies, poll.alerts)
        if not printer.slots:
            self._equip(poll, printer)
        self.fleet.look(
            poll.key, poll.at, poll.count, {index: looks[index] for index in printer.slots if index in looks}
        )
        looked = time.process_time()
        foresight = self.fleet.foresight(poll.key, poll.at)
        foreseen = time.process_time()
        self._note(poll, foresight)
        facts = Facts(
            device=self._device(poll),
            now=poll.at,
            last_answer=poll.at,
            answers_in_a_row=2,
            open_alerts=(),
            alerts_at=poll.at,
            supplies=poll.supplies,
            supplies_at=poll.at,
            renewed=printer.renewed,
            foresight=foresight,
            fresh=frozenset(("supplies", "meters")),
        )
        self.polls += 1
        self.polling += looked - began
        self.forecasts_made += len(foresight.outlooks)
        self.forecasting += foreseen - looked
        return self._judge(rules, facts, poll.dev)

    def _row(self, rules: RuleSet, row: Row) -> list[Change]:
        facts = self._facts.get(row.dev)
        if facts is None:
            return []
        key = facts.device.key
        printer = self.fleet.printers[key]
        if printer.meet(self.fleet.pool, row.alert, row.at) is None:
            return []
        parts = replace(facts.foresight, parts=printer.wear(self.fleet.pool, row.at))
        facts = replace(facts, now=row.at, alerts_at=row.at, foresight=parts, fresh=frozenset(("alerts",)))
        return self._judge(rules, facts, row.dev)

    def _judge(self, rules: RuleSet, facts: Facts, dev: str) -> list[Change]:
        began = time.process_time()
        before = self._standing.get(facts.device.key, {})
        after, changes = engine.decide(rules, before, facts)
        self._standing[facts.device.key] = after
        self._facts[dev] = facts
        self.judging += time.process_time() - began
        return changes

    def _equip(self, poll: Poll, printer: Printer) -> None:
        """The slots of a printer, with the yields that its supplies are sold with."""
        rated = {f"1.{row['i']}": row.get("rated") for row in self._lines[poll.dev]["supplies"]}
        for supply in poll.supplies:
            if slot := reading.slot(supply):
                slot.rated = rated.get(supply.index) or slot.rated
                printer.slots[supply.index] = slot

    def _device(self, poll: Poll) -> Device:
        facts = self._facts.get(poll.dev)
        if facts is not None and facts.device.key == poll.key:
            return facts.device
        return device(self._lines[poll.dev], poll.key)

    def _note(self, poll: Poll, foresight: Foresight) -> None:
        """Write down the forecasts, every few hours."""
        if poll.at - self._said.get(poll.key, 0.0) < EVERY:
            return
        self._said[poll.key] = poll.at
        for index in self.fleet.printers[poll.key].slots:
            if index not in foresight.outlooks and self.fleet.printers[poll.key].slots[index].part:
                continue
            found = foresight.outlooks.get(index)
            days = (
                [found and round(value, 3) for value in (found.p10, found.p50, found.p90)]
                if found
                else [None] * 3
            )
            line = {"d": poll.dev, "i": int(index.rpartition(".")[2]), "t": poll.at}
            self.forecasts.append(line | dict(zip(("p10", "p50", "p90"), days, strict=True)))

    @property
    def costs(self) -> str:
        return (
            f"{1e6 * self.polling / self.polls:.1f} us a poll, "
            f"{1e6 * self.forecasting / max(1, self.forecasts_made):.1f} us a forecast with quantiles, "
            f"{1e6 * self.judging / self.polls:.0f} us a poll for the rules"
        )

    def write(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        for name, lines in (("forecasts", self.forecasts), ("alerts", self.alerts)):
            with (out / f"{name}.jsonl").open("w") as file:
                file.writelines(json.dumps(line) + "\n" for line in lines)


def told(change: Change, dev: str, at: float) -> dict[str, Any] | None:
    """A change as a line of alerts.jsonl."""
    if change.kind is not ChangeKind.OPENED:
        return None
    if change.impact is Impact.SUPPLY:
        return {
            "d": dev,
            "t": at,
            "kind": "supply",
            "i": int(change.subject.partition(" ")[0].rpartition(".")[2]),
        }
    return {
        "d": dev,
        "t": at,
        "kind": "failure",
        "comp": change.subject.partition(" ")[0],
        "rule": change.rule,
    }


def score(dataset: Path, out: Path, horizon: int) -> dict[str, Any]:
    """What the dataset's own scorer says; it needs numpy."""
    command = [
        os.environ.get("PYTHON_WITH_NUMPY", sys.executable),
        str(dataset.parent / "score.py"),
        str(dataset),
    ]
    command += [
        "--forecasts",
        str(out / "forecasts.jsonl"),
        "--alerts",
        str(out / "alerts.jsonl"),
        "--by-gauge",
    ]
    done = subprocess.run([*command, "--horizon", str(horizon)], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise SystemExit(
            f"the scorer does not run here: {last} (PYTHON_WITH_NUMPY names a Python that has numpy)"
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


COLUMNS = (
    "MAE 14/7/3 d",
    "answered",
    "cover",
    "by gauge",
    "three-state",
    "missed",
    "false",
    "failed in 30 d",
    "worn",
    "recall",
    "tickets",
    "lead",
)


def row(dataset: Path, out: Path) -> list[str]:
    """One line of the table."""
    near, far = score(dataset, out, 30), score(dataset, out, 90)
    supply = near["supply"]
    leads = [supply[lead] for lead in ("14", "7", "3")]
    gauges = [near[name] for name in near if name.startswith("supply_")]
    covers = [mean([it[lead]["cover"] for lead in it if it[lead]["cover"] is not None]) for it in gauges]
    tri = near.get("supply_tri", {}).get("14", {}).get("mae")
    fails, later = near.get("failures", {}), far.get("failures", {})
    return [
        " / ".join(f"{it['mae']:.2f}" for it in leads),
        f"{mean([it['answered'] for it in leads]):.3f}",
        f"{mean([it['cover'] for it in leads]):.2f}",
        f"{min(covers):.2f}-{max(covers):.2f}",
        f"{tri:.1f}" if tri is not None else "-",
        f"{100 * supply['alert5']['missed']:.1f} %",
        f"{100 * supply['alert5']['false']:.1f} %",
        f"{fails.get('precision', 0):.2f}",
        f"{fails.get('precision_worn', 0):.2f}",
        f"{later.get('recall_pre', 0):.2f}",
        f"{fails.get('tickets_dev_month', 0):.3f}",
        f"{later.get('lead_med') or 0:.1f} d",
    ]


def mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))


def table(rows: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    yield "| | " + " | ".join(COLUMNS) + " |"
    yield "|---" * (len(COLUMNS) + 1) + "|"
    for name, cells in rows:
        yield f"| {name} | " + " | ".join(cells) + " |"


@contextmanager
def without(part: str | None) -> Iterator[None]:
    """The method with one of its parts off."""
    if part is None:
        yield
        return
    module, name, value = PARTS[part]
    usual = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, usual)


def one(dataset: Path, out: Path, part: str | None = None) -> Run:
    with without(part):
        run = Run(Dataset(dataset))
        run.run()
    run.write(out)
    return run


def everything(fleets: Path) -> None:
    """Every fleet, and each part of the method off: the tables of docs/benchmarks.md."""
    found = sorted(path.parent for path in fleets.glob("*/polls.jsonl.gz"))
    if not found:
        print(f"no fleets under {fleets} (PRINTWARDEN_FORESIGHT says where they are)")
        return
    if subprocess.run([PYTHON, "-c", "import numpy"], capture_output=True, check=False).returncode:
        print(f"the scorer needs numpy, which {PYTHON} has not (PYTHON_WITH_NUMPY names one that has)")
        return
    with tempfile.TemporaryDirectory() as folder:
        for part in (None, *PARTS):
            rows = []
            for dataset in found:
                run = one(dataset, Path(folder), part)
                rows.append((dataset.name, row(dataset, Path(folder))))
                if part is None:
                    print(f"{dataset.name}: {run.costs}")
            print(f"\n{'the method as shipped' if part is None else 'without: ' + part}\n")
            print("\n".join(table(rows)), flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--report", action="store_true", help="print the table of the dataset's scorer")
    parser.add_argument("--without", choices=PARTS, help="switch one part of the method off")
    asked = parser.parse_args()
    if asked.dataset is None or asked.out is None:
        everything(FLEETS)
        return
    print(one(asked.dataset, asked.out, asked.without).costs)
    if asked.report:
        print("\n".join(table([(asked.dataset.name, row(asked.dataset, asked.out))])))


if __name__ == "__main__":
    main()
