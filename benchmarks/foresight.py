"""How good the forecasts are, on synthetic fleets whose truth is known to the scorer alone.

    python benchmarks/foresight.py DATASET OUT [--report] [--without PART]
    python benchmarks/foresight.py [--write FILE]   all fleets under PRINTWARDEN_FORESIGHT, with ablations

Drives the code that the service runs (agent.forecast, and agent.rules with the shipped predictive rules)
over a dataset, poll by poll, and writes OUT/forecasts.jsonl and OUT/alerts.jsonl. The truth is not read.
`--report` then asks the dataset's own scorer (score.py beside it; it needs numpy, which this does not).
`--write docs/benchmarks.md` puts all tables of one run between the marks in that file: 15 to 20 minutes.

Costs are CPU time. The figures rank methods. They are no field accuracy: the fleets are synthetic.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from foresight_fleets import tables  # noqa: E402 - found by the line above
from foresight_fleets.dataset import Dataset, Poll, Row, device  # noqa: E402

from agent.core.model import Change, ChangeKind, Device, Facts, Forecasts, Impact  # noqa: E402
from agent.forecast import fleet_priors, inputs, part_wear, site_rhythm, supply_forecast, usage  # noqa: E402
from agent.forecast.fleet import FleetForecaster, PrinterForecaster  # noqa: E402
from agent.rules import engine, loader  # noqa: E402
from agent.rules.functions import supply_days_at_pace  # noqa: E402
from agent.rules.rule import RuleSet  # noqa: E402
from agent.rules.state_store import RuleState, StateKey  # noqa: E402

FLEETS = Path(os.environ.get("PRINTWARDEN_FORESIGHT", Path(__file__).parents[2] / "shared" / "foresight"))
RULES = "predictive.toml"
PYTHON = os.environ.get("PYTHON_WITH_NUMPY", sys.executable)
HELD_OUT = {"open-gentle"}  # no parameter rests on it
EVERY = 6 * 3600.0  # seconds between two forecasts of a supply
PARTS: dict[str, tuple[Any, str, Any]] = {  # a part of the method -> what switches it off
    "tide of the site": (site_rhythm, "CALM", 99.0),
    "pull of long lives": (supply_forecast, "PULL", 0.0),
    "look back": (fleet_priors, "STEP", 0.0),
    "closed days": (usage, "CLOSED_BELOW", -1.0),
    "a day's wait": (supply_days_at_pace, "SETTLING_TIME", 0.0),
}
WEAR: dict[str, tuple[Any, str, Any]] = {
    "learned healthy rates": (part_wear, "GUESSED", 1e12),
    "age of parts": (part_wear, "BY_AGE", 0.0),
    "time for repair": (part_wear, "REPAIR", 0.0),
}


@dataclass(slots=True)
class Run:
    """One pass over a dataset, with what it cost."""

    dataset: Dataset
    per: frozenset[str] = frozenset(("supply", "part"))  # what is judged; forecasts only with "supply"
    fleet: FleetForecaster = field(default_factory=FleetForecaster)
    forecasts: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    polls: int = 0
    forecasts_made: int = 0
    polling: float = 0.0  # seconds
    forecasting: float = 0.0
    judging: float = 0.0
    _said: dict[str, float] = field(default_factory=dict)
    _standing: dict[str, dict[StateKey, RuleState]] = field(default_factory=dict)
    _facts: dict[str, Facts] = field(default_factory=dict)
    _lines: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self) -> None:
        self._lines = self.dataset.devices()
        every = loader.load_rules([loader.DEFAULTS])
        rules = replace(
            every,
            rules={
                key: it for key, it in every.rules.items() if it.file.endswith(RULES) and it.per in self.per
            },
        )
        for it in self.dataset.stream():
            changes = self._poll(rules, it) if isinstance(it, Poll) else self._row(rules, it)
            self.alerts += [found for change in changes if (found := told(change, it.dev, it.at))]

    def _poll(self, rules: RuleSet, poll: Poll) -> list[Change]:
        began = time.process_time()
        printer = self.fleet.get_printer(poll.key, self._lines[poll.dev]["site"])
        if not printer.slots:
            self._equip(poll, printer)
        self.fleet.add_reading(
            poll.key, poll.at, poll.count, inputs.build_samples(poll.supplies, poll.alerts, printer.slots)
        )
        looked = time.process_time()
        if "supply" in self.per:
            foresight = self.fleet.build_forecasts(poll.key, poll.at)
        else:
            foresight = Forecasts(parts=printer.build_part_forecasts(self.fleet.pool, poll.at))
        foreseen = time.process_time()
        if "supply" in self.per:
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
            renewed=printer.replacement_times,
            foresight=foresight,
            fresh=frozenset(("supplies", "meters")),
        )
        self.polls += 1
        self.polling += looked - began
        self.forecasts_made += len(foresight.supplies)
        self.forecasting += foreseen - looked
        return self._judge(rules, facts, poll.dev)

    def _row(self, rules: RuleSet, row: Row) -> list[Change]:
        facts = self._facts.get(row.dev)
        if facts is None:
            return []
        key = facts.device.key
        printer = self.fleet.printers[key]
        if printer.add_alert(self.fleet.pool, row.alert, row.at) is None:
            return []
        parts = replace(facts.foresight, parts=printer.build_part_forecasts(self.fleet.pool, row.at))
        facts = replace(facts, now=row.at, alerts_at=row.at, foresight=parts, fresh=frozenset(("alerts",)))
        return self._judge(rules, facts, row.dev)

    def _judge(self, rules: RuleSet, facts: Facts, dev: str) -> list[Change]:
        began = time.process_time()
        before = self._standing.get(facts.device.key, {})
        after, changes = engine.decide_changes(rules, before, facts)
        self._standing[facts.device.key] = after
        self._facts[dev] = facts
        self.judging += time.process_time() - began
        return changes

    def _equip(self, poll: Poll, printer: PrinterForecaster) -> None:
        """The slots of a printer, with the yields that its supplies are sold with."""
        rated = {f"1.{row['i']}": row.get("rated") for row in self._lines[poll.dev]["supplies"]}
        for supply in poll.supplies:
            if slot := inputs.build_supply_model(supply):
                slot.rated = rated.get(supply.index) or slot.rated
                printer.slots[supply.index] = slot

    def _device(self, poll: Poll) -> Device:
        facts = self._facts.get(poll.dev)
        if facts is not None and facts.device.key == poll.key:
            return facts.device
        return device(self._lines[poll.dev], poll.key)

    def _note(self, poll: Poll, foresight: Forecasts) -> None:
        """Write down the forecasts, every few hours."""
        if poll.at - self._said.get(poll.key, 0.0) < EVERY:
            return
        self._said[poll.key] = poll.at
        for index in self.fleet.printers[poll.key].slots:
            if index not in foresight.supplies and self.fleet.printers[poll.key].slots[index].part:
                continue
            found = foresight.supplies.get(index)
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


def scored(dataset: Path, out: Path) -> tables.Figures:
    """The figures of what was written to `out`."""
    forecasts = (out / "forecasts.jsonl").stat().st_size > 0
    near, far = score(dataset, out, 30, forecasts=forecasts), score(dataset, out, 90, forecasts=False)
    return tables.figures(near, far)


def score(dataset: Path, out: Path, horizon: int, *, forecasts: bool) -> dict[str, Any]:
    """What the dataset's own scorer says; it needs numpy."""
    command = [
        os.environ.get("PYTHON_WITH_NUMPY", sys.executable),
        str(dataset.parent / "score.py"),
        str(dataset),
    ]
    command += ["--alerts", str(out / "alerts.jsonl")]
    if forecasts:
        command += ["--forecasts", str(out / "forecasts.jsonl"), "--by-gauge"]
    done = subprocess.run([*command, "--horizon", str(horizon)], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise SystemExit(
            f"the scorer does not run here: {last} (PYTHON_WITH_NUMPY names a Python that has numpy)"
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def without(part: str | None) -> Iterator[None]:
    """The method with one of its parts off."""
    if part is None:
        yield
        return
    module, name, value = (PARTS | WEAR)[part]
    usual = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, usual)


def one(dataset: Dataset, out: Path, part: str | None = None) -> Run:
    """One fleet; without a part of the method, only what that part is about."""
    about = ("supply", "part") if part is None else ("supply",) if part in PARTS else ("part",)
    with without(part):
        run = Run(dataset, frozenset(about))
        run.run()
    run.write(out)
    return run


def everything(fleets: Path, write: Path | None) -> None:
    """Every fleet, and each part of the method off, in one run."""
    found = sorted(path.parent for path in fleets.glob("*/polls.jsonl.gz"))
    if not found:
        print(f"no fleets under {fleets} (PRINTWARDEN_FORESIGHT says where they are)")
        return
    if subprocess.run([PYTHON, "-c", "import numpy"], capture_output=True, check=False).returncode:
        print(f"the scorer needs numpy, which {PYTHON} has not (PYTHON_WITH_NUMPY names one that has)")
        return
    if write:
        tables.written(write.read_text(encoding="utf-8"), "")  # before the long run
    for text in sections(found):
        if write:
            write.write_text(tables.written(write.read_text(encoding="utf-8"), text), encoding="utf-8")
    print(text)


def sections(paths: Sequence[Path]) -> Iterator[str]:
    """The text with all tables; again with each part of the method that was switched off.

    A fleet that is held out from tuning is looked at once: no part is switched off there.
    """
    datasets = [Dataset(path) for path in paths]
    reached: dict[str | None, dict[str, tables.Figures]] = {}
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        for part in (None, *PARTS, *WEAR):
            told = reached[part] = {}
            for dataset in datasets:
                if part is not None and dataset.path.name in HELD_OUT:
                    continue
                dataset.read()
                run = one(dataset, out, part)
                told[dataset.path.name] = scored(dataset.path, out)
                print(f"{dataset.path.name}: {part or 'nothing'} off", file=sys.stderr, flush=True)
                if part is None:
                    costs.append(f"- {dataset.path.name}: {run.costs}")
            yield section(reached, costs)


def section(reached: Mapping[str | None, Mapping[str, tables.Figures]], costs: Sequence[str]) -> str:
    """What was reached, as text: the method as shipped, then without its parts."""
    shipped = [([name], it) for name, it in reached[None].items()]
    shipped.append((["mean"], tables.means(list(reached[None].values()))))
    lines = list(tables.table(["fleet"], shipped, tables.SUPPLY, tables.PARTS))
    lines += ["", "Costs, CPU time:", "", *costs]
    for title, some, columns in (
        ("Supplies, with one part of the method off", PARTS, tables.SUPPLY),
        ("Parts, with one part of the method off", WEAR, tables.PARTS),
    ):
        rows = [
            ([part or "nothing", name], it)
            for part in (None, *some)
            for name, it in reached.get(part, {}).items()
            if name not in HELD_OUT
        ]
        lines += ["", f"### {title}", "", *tables.table(["without", "fleet"], rows, columns)]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--report", action="store_true", help="print the table of the dataset's scorer")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="write all tables between the marks in FILE"
    )
    parser.add_argument("--without", choices=PARTS | WEAR, help="switch one part of the method off")
    asked = parser.parse_args()
    if asked.dataset is None or asked.out is None:
        everything(FLEETS, asked.write)
        return
    print(one(Dataset(asked.dataset), asked.out, asked.without).costs)
    if asked.report:
        rows = [([asked.dataset.name], scored(asked.dataset, asked.out))]
        print("\n".join(tables.table(["fleet"], rows, tables.SUPPLY, tables.PARTS)))


if __name__ == "__main__":
    main()
