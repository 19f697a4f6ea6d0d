"""How many rule evaluations a core does, and how long a backtest takes.

    python benchmarks/rules.py [--printers 500] [--days 548] [--rule supply-low] [--state FILE]

Goals: 100,000 evaluations a second on one core; one rule over 500 printers x 18 months in 60 s.
An evaluation is one rule judged for one subject with everything asked anew: the live engine skips those of
which nothing has changed. CPU time of one process, so that other work on the machine does not count.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from imagined import DAY, END, imagine

from agent.model import Address, Alert, Device, DeviceStatus, Episode, Facts, PrinterStatus, Status, Supply
from agent.rules import engine, schema, sweep, verdict
from agent.service import hindsight
from agent.store import open_reader

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
    rules, facts = schema.load(schema.shipped()), usual()
    grounds = verdict.Grounds.of(facts, 93600.0)
    each = sum(1 for rule in rules.about(DEVICE) for _ in verdict.evaluate(rule, grounds))
    speeds = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(EACH):
            engine.decide(rules, {}, facts)
        speeds.append(EACH * each / (time.process_time() - begin))
    print(f"engine      {statistics.median(speeds):10,.0f} evaluations/s   goal 100,000")
    print(
        f"            {each} verdicts of {len(rules.rules)} rules for one printer; median of {ROUNDS} rounds"
    )


def backtest(printers: int, days: int, name: str, state: Path | None) -> None:
    rules = schema.load(schema.shipped())
    with tempfile.TemporaryDirectory() as folder:
        path = state or Path(folder) / "state.db"
        if not path.exists():
            imagine(path, printers, days)
        with closing(open_reader(path)) as db:
            wanted = [name, *hindsight.yardstick_rules(rules, rules.rules[name])]
            begin, cpu = time.perf_counter(), time.process_time()
            span = hindsight.Span(since=END - days * DAY, until=END)
            run = hindsight.run(db, sweep.only(rules, wanted), span)
            took, used = time.perf_counter() - begin, time.process_time() - cpu
    print(
        f"backtest    {took:10.1f} s   {name} over {run.devices} printers x {days} days; {used:.0f} s of CPU"
    )
    print(f"            {run.evaluations:,} judgements, {len(run.firings[name]):,} tickets; goal 60 s")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--printers", type=int, default=500)
    asked.add_argument("--days", type=int, default=548)
    asked.add_argument("--rule", default="supply-low")
    asked.add_argument("--state", type=Path)
    given = asked.parse_args()
    evaluations()
    backtest(given.printers, given.days, given.rule, given.state)


if __name__ == "__main__":
    main()
