"""A reserve of sixteen MiB that is given up when the disk is full.

SQLite needs room even to delete: a DELETE writes pages to the log before it frees any in the file. On a
full disk it can therefore not help itself, and without this file only a person could.
"""

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DiskReserve:
    """A file of `size` bytes beside the state file, written only while `comfort` bytes are free."""

    path: Path
    size: int = 16 * MIB
    min_free: int = 64 * MIB

    def ensure_present(self) -> bool:
        """Write the reserve if there is plenty of room; return True if it exists now."""
        if self.path.exists():
            return True
        if free_bytes(self.path.parent) < self.min_free + self.size:
            return False
        half_done = self.path.with_suffix(".part")
        try:
            half_done.unlink(missing_ok=True)
            with os.fdopen(os.open(half_done, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(os.urandom(self.size))  # zeros could be stored as nothing
            half_done.replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                half_done.unlink(missing_ok=True)
            return False
        return True

    def release_space(self) -> bool:
        """Delete the reserve; return True if there was one."""
        try:
            self.path.unlink()
        except OSError:
            return False
        return True


def free_bytes(folder: Path) -> int:
    """Bytes that we may still write there."""
    return shutil.disk_usage(folder).free
