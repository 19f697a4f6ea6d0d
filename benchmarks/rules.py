"""How many rule evaluations a core does, and how long a backtest takes.

    python benchmarks/rules.py [--printers 500] [--days 548] [--rule supply-low …] [--state FILE]

Goals: 100,000 evaluations a second on one core; a first backtest of one rule over 500 printers x 18 months
in ten minutes, another threshold in 60 s on two cores, in 180 s where forecasts are replayed. An evaluation
is one rule judged for one subject with everything asked anew: the live engine skips what has not
changed; CPU time of one process. A backtest runs the rule and those that say what was right, in as many
processes as there are cores: elapsed time, and CPU of all.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from imagined import DAY, END, imagine

from agent.core.model import (
    Address,
    Alert,
    Device,
    DeviceStatus,
    Episode,
    Facts,
    PrinterStatus,
    Status,
    Supply,
)
from agent.core.store import open_reader
from agent.pipeline.replay import backtest_runner
from agent.pipeline.replay.device_runner import TimeRange
from agent.pipeline.replay.reference_rules import choose_reference_rules
from agent.rules import conditions, engine, loader
from agent.rules.backtest import threshold_sweep
from agent.rules.rule import RuleSet

DEVICE = Device(key="sn:A1", address=Address("192.0.2.1"), vendor="Kyocera", model="ECOSYS", serial="A1")
ROUNDS, EACH = 7, 300


def usual() -> Facts:
    """A healthy colour printer with three open alerts."""
    rows = (("input", 807), ("markerSupplies", 1104), ("cover", 3))
    alerts = tuple(
        Episode(alert=Alert(index=n, code=code, group=group, group_index=n, severity="warning"), began=0.0)
        for n, (group, code) in enumerate(rows, 1)
    )
    supplies = tuple(
        Supply(index=f"1.{n}", type="toner", kind="consumed", colour=colour, level=60, max=100)
        for n, colour in enumerate(("black", "cyan", "magenta", "yellow"), 1)
    )
    status = Status(device=DeviceStatus.RUNNING, printer=PrinterStatus.IDLE, errors=())
    return Facts(
        device=DEVICE, now=9e5, last_answer=9e5, answers_in_a_row=5, status=status, status_at=9e5,
        open_alerts=alerts, recent_alerts=alerts, alerts_at=9e5, supplies=supplies, supplies_at=9e5,
    )  # fmt: skip


def evaluations() -> None:
    rules, facts = loader.load_rules(loader.shipped_files()), usual()
    grounds = conditions.EvaluationContext.from_facts(facts, 93600.0)
    each = sum(1 for rule in rules.rules_for_device(DEVICE) for _ in conditions.evaluate_rule(rule, grounds))
    speeds = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(EACH):
            engine.decide_changes(rules, {}, facts)
        speeds.append(EACH * each / (time.process_time() - begin))
    print(f"engine      {statistics.median(speeds):10,.0f} evaluations/s   goal 100,000")
    print(
        f"            {each} verdicts of {len(rules.rules)} rules for one printer; median of {ROUNDS} rounds"
    )


def backtest(printers: int, days: int, names: list[str], state: Path | None) -> None:
    rules = loader.load_rules(loader.shipped_files())
    with tempfile.TemporaryDirectory() as folder:
        path = state or Path(folder) / "state.db"
        if not path.exists():
            imagine(path, printers, days)
        how = backtest_runner.BacktestOptions(cache_path=Path(folder) / "backtests.db")
        span = TimeRange(since=END - days * DAY, until=END)
        goals = "first 600 s, then 60 s, 180 s with forecasts"
        print(f"backtests of {printers} printers x {days} days; goals: {goals}")
        for name in names:
            wanted = [name, *choose_reference_rules(rules, rules.rules[name])]
            chosen = threshold_sweep.select_rules(rules, wanted)
            _pass(path, f"{name}, first", chosen, wanted, span, how)
            _pass(path, f"{name}, other threshold", _stricter(chosen, name), wanted, span, how)
            _pass(path, f"{name}, again", chosen, wanted, span, how)


def _stricter(rules: RuleSet, name: str) -> RuleSet:
    """The rules with another `for` of the one that is tried."""
    rule = rules.rules[name]
    patience = replace(rule.timing, for_duration=rule.timing.for_duration + 1800.0)
    return replace(rules, rules={**rules.rules, name: replace(rule, timing=patience)}, _device_cache={})


def _pass(
    path: Path,
    what: str,
    rules: RuleSet,
    names: list[str],
    span: TimeRange,
    how: backtest_runner.BacktestOptions,
) -> None:
    with closing(open_reader(path)) as db:
        before, begin = os.times(), time.perf_counter()
        run = backtest_runner.run_backtest(db, rules, span, names=names, how=how)
        took, after = time.perf_counter() - begin, os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    tickets = sum(map(len, run.firings.values()))
    counts = f"{run.evaluations:10,} judgements {tickets:6,} findings of {len(names)} rules"
    print(f"  {what:32}{took:7.1f} s {cpu:7.1f} s of CPU {counts}", flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--printers", type=int, default=500)
    asked.add_argument("--days", type=int, default=548)
    asked.add_argument("--rule", nargs="*", default=["supply-low", "jams-recurring", "supply-runs-out"])
    asked.add_argument("--state", type=Path)
    given = asked.parse_args()
    evaluations()
    backtest(given.printers, given.days, given.rule, given.state)


if __name__ == "__main__":
    main()
