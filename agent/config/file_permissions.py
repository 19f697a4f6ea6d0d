"""Who may change what the agent believes: the owner of the file, and nobody else.

Whoever may write the configuration decides where tickets go and which printers are asked. On Windows the
folder's access list does this (docs/install.md).
"""

import stat
import sys
from pathlib import Path

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def check_permissions(path: Path) -> tuple[str, str] | None:
    """(what is wrong, what to do) where others than its owner may write `path`; None where all is well."""
    return None if sys.platform == "win32" else _check_mode(path)


def _check_mode(path: Path) -> tuple[str, str] | None:
    try:
        mode = path.stat().st_mode
    except OSError:
        return None  # whoever reads it says so
    if not mode & OTHERS_MAY_WRITE:
        return None
    who = "everybody" if mode & stat.S_IWOTH else "its group"
    return f"{who} may write it (mode {stat.S_IMODE(mode):04o})", f"chmod go-w {path}"
