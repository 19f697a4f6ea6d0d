"""`printwarden service`: what would be done where no package did it; and the unit it installs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import build_cli
from agent.core import paths
from agent.runtime.host import systemd_install
from agent.runtime.host.systemd_install import (
    InstallNotPossible,
    RemovePath,
    RunCommand,
    WriteFile,
    describe_steps,
    run_steps,
)

OPT = ("/opt/printwarden/printwarden",)
linux = pytest.mark.skipif(sys.platform != "linux", reason="systemd")


def test_the_plan_makes_the_user_before_what_belongs_to_it():
    plan = describe_steps(systemd_install.plan_install(OPT, configured=True))
    order = [
        "write /etc/sysusers.d/printwarden.conf",
        "run systemd-sysusers",
        "run install -d -m 0750 -o root -g printwarden",
        "write /etc/systemd/system/printwarden.service",
        "run systemctl daemon-reload",
        "run systemctl restart",
    ]
    found = [next(number for number, step in enumerate(plan) if step.startswith(begin)) for begin in order]
    assert found == sorted(found)


def test_what_is_not_configured_is_enabled_but_not_started():
    assert "run systemctl restart printwarden.service" not in describe_steps(
        systemd_install.plan_install(OPT, configured=False)
    )


@pytest.mark.parametrize(
    "place", [str(Path("/root", "venv/bin/python")), "/home/anna/printwarden/printwarden"]
)
def test_a_program_that_the_service_could_not_see_is_refused(place):
    with pytest.raises(InstallNotPossible, match="put the program under /opt"):
        systemd_install.plan_install((place,), configured=True)


@pytest.mark.parametrize(
    ("program", "line"),
    [
        (OPT, "ExecStart=/opt/printwarden/printwarden run --config"),
        (("/opt/venv/bin/python", "-m", "agent"), "ExecStart=/opt/venv/bin/python -m agent run --config"),
        (("/opt/my printers/p",), 'ExecStart="/opt/my printers/p" run --config'),
        (("/opt/100%$x/p",), "ExecStart=/opt/100%%$$x/p run --config"),
    ],
)
def test_the_unit_starts_this_very_program(program, line):
    text = systemd_install.format_unit("printwarden.service", program)
    assert line in text
    assert "/usr/bin/printwarden" not in text


def test_removal_keeps_configuration_and_state_unless_purged():
    kept, purged = (
        {step.path for step in systemd_install.plan_uninstall(purge=purge) if isinstance(step, RemovePath)}
        for purge in (False, True)
    )
    assert not kept & {systemd_install.CONFIG, systemd_install.STATE}
    assert purged >= {systemd_install.CONFIG, systemd_install.STATE}


def test_everything_that_is_installed_is_removed_again():
    written = {
        step.path
        for step in systemd_install.plan_install(OPT, configured=True)
        if isinstance(step, WriteFile)
    }
    removed = {
        step.path for step in systemd_install.plan_uninstall(purge=True) if isinstance(step, RemovePath)
    }
    assert written <= removed


@linux
def test_steps_are_carried_out_and_the_first_failure_stops_them(tmp_path):
    steps = [
        WriteFile(tmp_path / "a" / "b", "text"),
        RunCommand(("false",), needed=False),
        RunCommand(("sh", "-c", "echo no such unit >&2; exit 3")),
        WriteFile(tmp_path / "never", ""),
    ]
    with pytest.raises(InstallNotPossible, match="no such unit"):
        run_steps(steps)
    assert (tmp_path / "a" / "b").read_text() == "text"
    assert not (tmp_path / "never").exists()
    run_steps([RemovePath(tmp_path / "a"), RemovePath(tmp_path / "never")])
    assert list(tmp_path.iterdir()) == []


@linux
def test_the_unit_is_hardened_to_1_5_or_better(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    unit = tmp_path / "printwarden.service"
    unit.write_text((systemd_install.HERE / "printwarden.service").read_text())
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(unit)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unrecognized option" in ended.stderr or "Unknown" in ended.stderr:
        pytest.skip("this systemd cannot judge a unit offline")
    assert ended.returncode == 0, ended.stdout[-2000:]
    assert float(re.search(r"exposure level .*: ([\d.]+)", ended.stdout)[1]) <= 1.5
    unit.write_text("[Service]\nExecStart=/usr/bin/printwarden run\n")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0, "a bare unit is not"


def test_the_services_own_user_finds_its_state_where_systemd_put_it(monkeypatch):
    if sys.platform == "win32" or os.geteuid() == 0:
        pytest.skip("not for root, whose places are fixed")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/printwarden")
    assert paths.default_paths() == paths.InstallPaths(
        config=Path("/etc/printwarden"), state=Path("/var/lib/printwarden")
    )


def test_the_socket_unit_opens_the_one_socket_that_the_service_takes():
    """`agent.snmp.traps.inherited_socket` takes one datagram socket, and no more."""
    text = (systemd_install.HERE / "printwarden-traps.socket").read_text()
    assert "Service=printwarden.service" in text
    assert re.findall(r"^Listen\w+=.*", text, re.MULTILINE) == ["ListenDatagram=0.0.0.0:162"]


@pytest.mark.skipif(Path("/run/systemd/system").is_dir(), reason="systemd runs here")
@pytest.mark.parametrize("verb", ["status", "install", "uninstall"])
def test_without_systemd_it_is_told_what_can_be_done(verb):
    ended = CliRunner().invoke(build_cli(["service"]), ["service", verb])
    assert isinstance(ended.exception, InstallNotPossible)
    assert "`printwarden run` is the service, for any other supervisor" in str(ended.exception)


def test_the_unit_bounds_memory_and_restarts() -> None:
    """A poison answer may end the service, but makes neither the machine slow nor a loop without end."""
    text = (systemd_install.HERE / "printwarden.service").read_text("utf-8")
    keys = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    assert keys["MemoryMax"] == "512M"
    assert keys["MemorySwapMax"] == "0"
    assert (keys["Restart"], keys["RestartPreventExitStatus"]) == ("always", "2")
    seconds, starts = int(keys["RestartSec"]), int(keys["StartLimitBurst"])
    assert keys["StartLimitIntervalSec"] == "1h"
    assert seconds * starts < 3600, "the bound is reached before its hour is over"
