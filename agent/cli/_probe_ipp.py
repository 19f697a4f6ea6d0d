"""`printwarden probe ipp://…`: one printer by IPP alone, or one sentence about why not."""

import asyncio
from typing import TYPE_CHECKING

import typer

from agent.cli import _common

if TYPE_CHECKING:
    from agent.model import Snapshot

_HINTS = {
    "NoAnswer": "Check that it is on and that IPP (port 631) is enabled on its web page, or wait longer with "
    "--timeout.",
    "RefusedByDevice": "Try another path (/ipp/print, /ipp, /), or ipps://.",
    "WrongCredential": "Switch off authentication for IPP on its web page, or read it by SNMP.",
    "MalformedReply": "Check address, port and path: another service may be answering there.",
}


def read(url: str, pin: str | None, patience: float | None) -> "Snapshot":
    """One reading. Ends the command with exit code 1 and one message where there is none."""
    from agent.clock import Clock
    from agent.collectors import ipp
    from agent.errors import ReadingError

    try:
        target = ipp.Target.parse(url)
    except ValueError as why:
        raise typer.BadParameter(str(why).replace(" | ", ": "), param_hint="HOST[:PORT]") from None
    asked = ipp.collect(target, at=Clock().now(), pin=_plain(pin), patience=patience or ipp.PATIENCE)
    try:
        return asyncio.run(asked)
    except ReadingError as why:
        hint = _HINTS.get(type(why).__name__, "")
        _common.err.print(f"{why}\n{hint}".rstrip(), markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


def _plain(pin: str | None) -> str | None:
    """A fingerprint as people copy it, with colons and capitals, as sixty-four hex digits."""
    return pin.replace(":", "").replace(" ", "").casefold() if pin else None
