"""Printwarden as a service of systemd: what to write, what to run, in which order; and how to undo it.

Planning is pure; `run_steps` acts. Files of a package are left to the package.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.core.errors import PrintwardenError

HERE = Path(__file__).parent
UNITS = ("printwarden.service", "printwarden-traps.socket")
PACKAGED = Path("/usr/lib/systemd/system/printwarden.service")
UNIT_FOLDER = Path("/etc/systemd/system")
SYSUSERS = Path("/etc/sysusers.d/printwarden.conf")
CONFIG = Path("/etc/printwarden")
STATE = Path("/var/lib/printwarden")
HIDDEN_FOLDERS = (Path("/home"), Path("/root"), Path("/run/user"), Path("/tmp"), Path("/var/tmp"))  # noqa: S108
"""What ProtectHome= and PrivateTmp= keep the service from seeing."""


class InstallNotPossible(PrintwardenError):
    """The service cannot be installed or removed like this."""


@dataclass(frozen=True, slots=True)
class WriteFile:
    path: Path
    content: str


@dataclass(frozen=True, slots=True)
class RemovePath:
    path: Path  # a file, or a whole folder


@dataclass(frozen=True, slots=True)
class RunCommand:
    command: tuple[str, ...]
    needed: bool = True  # False: go on if it fails


InstallStep = WriteFile | RemovePath | RunCommand


def plan_install(program: Sequence[str], *, configured: bool) -> list[InstallStep]:
    """Plan how to make `program`, such as ("/opt/printwarden/printwarden",), a service.

    Raises InstallNotPossible."""
    place = Path(program[0])
    if hidden := next((folder for folder in HIDDEN_FOLDERS if place.is_relative_to(folder)), None):
        raise InstallNotPossible(
            f"{place} lies under {hidden}, which the service cannot see; put the program under /opt first"
        )
    units = [WriteFile(UNIT_FOLDER / name, format_unit(name, program)) for name in UNITS]
    start: list[InstallStep] = [
        RunCommand(("systemctl", "daemon-reload")),
        RunCommand(("systemctl", "enable", UNITS[0])),
    ]
    if configured:
        start.append(RunCommand(("systemctl", "restart", UNITS[0])))
    return [
        WriteFile(SYSUSERS, (HERE / "printwarden.sysusers").read_text("utf-8")),
        RunCommand(("systemd-sysusers", str(SYSUSERS))),
        RunCommand(
            (
                "install",
                "-d",
                "-m",
                "0750",
                "-o",
                "root",
                "-g",
                "printwarden",
                str(CONFIG),
                str(CONFIG / "rules.d"),
            )
        ),
        RunCommand(("install", "-d", "-m", "0700", "-o", "root", "-g", "root", str(CONFIG / "secrets"))),
        *units,
        *start,
    ]


def plan_uninstall(*, purge: bool) -> list[InstallStep]:
    """Plan the steps that undo it. Configuration and state stay, unless `purge`."""
    steps: list[InstallStep] = [
        RunCommand(("systemctl", "disable", "--now", *UNITS), needed=False),
        *(RemovePath(UNIT_FOLDER / name) for name in UNITS),
        RunCommand(("systemctl", "daemon-reload")),
    ]
    if purge:
        steps += [
            RemovePath(CONFIG),
            RemovePath(STATE),
            RemovePath(SYSUSERS),
            RemovePath(UNIT_FOLDER / f"{UNITS[0]}.d"),
            RunCommand(("userdel", "printwarden"), needed=False),
        ]
    return steps


def format_unit(name: str, program: Sequence[str]) -> str:
    """Return the unit file `name`, for a program outside the package's place."""
    text = (HERE / name).read_text("utf-8")
    return text.replace(
        "ExecStart=/usr/bin/printwarden ", f"ExecStart={' '.join(map(_escape_word, program))} "
    )


def _escape_word(word: str) -> str:
    """A word of a command line as systemd.service(5) reads it."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if " " in plain or "'" in plain else plain


def describe_steps(steps: Iterable[InstallStep]) -> list[str]:
    """The steps, for a person."""
    spelt = []
    for step in steps:
        match step:
            case WriteFile(path):
                spelt.append(f"write {path}")
            case RemovePath(path):
                spelt.append(f"remove {path}")
            case RunCommand(command):
                spelt.append(f"run {' '.join(command)}")
    return spelt


def run_steps(steps: Iterable[InstallStep]) -> None:
    """Run the steps. Raises InstallNotPossible at the first needed step that fails."""
    for step in steps:
        try:
            _run_step(step)
        except PermissionError as why:
            raise InstallNotPossible(f"{why}; run it as root") from why
        except (OSError, subprocess.CalledProcessError) as why:
            raise InstallNotPossible(
                f"`{describe_steps([step])[0]}` did not work: {_format_reason(why)}"
            ) from why


def _run_step(step: InstallStep) -> None:
    match step:
        case WriteFile(path, content):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        case RemovePath(path):
            _remove_path(path)
        case RunCommand(command, needed):
            subprocess.run(command, check=needed, capture_output=True, text=True)  # noqa: S603 - no shell


def _remove_path(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        for inner in path.iterdir():
            _remove_path(inner)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _format_reason(why: Exception) -> str:
    if isinstance(why, subprocess.CalledProcessError):
        return str(why.stderr or why.stdout or why).strip()
    return str(why)


def show_status() -> bool:
    """Print systemd's status of the service; return True if it runs. Raises InstallNotPossible."""
    _require_systemd()
    command = ("systemctl", "status", "--no-pager", "--lines=10", UNITS[0])
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - no shell


def check_possible() -> None:
    """Raise InstallNotPossible without a running systemd, beside an installed package, or without root."""
    _require_systemd()
    if PACKAGED.exists():
        raise InstallNotPossible(
            f"a package has installed the service ({PACKAGED}); "
            "`systemctl enable --now printwarden` starts it, and the package manager removes it"
        )
    if sys.platform != "win32" and os.geteuid() != 0:
        raise InstallNotPossible("this needs root: try sudo")


def _require_systemd() -> None:
    if not Path("/run/systemd/system").is_dir():
        raise InstallNotPossible(
            "systemd does not run here; `printwarden run` is the service, for any other supervisor"
        )


def is_installed() -> bool:
    """True if a package or `service install` has made it a service."""
    return PACKAGED.exists() or (UNIT_FOLDER / UNITS[0]).exists()
