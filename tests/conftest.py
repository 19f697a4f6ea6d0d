"""What all tests share: the corpus of real printers, and honesty about what was skipped.

A test that needs a Debian package asks `needs(...)`: it is skipped where the package is missing, and
with CI=true such a skip fails the run, so that nothing is green for want of a tool.
"""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import claims_report
import pytest
from hypothesis import HealthCheck, settings
from loopback import free_port

ROOT = Path(__file__).parent.parent
WANT = "make test-deps"  # every reason to skip for want of a package says so


# a slow machine is no failure
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

pytest_addoption = claims_report.options
pytest_configure = claims_report.register


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`figure(kills=30, lost=0)`: what this proof, or broken variant, has measured (see kit/claims.py)."""

    def measured(**figures: float) -> None:
        request.node.user_properties.append(("figures", figures))

    return measured


@pytest.fixture
def unused_udp_port() -> int:
    """A UDP port that nothing uses at this worker's first address."""
    return free_port(socket.SOCK_DGRAM)


@pytest.fixture
def unused_tcp_port() -> int:
    """The same of TCP."""
    return free_port(socket.SOCK_STREAM)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder with replies of real printers. They are others' data, and not part of this project."""
    folder = Path(os.environ.get("PRINTWARDEN_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not (folder / "manifest.json").exists():
        pytest.skip(f"no corpus at {folder}; PRINTWARDEN_CORPUS names another place")
    return folder


@pytest.fixture(scope="session")
def needs():
    """`needs("snmpd")`, `needs("snmpd", package="snmpd")`: skip unless the program is there."""

    def check(program: str, package: str | None = None) -> str:
        found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
        if not found:
            pytest.skip(f"needs the Debian package {package or program}: {WANT}")
        return found

    return check


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    wanting = _wanting(terminalreporter)
    if wanting and os.environ.get("CI") == "true":
        terminalreporter.section("not everything was tested", red=True)
        terminalreporter.line(
            f"{len(wanting)} tests were skipped for want of a package; with CI=true that fails"
        )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.exitstatus == 0 and os.environ.get("CI") == "true" and reporter and _wanting(reporter):
        session.exitstatus = 1


def _wanting(reporter: pytest.TerminalReporter) -> list[str]:
    skipped = [report for report in reporter.stats.get("skipped", []) if isinstance(report.longrepr, tuple)]
    return [report.longrepr[2] for report in skipped if WANT in report.longrepr[2]]


os.umask(0o022)  # a configuration that the group may write is refused, and some systems make all files so
