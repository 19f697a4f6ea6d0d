"""What a poll costs: Printwarden's SNMP engine beside others, against a responder that starts here.

    python benchmarks/snmp.py [--rounds 7] [--printers 2000] [--in-flight 200] [--json FILE]

Each client runs in a process of its own; rounds are interleaved, and the median of the rounds counts,
because a single run differs by a quarter from the next. Clients that cannot be had here are shown as
"-" and are null in the JSON. The slow ones poll fewer printers, which flatters them.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent / "snmp_poll"
ROOT = Path(__file__).parent.parent
FEW_PRINTERS, FEW_IN_FLIGHT = 100, 50
FIGURES = ("cpu_ms_per_poll", "rss_mb", "failed_polls")


@dataclass(frozen=True, kw_only=True)
class Client:
    """How to run a client; `command` is empty where it cannot be had."""

    title: str
    command: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    few: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


def clients(scratch: Path) -> dict[str, Client]:
    """Everything that is measured, by its name in the JSON."""
    python, own = sys.executable, str(HERE / "own_client.py")
    extras = extra_packages(scratch)
    own_path = {"PYTHONPATH": os.pathsep.join([str(ROOT), *extras])}
    uvloop = importlib.util.find_spec("uvloop") or any(Path(extra, "uvloop").exists() for extra in extras)
    gufo = [extra for extra in extras if Path(extra, "gufo").exists()]
    net_snmp = compiled(HERE / "net_snmp_client.c", scratch / "net_snmp", "-lnetsnmp")
    exporter = shutil.which("prometheus-snmp-exporter")
    return {
        "printwarden": Client(title="Printwarden, asyncio", command=(python, own), environment=own_path),
        "printwarden_uvloop": Client(
            title="Printwarden, uvloop",
            command=(python, own) if uvloop else (),
            options=("uvloop",),
            environment=own_path,
        ),
        "pysnmp_hlapi": Client(
            title="pysnmp HLAPI, lookupMib=False",
            command=(python, str(HERE / "pysnmp_hlapi_client.py")),
            few=True,
        ),
        "pysnmp_low": Client(
            title="pysnmp.proto, own socket", command=(python, str(HERE / "pysnmp_low_client.py")), few=True
        ),
        "gufo_snmp": Client(
            title="gufo-snmp (Rust)",
            command=(python, str(HERE / "gufo_client.py")) if gufo else (),
            environment={"PYTHONPATH": os.pathsep.join(gufo)},
        ),
        "snmp_exporter": Client(
            title="Prometheus snmp_exporter (Go)",
            command=(python, str(HERE / "exporter_client.py")) if exporter else (),
        ),
        "net_snmp": Client(title="net-snmp (C)", command=(str(scratch / "net_snmp"),) if net_snmp else ()),
    }


def extra_packages(scratch: Path) -> list[str]:
    """A folder with gufo-snmp and uvloop, installed for this run only; nothing where pip cannot."""
    folder, pip = scratch / "packages", [sys.executable, "-m", "pip", "install", "--quiet"]
    for package in ("gufo-snmp", "uvloop"):
        done = subprocess.run(
            [*pip, "--disable-pip-version-check", "--no-deps", "--target", str(folder), package],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            print(f"without {package}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return [str(folder)] if folder.exists() else []


def compiled(source: Path, program: Path, *libraries: str) -> bool:
    """Whether `program` could be built from `source`."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return False
    build = [compiler, "-O2", "-o", str(program), str(source), *libraries]
    return subprocess.run(build, check=False, capture_output=True).returncode == 0


@contextlib.contextmanager
def responder(scratch: Path) -> Iterator[int]:
    """The printers, on a free port. Exits with a message where there is no C compiler."""
    program = scratch / "responder"
    if not compiled(HERE / "responder.c", program):
        sys.exit("the responder needs a C compiler (gcc or cc)")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen([str(program), str(port)], stdout=subprocess.PIPE) as running:
        running.stdout.readline()
        try:
            yield port
        finally:
            running.terminate()


def measure(client: Client, port: int, printers: int, in_flight: int) -> dict[str, float] | None:
    """One run of one client in a process of its own; None if it failed altogether."""
    if client.few:
        printers, in_flight = min(printers, FEW_PRINTERS), min(in_flight, FEW_IN_FLIGHT)
    done = subprocess.run(
        [*client.command, str(port), str(printers), str(in_flight), *client.options],
        check=False, capture_output=True, text=True, env={**os.environ, **client.environment}, timeout=600,
    )  # fmt: skip
    if done.returncode:
        print(f"{client.title} failed:\n{done.stderr[-500:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def run(arguments: argparse.Namespace) -> dict[str, dict[str, float | None]]:
    """All rounds; the medians by figure and client, null for what could not be had."""
    with tempfile.TemporaryDirectory() as folder, responder(Path(folder)) as port:
        chosen = clients(Path(folder))
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in chosen}
        for number in range(arguments.rounds):
            for name, client in chosen.items():
                if client.command and (
                    result := measure(client, port, arguments.printers, arguments.in_flight)
                ):
                    rounds[name].append(result)
            print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
    summary = {
        figure: {
            name: round(statistics.median(each[figure] for each in results), 3) if results else None
            for name, results in rounds.items()
        }
        for figure in FIGURES
    }
    print(table(chosen, summary))
    return summary


def table(chosen: Mapping[str, Client], summary: Mapping[str, Mapping[str, float | None]]) -> str:
    """The summary as a Markdown table, with each cost in units of Printwarden's on asyncio."""
    lines = ["| client | CPU ms a poll | x Printwarden | RSS MB | failed polls |", "|---|---|---|---|---|"]
    base = summary["cpu_ms_per_poll"]["printwarden"]
    for name, client in chosen.items():
        cpu, rss, failed = (summary[figure][name] for figure in FIGURES)
        if cpu is None or rss is None or failed is None or not base:
            lines.append(f"| {client.title} | - | - | - | - |")
        else:
            lines.append(f"| {client.title} | {cpu:.3f} | {cpu / base:.2f} | {rss:.0f} | {failed:.0f} |")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--printers", type=int, default=2000)
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.platform()}", file=sys.stderr
    )
    summary = run(arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(summary, indent=2) + "\n")


if __name__ == "__main__":
    main()
