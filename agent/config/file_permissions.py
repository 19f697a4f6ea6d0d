"""Checks that only its owner may change a configuration file.

Write access to the configuration decides where tickets go and which printers are asked. On Windows the
folder's access list does this (docs/install.md).
"""

import stat
import sys
from pathlib import Path

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def check_permissions(path: Path) -> tuple[str, str] | None:
    """Return (what is wrong, what to do) if others than the owner may write `path`, else None."""
    return None if sys.platform == "win32" else _check_mode(path)


def _check_mode(path: Path) -> tuple[str, str] | None:
    try:
        mode = path.stat().st_mode
    except OSError:
        return None  # reported when it is read
    if not mode & OTHERS_MAY_WRITE:
        return None
    who = "everybody" if mode & stat.S_IWOTH else "its group"
    return f"{who} may write it (mode {stat.S_IMODE(mode):04o})", f"chmod go-w {path}"
