"""What history takes on disk, how fast a year of it is read, and how fast the agent starts with it.

    python benchmarks/history.py [--printers 1000] [--days 400] [--keep FILE]

Goals: 1,000 printers x 400 days in 200 MB; a printer's year in 50 ms; a start in 2 s.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from imagined import COMPONENTS, DAY, END, imagine

from agent.core.store import Store, open_reader
from agent.discovery import inventory
from agent.history.device_history import DeviceHistory
from agent.rules import loader

START = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
begin = time.perf_counter()
from pathlib import Path
from imagined import COMPONENTS
from agent import app, inventory
from agent.rules import judge, schema
from agent.core.store import Store
store = Store(Path(sys.argv[1]), COMPONENTS)
with store.transaction() as tx:
    known = inventory.devices(tx)
judge.RuleEvaluator(schema.load_rules(schema.shipped_files()))
print(time.perf_counter() - begin)
store.close()
"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--printers", type=int, default=1000)
    asked.add_argument("--days", type=int, default=400)
    asked.add_argument("--keep", type=Path)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.keep or Path(folder) / "state.db"
        if not path.exists():
            begin = time.perf_counter()
            imagine(path, given.printers, given.days)
            took = time.perf_counter() - begin
            print(f"made up {given.printers} printers x {given.days} days in {took:.0f} s")
        size(path, given.printers, given.days)
        year(path)
        start(path)


def size(path: Path, printers: int, days: int) -> None:
    store = Store(path, COMPONENTS)
    with store.transaction() as tx:
        rows = {
            name: tx.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608 - our own names
            for name in ("series_value", "alert_episode", "unreachable_period", "alert_text")
        }
    store.close()
    mega = path.stat().st_size / 1e6
    each = mega * 1e6 / printers / days
    print(f"size            {mega:7.1f} MB   {each:.0f} bytes a printer and day; goal 200 MB")
    print("                " + "  ".join(f"{name} {count:,}" for name, count in rows.items()))


def year(path: Path) -> None:
    db = open_reader(path)
    times = []
    for device in list(inventory.load_devices(db).values())[:50]:
        begin = time.perf_counter()
        DeviceHistory.load(db, device, END - 365 * DAY, END)
        times.append(1000 * (time.perf_counter() - begin))
    print(
        f"a year read     {statistics.median(times):7.1f} ms   slowest of 50: {max(times):.1f} ms; goal 50 ms"
    )


def start(path: Path) -> None:
    times = []
    for _ in range(5):
        command = [sys.executable, "-c", START, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        times.append(float(done.stdout))
    rules = len(loader.load_rules(loader.shipped_files()).rules)
    print(
        f"start           {statistics.median(times):7.2f} s    with {rules} rules, imports included; goal 2 s"
    )


if __name__ == "__main__":
    main()
