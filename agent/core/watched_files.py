"""Edited files are picked up while the service runs; a mistake leaves the last good ones in force."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from agent.core.errors import ConfigError

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class WatchedFiles(Generic[T]):
    """The content of some files, read again when one of them is changed, added or removed."""

    label: str  # the name in messages: "config.toml", "the rules"
    files: Callable[[], Iterable[Path]]
    load: Callable[[], T]
    complaint: str = ""  # why the files as they are now are not in force; "" if they are
    _seen: frozenset[tuple[Path, int, int]] = field(default_factory=frozenset)

    def load_first(self) -> T:
        """Load the files at the start. Raises ConfigError: then nothing is started."""
        self._seen = self._file_marks()
        return self.load()

    def reload_changed(self) -> T | None:
        """Load the files again if they changed; None if they did not, or cannot be used (logged)."""
        marks = self._file_marks()
        if marks == self._seen:
            return None
        self._seen = marks
        try:
            loaded = self.load()
        except ConfigError as why:
            self.complaint = str(why)
            log.warning(
                "%s: changed, and cannot be used; the last good version stays in force.\n%s", self.label, why
            )
            return None
        self.complaint = ""
        log.info("%s: changed, and in force", self.label)
        return loaded

    def _file_marks(self) -> frozenset[tuple[Path, int, int]]:
        """Return path, time of change and size of each file: enough to detect an edit."""
        marks = set()
        for path in self.files():
            try:
                stat = path.stat()
            except OSError:
                continue
            marks.add((path, stat.st_mtime_ns, stat.st_size))
        return frozenset(marks)
