"""`printwarden probe ipp://…` and `cups:QUEUE`: one printer by IPP alone, or why it failed."""

import asyncio
import os
from typing import TYPE_CHECKING

import typer

from agent.cli import _common

if TYPE_CHECKING:
    from agent.core.model import Snapshot

_HINTS = {
    "NoAnswer": "Check that it is on and that IPP (port 631) is enabled on its web page, or wait longer with "
    "--timeout.",
    "RefusedByDevice": "Try another path (/ipp/print, /ipp, /), or ipps://.",
    "WrongCredential": "Switch off authentication for IPP on its web page, or read it by SNMP.",
    "MalformedReply": "Check address, port and path: another service may be answering there.",
}


def read_url(url: str, pin: str | None, patience: float | None) -> "Snapshot":
    """Read one printer. Ends the command with exit code 1 and one message where that fails."""
    from agent.collectors import ipp
    from agent.collectors._ipp.targets import IppTarget
    from agent.core.clock import Clock
    from agent.core.errors import ReadingError

    try:
        target = IppTarget.parse(url)
    except ValueError as why:
        raise typer.BadParameter(str(why).replace(" | ", ": "), param_hint="HOST[:PORT]") from None
    asked = ipp.read_printer(
        target, at=Clock().now(), pin=_normalize_pin(pin), patience=patience or ipp.PATIENCE
    )
    try:
        return asyncio.run(asked)
    except ReadingError as why:
        hint = _HINTS.get(type(why).__name__, "")
        _common.err.print(f"{why}\n{hint}".rstrip(), markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


def read_queue(target: str, patience: float | None) -> "Snapshot":
    """Read the USB printer behind the queue in "cups:QUEUE"; "cups:" suffices where there is only one."""
    from agent.collectors import cups
    from agent.core.clock import Clock
    from agent.core.errors import ReadingError

    name = target.removeprefix("cups:").strip("/")
    socket = os.environ.get("CUPS_SERVER", cups.SOCKET)
    try:
        found = asyncio.run(cups.read_queues(socket, at=Clock().now(), patience=patience or cups.PATIENCE))
    except ReadingError as why:
        _common.err.print(
            f"{why}\nCheck that CUPS runs on this machine: {socket}", markup=False, soft_wrap=True
        )
        raise typer.Exit(1) from None
    queues = {one.address.host.partition("/")[2]: one for one in found}
    if name in queues or (len(queues) == 1 and not name):
        return queues[name or next(iter(queues))]
    there = f"there are: {', '.join(sorted(queues))}" if queues else "no queue has a printer on a cable"
    _common.err.print(f'no queue "{name}"; {there}' if name else there, markup=False)
    raise typer.Exit(1)


def _normalize_pin(pin: str | None) -> str | None:
    """Normalise a fingerprint, with or without colons and capitals, to 64 hex digits."""
    return pin.replace(":", "").replace(" ", "").casefold() if pin else None
