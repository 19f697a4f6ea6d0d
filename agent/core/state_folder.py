"""The state folder: for its owner only, without links, writable; or one sentence that says what is wrong."""

import contextlib
import os
import stat
import sys
from pathlib import Path
from typing import IO

from agent.core.errors import StoreError, StoreLocked

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
MUST_BE_FILES = frozenset({"audit.jsonl", "enrolment.token", "trusted-hosts"})
OUR_NAMES = frozenset({
    "audit.jsonl", "identity", "enrolment.token", "trusted-hosts", "silences", "approvals",
    "contracts.in-force.toml", "assets.in-force.csv", "contracts.accepted",
})  # fmt: skip
"""What lies beside the state file and its kin."""


def prepare_folder(path: Path) -> None:
    """Make the folder of the state file `path` ready: 0700, its files 0600. Raises StoreError.

    A link in it is refused: what is written under its name would be written elsewhere. So is a folder for
    everybody, such as /tmp; a folder that holds other things, such as /var/lib, keeps its rights.
    """
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        for entry in [*folder.iterdir()]:
            if entry.is_symlink():
                raise StoreError(f"{entry} is a link, which the state folder must not have: remove it")
            if entry.name in MUST_BE_FILES or entry.name.startswith(f"{path.stem}."):
                _check_file(entry)
        if sys.platform != "win32":
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, PRIVATE_FILE))
        restrict_files(path)
    except OSError as why:
        raise StoreError(
            f"{folder} cannot be used: {why.strerror or why}{format_owner_hint(folder)}"
        ) from why


def _check_file(file: Path) -> None:
    """Raise StoreError for what is in the place of a file of the state, or may not be written."""
    if file.is_dir():
        what = "the state file" if file.suffix == ".db" else "a file of the state"
        raise StoreError(f"{file} is a folder, where {what} should be: move it away")
    if not file.is_file():
        raise StoreError(f"{file} is no file, where a file of the state should be: move it away")
    try:
        os.close(os.open(file, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)))
    except OSError as why:
        raise StoreError(f"{file} cannot be used: {why.strerror or why}{format_owner_hint(file)}") from why


def restrict_files(path: Path) -> None:
    """Take the rights of others from the folder and from the files of the state in it."""
    if sys.platform != "win32":  # there the folder's access list does this
        if _holds_only_state(path):
            _set_mode(path.parent, PRIVATE_FOLDER)
        elif path.parent.stat().st_mode & OTHERS_WRITE:
            raise StoreError(
                f"{path.parent} holds other things, and others may write in it: "
                'give the state a folder of its own: [storage] folder = "…"'
            )
        for file in path.parent.glob(f"{path.stem}.*"):
            if file.is_file():
                _set_mode(file, PRIVATE_FILE)


def _holds_only_state(path: Path) -> bool:
    """Whether the folder is the state's own, and not one that it shares with other things."""
    names = (entry.name for entry in path.parent.iterdir())
    return all(name in OUR_NAMES or name.startswith(f"{path.stem}.") for name in names)


def _set_mode(path: Path, mode: int) -> None:
    if stat.S_IMODE(path.stat().st_mode) & ~mode:
        path.chmod(mode)


def format_owner_hint(path: Path) -> str:
    """Say who owns a file or a folder that belongs to another user; else nothing."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            owner = path.stat().st_uid
            if owner != os.geteuid():
                return f"; it belongs to user {owner}, and this is user {os.geteuid()}"
    return ""


def lock_file(path: Path) -> IO[str]:
    """Take an exclusive lock of the operating system, which a kill releases too. Raises StoreLocked."""
    handle = path.open("a+")
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - exists on Windows only

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - exists on POSIX only

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as why:
        handle.close()
        raise StoreLocked(f"{path.parent} is in use by another printwarden; stop it first") from why
    return handle
