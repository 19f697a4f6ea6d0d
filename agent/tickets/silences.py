"""Silences: a person keeps the tickets of a printer, a network or the site back for a while.

    silences in the state folder    one JSON object a line; `printwarden silence` writes, the service reads

A silence delays and hides nothing: what still holds at its end opens then. It lasts 30 days at most. That a
printer is down is told all the same, unless `also_critical`.
"""

import contextlib
import ipaddress
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from agent.core.model import Change, Device, Impact

FILE_NAME = "silences"
LONGEST = 30 * 86400.0  # seconds
MAX_SILENCES = 1000  # of those that are not over
SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Whose tickets are kept back, from when to when, by whom and why."""

    target: str  # key of a device, a network, or "site"
    begins: float
    ends: float
    reason: str
    by: str
    also_critical: bool = False

    def covers_device(self, device: Device) -> bool:
        """Whether this printer is meant."""
        if self.target in {SITE, device.key}:
            return True
        if "/" not in self.target:
            return False
        try:
            return ipaddress.ip_address(device.address.host) in ipaddress.ip_network(self.target)
        except ValueError:  # a printer on a cable has no address
            return False

    def covers_change(self, change: Change, now: float) -> bool:
        """Whether this change has to wait."""
        critical = change.impact is Impact.DEVICE_DOWN and not self.also_critical
        return not critical and self.begins <= now < self.ends and self.covers_device(change.device)


@dataclass(slots=True)
class SilenceList:
    """The silences in the file, read again when it changes."""

    path: Path
    _known: tuple[Silence, ...] = ()
    _stamp: tuple[int, int] | None = field(default=None)
    _reported: tuple[int, int] | None = field(default=None)

    @classmethod
    def in_folder(cls, folder: Path) -> "SilenceList":
        """Return the silences of the agent whose state is in `folder`."""
        return cls(folder / FILE_NAME)

    @classmethod
    def without_file(cls) -> "SilenceList":
        """Return a list that is empty: for runs without a state folder."""
        return cls(Path(os.devnull))

    def take_change(self) -> bool:
        """Whether the file changed since this was last asked, whoever has read it meanwhile."""
        before, self._reported = self._reported, self._read_stamp()
        return before != self._reported

    def load_silences(self, now: float) -> tuple[Silence, ...]:
        """Return the silences that are not over, those that begin later included."""
        stamp = self._read_stamp()
        if stamp != self._stamp:
            text = ""
            with contextlib.suppress(OSError):
                text = self.path.read_text("utf-8", "replace")
            self._known, self._stamp = tuple(_parse_lines(text)), stamp
        return tuple(one for one in self._known if one.ends > now)

    def find_silence(self, change: Change, now: float) -> Silence | None:
        """Find the silence that keeps this change back the longest; None: nothing does."""
        found = [one for one in self.load_silences(now) if one.covers_change(change, now)]
        return max(found, key=lambda one: one.ends, default=None)

    def add_silence(self, silence: Silence, now: float) -> None:
        """Add a silence. Raises ValueError if there are too many."""
        kept = self.load_silences(now)
        if len(kept) >= MAX_SILENCES:
            raise ValueError(f"there are {MAX_SILENCES} silences already: end some of them first")
        self._write([*kept, silence])

    def end_silences(self, target: str, now: float) -> int:
        """End the silences of a target; return how many there were."""
        known = self.load_silences(now)
        kept = [one for one in known if one.target != target]
        if len(kept) < len(known):
            self._write(kept)
        return len(known) - len(kept)

    def _write(self, silences: list[Silence]) -> None:
        """Replace the file; what is over goes."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.path.with_name(f".{FILE_NAME}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            file.writelines(json.dumps(asdict(one)) + "\n" for one in silences)
        draft.replace(self.path)

    def _read_stamp(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size


def _parse_lines(text: str) -> Iterator[Silence]:
    """Parse the file; a line that is none is skipped."""
    for line in text.splitlines():
        try:
            found = Silence(**json.loads(line))
            if found.begins < found.ends <= found.begins + LONGEST:
                yield found
        except (ValueError, TypeError):
            continue
