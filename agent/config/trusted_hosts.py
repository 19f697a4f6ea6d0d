"""Hosts that IT trusts with the communities of their network: `printwarden devices trust HOST…`.

    trusted-hosts in the state folder       one host a line: "192.168.10.31 2026-03-02T08:00:00Z"

The command appends while the service runs; the service reads the file again when it changes. Trust is for one
introduction: once the printer has answered, the address keeps the credential that it answered, and no other.
After a week without an answer it ends, as another host may have the address by then.
"""

import ipaddress
import math
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

FILE_NAME = "trusted-hosts"
LIFETIME = 7 * 86400.0  # seconds for the introduction


@dataclass(slots=True)
class TrustedHosts:
    """The hosts in the file, read again when it changes."""

    path: Path
    _hosts: dict[str, float] = field(default_factory=dict)  # host -> end of its trust, seconds since 1970
    _stamp: tuple[int, int] | None = field(default=None)

    @classmethod
    def in_folder(cls, folder: Path) -> "TrustedHosts":
        """Return the list of the agent whose state is in `folder`."""
        return cls(folder / FILE_NAME)

    def load_hosts(self, now: float | None = None) -> frozenset[str]:
        """Return the hosts trusted at `now`, by default the present; a line without an address is skipped."""
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._hosts = dict(_parse_lines(self.path.read_text("utf-8", "replace")))
                self._stamp = stamp
        except OSError:
            self._hosts, self._stamp = {}, None
        now = time.time() if now is None else now
        return frozenset(host for host, ends in self._hosts.items() if now < ends)

    def add_hosts(self, hosts: Iterable[str], at: str) -> list[str]:
        """Append hosts that are not trusted yet, with the time `at`; return them."""
        present = self.load_hosts()
        added = [host for host in dict.fromkeys(hosts) if host not in present]
        if added:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            with os.fdopen(os.open(self.path, flags, 0o600), "a", encoding="utf-8") as file:
                file.writelines(f"{host} {at}\n" for host in added)
        return added

    def remove_hosts(self, hosts: Iterable[str]) -> None:
        """Take hosts out of the list, after their introduction."""
        gone = frozenset(hosts)
        if not gone & self.load_hosts():
            return
        lines = self.path.read_text("utf-8", "replace").splitlines(keepends=True)
        draft = self.path.with_name(f".{FILE_NAME}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.writelines(line for line in lines if not gone & set(line.split()[:1]))
        draft.replace(self.path)


def _parse_lines(text: str) -> Iterable[tuple[str, float]]:
    """Yield each host with the end of its trust; a line without a time does not end."""
    for line in text.splitlines():
        words = line.split()
        try:
            host = str(ipaddress.ip_address(words[0]))
            ends = datetime.fromisoformat(words[1]).timestamp() + LIFETIME if words[1:] else math.inf
        except (IndexError, ValueError, OverflowError):
            continue
        yield host, ends
