"""Printwarden as a service of systemd: what to write, what to run, in which order; and how to undo it.

Planning is pure; `carry_out` acts. What a package installed is left to the package.
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
OURS = Path("/etc/systemd/system")
SYSUSERS = Path("/etc/sysusers.d/printwarden.conf")
CONFIG = Path("/etc/printwarden")
STATE = Path("/var/lib/printwarden")
HIDDEN = (Path("/home"), Path("/root"), Path("/run/user"), Path("/tmp"), Path("/var/tmp"))  # noqa: S108
"""What ProtectHome= and PrivateTmp= keep the service from seeing."""


class NotPossible(PrintwardenError):
    """The service cannot be installed or removed like this."""


@dataclass(frozen=True, slots=True)
class Write:
    path: Path
    content: str


@dataclass(frozen=True, slots=True)
class Remove:
    path: Path  # a file, or a whole folder


@dataclass(frozen=True, slots=True)
class Run:
    command: tuple[str, ...]
    needed: bool = True  # False: go on if it fails


Step = Write | Remove | Run


def install(program: Sequence[str], *, configured: bool) -> list[Step]:
    """How to make `program`, such as ("/opt/printwarden/printwarden",), a service. Raises NotPossible."""
    place = Path(program[0])
    if hidden := next((folder for folder in HIDDEN if place.is_relative_to(folder)), None):
        raise NotPossible(
            f"{place} lies under {hidden}, which the service cannot see; put the program under /opt first"
        )
    units = [Write(OURS / name, unit(name, program)) for name in UNITS]
    start: list[Step] = [Run(("systemctl", "daemon-reload")), Run(("systemctl", "enable", UNITS[0]))]
    if configured:
        start.append(Run(("systemctl", "restart", UNITS[0])))
    return [
        Write(SYSUSERS, (HERE / "printwarden.sysusers").read_text("utf-8")),
        Run(("systemd-sysusers", str(SYSUSERS))),
        Run(
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
        Run(("install", "-d", "-m", "0700", "-o", "root", "-g", "root", str(CONFIG / "secrets"))),
        *units,
        *start,
    ]


def uninstall(*, purge: bool) -> list[Step]:
    """How to undo it. Configuration and state stay, unless `purge`."""
    steps: list[Step] = [
        Run(("systemctl", "disable", "--now", *UNITS), needed=False),
        *(Remove(OURS / name) for name in UNITS),
        Run(("systemctl", "daemon-reload")),
    ]
    if purge:
        steps += [
            Remove(CONFIG),
            Remove(STATE),
            Remove(SYSUSERS),
            Remove(OURS / f"{UNITS[0]}.d"),
            Run(("userdel", "printwarden"), needed=False),
        ]
    return steps


def unit(name: str, program: Sequence[str]) -> str:
    """The unit file `name`, for a program that lies elsewhere than the package puts it."""
    text = (HERE / name).read_text("utf-8")
    return text.replace("ExecStart=/usr/bin/printwarden ", f"ExecStart={' '.join(map(_escaped, program))} ")


def _escaped(word: str) -> str:
    """A word of a command line as systemd.service(5) reads it."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if " " in plain or "'" in plain else plain


def told(steps: Iterable[Step]) -> list[str]:
    """The steps, for a person."""
    spelt = []
    for step in steps:
        match step:
            case Write(path):
                spelt.append(f"write {path}")
            case Remove(path):
                spelt.append(f"remove {path}")
            case Run(command):
                spelt.append(f"run {' '.join(command)}")
    return spelt


def carry_out(steps: Iterable[Step]) -> None:
    """Do it. Raises NotPossible at the first step that fails and is needed."""
    for step in steps:
        try:
            _do(step)
        except PermissionError as why:
            raise NotPossible(f"{why}; run it as root") from why
        except (OSError, subprocess.CalledProcessError) as why:
            raise NotPossible(f"`{told([step])[0]}` did not work: {_reason(why)}") from why


def _do(step: Step) -> None:
    match step:
        case Write(path, content):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        case Remove(path):
            _remove(path)
        case Run(command, needed):
            subprocess.run(command, check=needed, capture_output=True, text=True)  # noqa: S603 - no shell


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        for inner in path.iterdir():
            _remove(inner)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _reason(why: Exception) -> str:
    if isinstance(why, subprocess.CalledProcessError):
        return str(why.stderr or why.stdout or why).strip()
    return str(why)


def runs() -> bool:
    """Whether the service runs; what systemd knows of it goes to the screen. Raises NotPossible."""
    _in_charge()
    command = ("systemctl", "status", "--no-pager", "--lines=10", UNITS[0])
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - no shell


def possible() -> None:
    """Raises NotPossible where systemd is not in charge, where a package is, or where we are not root."""
    _in_charge()
    if PACKAGED.exists():
        raise NotPossible(
            f"a package has installed the service ({PACKAGED}); "
            "`systemctl enable --now printwarden` starts it, and the package manager removes it"
        )
    if sys.platform != "win32" and os.geteuid() != 0:
        raise NotPossible("this needs root: try sudo")


def _in_charge() -> None:
    if not Path("/run/systemd/system").is_dir():
        raise NotPossible(
            "systemd does not run here; `printwarden run` is the service, for any other supervisor"
        )


def installed() -> bool:
    """Whether a package or `service install` has made it a service."""
    return PACKAGED.exists() or (OURS / UNITS[0]).exists()
