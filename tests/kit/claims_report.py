"""Prints one line a claim: what it says, its figure, its broken variant's figure, the seconds it took.

pytest                                  what was shown is printed at the end
pytest --claim=herd                     only the proofs of one claim
pytest --claims-to=build/claims.json    writes the lines down as well, and fails unless each of them is
                                        shown at its full length and has a control that failed as it must
"""

import json
import os
import time
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from claims import CLAIMS, Claim

KINDS = ("claim", "control")
Figures = dict[str, list[float]]


@dataclass
class Shown:
    """What the tests of one claim have told."""

    claim: Claim
    told: dict[str, list[tuple[int, dict[str, float]]]] = field(
        default_factory=lambda: {kind: [] for kind in KINDS}
    )
    passed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    failed: int = 0
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0
    ended: str = ""
    load: float | None = None

    def take(self, report: pytest.TestReport, kind: str, place: int) -> None:
        """What a test that ended, the `place`-th of the collected ones, says of the claim."""
        self.seconds += report.duration
        self.ended = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        self.load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
        self.failed += report.failed
        if report.skipped and isinstance(report.longrepr, tuple):
            self.skipped.append(report.longrepr[2].removeprefix("Skipped: "))
        if report.when == "call":
            self.passed[kind] += report.passed
            for name, told in report.user_properties:
                if name == "figures":
                    self.told[kind].append((place, told))

    def figures(self, kind: str) -> Figures:
        """What was measured, in the order of the tests, which parallel workers do not end in."""
        found: Figures = defaultdict(list)
        for _, told in sorted(self.told[kind], key=lambda each: each[0]):
            for what, number in told.items():
                found[what].append(number)
        return found

    def figure(self, kind: str) -> str:
        """The figure in words."""
        template = self.claim.figure if kind == "claim" else self.claim.control
        if not self.passed[kind]:
            return "no control" if kind == "control" else "not shown"
        try:
            return self.claim.told(template, self.figures(kind))
        except (KeyError, IndexError):
            return "measured nothing"

    @property
    def wanting(self) -> list[str]:
        """What keeps it from being shown; empty if nothing does."""
        bad = [f"{self.failed} FAILED"] if self.failed else []
        bad += [told for kind in KINDS if (told := self.figure(kind)) in WANTING]
        return bad + (self.claim.short(self.figures("claim")) if self.passed["claim"] else [])

    def record(self) -> dict[str, Any]:
        """The line as data."""
        return {
            "name": self.claim.name,
            "says": self.claim.says,
            "figure": self.figure("claim"),
            "control": self.figure("control"),
            "seconds": round(self.seconds, 1),
            "wanting": self.wanting,
            "skipped": sorted(set(self.skipped)),
            "ended": self.ended,
            "cores": os.cpu_count(),
            "load": self.load,
        }


WANTING = ("no control", "not shown", "measured nothing")


class Showing:
    """The plug-in."""

    def __init__(self, config: pytest.Config) -> None:
        self.only = set(config.getoption("--claim"))
        self.file: str | None = config.getoption("--claims-to")
        self.shown: dict[str, Shown] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        away = []
        for place, item in enumerate(items):
            marks = [(kind, mark.args[0]) for kind in KINDS for mark in item.iter_markers(kind)]
            item.user_properties += [("shows", (*mark, place)) for mark in marks]
            if self.only and not self.only & {name for _, name in marks}:
                away.append(item)
        if away:
            config.hook.pytest_deselected(items=away)
            items[:] = [item for item in items if item not in set(away)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == "shows":
                kind, claim, place = value
                self.shown.setdefault(claim, Shown(CLAIMS[claim])).take(report, kind, place)

    def lines(self) -> list[Shown]:
        """In the order of the table; with `--claims-to` also those that no test has shown."""
        wanted = [name for name in CLAIMS if not self.only or name in self.only]
        return [
            self.shown.get(name) or Shown(CLAIMS[name]) for name in wanted if self.file or name in self.shown
        ]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.file and not is_worker(session.config):
            self.write(Path(self.file))
            if session.exitstatus == 0 and any(shown.wanting and not shown.skipped for shown in self.lines()):
                session.exitstatus = 1

    def write(self, path: Path) -> None:
        """Write the lines down; with `--claim`, those of the other claims stay as they were."""
        path.parent.mkdir(parents=True, exist_ok=True)
        before = json.loads(path.read_text("utf-8")) if path.exists() and self.only else []
        told = {line["name"]: line for line in before} | {
            shown.claim.name: shown.record() for shown in self.lines()
        }
        kept = [told[name] for name in CLAIMS if name in told]
        path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


class Table:
    """Prints the table, last of all."""

    def __init__(self, showing: Showing) -> None:
        self.showing = showing

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        yield
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter and self.showing.lines():
            self.show(reporter)

    def show(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line a claim."""
        terminalreporter.section("claims: figure · broken on purpose · seconds")
        for shown in self.showing.lines():
            told = f"{shown.claim.says} · {shown.figure('claim')} · {shown.figure('control')} · {shown.seconds:.0f} s"
            bad = [
                f"{reason}"
                for reason in shown.wanting
                if self.showing.file or "FAILED" in reason or shown.skipped
            ]
            bad += [f"skipped: {reason}" for reason in sorted(set(shown.skipped))]
            terminalreporter.line(told + (f" · {'; '.join(bad)}" if bad else ""), red=bool(shown.failed))


def is_worker(config: pytest.Config) -> bool:
    """Is this a worker of a parallel run? It reports to the process that prints and writes."""
    return hasattr(config, "workerinput")


def options(parser: pytest.Parser) -> None:
    """`--claim` and `--claims-to`."""
    group = parser.getgroup("claims")
    group.addoption("--claim", action="append", default=[], metavar="NAME", choices=list(CLAIMS),
                    help="run the proofs of this claim only; may be repeated")  # fmt: skip
    group.addoption("--claims-to", metavar="FILE",
                    help="write the claims' figures there, and fail unless all are shown in full")  # fmt: skip


def register(config: pytest.Config) -> None:
    """The marks and the plug-in."""
    for kind, what in (("claim", "shows it"), ("control", "is the broken variant that must fail")):
        config.addinivalue_line("markers", f"{kind}(name): {what}; tests/kit/claims.py has the names")
    showing = Showing(config)
    config.pluginmanager.register(showing, "claims")
    if not is_worker(config):
        config.pluginmanager.register(Table(showing), "claims-table")
