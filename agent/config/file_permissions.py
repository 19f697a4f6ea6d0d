"""Checks that only its owner may change a configuration file, and that not everybody may read a secret.

Write access to the configuration decides where tickets go and which printers are asked. On Windows the
folder's access list does this (docs/install.md).
"""

import os
import stat
import sys
from pathlib import Path

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
MOUNTED_SECRETS = (Path("/run/secrets"), Path("/var/run/secrets"))  # of containers, with one user each


def check_permissions(path: Path, *, secret: bool = False) -> tuple[str, str] | None:
    """Return (what is wrong, what to do) if others than the owner may write `path`, else None.

    A file with a `secret` may not be readable for everybody either; its group may read it.
    """
    return None if sys.platform == "win32" else _check_mode(path) or (_check_secret(path) if secret else None)


def check_reader(path: Path) -> tuple[str, str] | None:
    """Return (what is wrong, what to do) if everybody may read `path`, through every folder above it."""
    return None if sys.platform == "win32" else _check_reach(path)


def _check_reach(path: Path) -> tuple[str, str] | None:
    try:
        places = (path, *path.resolve().parents)
        modes = [place.stat().st_mode for place in places]
    except OSError:
        return None  # reported when it is read
    if not modes[0] & stat.S_IROTH or not all(mode & stat.S_IXOTH for mode in modes[1:]):
        return None
    return _describe_readable(path, modes[0])


def _describe_readable(path: Path, mode: int) -> tuple[str, str]:
    return f"everybody may read it (mode {stat.S_IMODE(mode):04o})", f"chmod o-rwx {path}"


def _check_secret(path: Path) -> tuple[str, str] | None:
    try:
        mode = path.stat().st_mode
    except OSError:
        return None  # reported when it is read
    loaded = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere"))  # systemd lets only the service in
    mounted = any(path.is_relative_to(folder) for folder in (*MOUNTED_SECRETS, loaded))
    if not mode & stat.S_IROTH or mounted:
        return None
    return _describe_readable(path, mode)


def _check_mode(path: Path) -> tuple[str, str] | None:
    try:
        mode = path.stat().st_mode
    except OSError:
        return None  # reported when it is read
    if not mode & OTHERS_MAY_WRITE:
        return None
    who = "everybody" if mode & stat.S_IWOTH else "its group"
    return f"{who} may write it (mode {stat.S_IMODE(mode):04o})", f"chmod go-w {path}"
