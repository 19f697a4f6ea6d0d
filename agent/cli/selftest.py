"""`printwarden selftest`: is this installation whole?"""

import asyncio
import platform
import sys
from dataclasses import asdict

import typer
from rich.text import Text

from agent.cli import _common


def selftest(as_json: _common.AsJson = False) -> None:
    """Use every part of this installation once, on loopback: modules, data, time zones, scheduler, mDNS,
    and the whole line from two simulated printers (SNMP v2c and v3) to a receiver over TLS.

    Needs no configuration, contacts no host, and leaves nothing behind. Exit code 0 if it is whole, 1 if not.

    Example: printwarden selftest
    """
    from agent import __version__
    from agent.runtime import selftest

    checks = asyncio.run(selftest.run_checks())
    whole = all(check.ok for check in checks)
    if as_json:
        document = {
            "version": __version__,
            "python": platform.python_version(),
            "frozen": bool(getattr(sys, "frozen", False)),
            "ok": whole,
        }
        parts = {"modules": selftest.list_modules(), "data": selftest.hash_data_files()}
        _common.print_json({**document, "checks": [asdict(check) for check in checks], **parts})
    else:
        for check in checks:
            word = Text("ok  ", style="green") if check.ok else Text("FAIL", style="bold red")
            _common.out.print(Text.assemble(word, f"  {check.name:10} {check.said}"), soft_wrap=True)
        _common.out.print("this installation is whole" if whole else "this installation is not whole")
    raise typer.Exit(0 if whole else 1)
