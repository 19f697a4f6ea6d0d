"""Reports to systemd about the service, over the datagram socket that it names (sd_notify(3)).

    READY=1       sockets are open, known printers taken up: `systemctl start` returns
    STATUS=…      one line for `systemctl status`
    WATCHDOG=1    still alive; if it stays out for WatchdogSec=, systemd starts the service again
    STOPPING=1    on the way out

Without systemd nothing is sent and nothing fails.
"""

import contextlib
import os
import socket
import sys
from collections.abc import Mapping

from agent.runtime.host.watchdog import ServiceManager


def notify_systemd(*lines: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send `lines`, such as "READY=1"; return True if systemd could be reached."""
    place = environment.get("NOTIFY_SOCKET", "")
    return bool(place) and _send_datagram("\n".join(lines), place)


def _send_datagram(text: str, place: str) -> bool:
    if sys.platform != "win32":
        address = "\0" + place[1:] if place.startswith("@") else place  # unix(7): an abstract socket
        with (
            contextlib.suppress(
                OSError
            ),  # systemd does not listen any more; the service goes on without its report
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
        ):
            sender.sendto(text.encode(), address)
            return True
    return False


def watchdog_timeout(environment: Mapping[str, str] = os.environ) -> float | None:
    """Seconds that systemd waits for the next WATCHDOG=1; None if it watches nothing, or another process.

    sd_watchdog_enabled(3): WATCHDOG_USEC counts only if WATCHDOG_PID is missing or our own.
    """
    meant_for = environment.get("WATCHDOG_PID", "")
    wait = environment.get("WATCHDOG_USEC", "")
    if not wait.isascii() or not wait.isdigit() or meant_for not in {"", str(os.getpid())}:
        return None
    return int(wait) / 1e6 or None


def systemd_manager() -> ServiceManager:
    """Return systemd as the manager of this process."""
    return ServiceManager(
        watchdog_timeout=watchdog_timeout(),
        ready=lambda status: notify_systemd("READY=1", f"STATUS={status}"),
        ping=lambda: notify_systemd("WATCHDOG=1"),
        stopping=lambda: notify_systemd("STOPPING=1", "STATUS=finishes what is under way"),
    )
