"""The simulated printers, walked by net-snmp's tools: a third opinion, where they are installed."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace

import pytest
from loopback import own

from agent.core.model import Address
from agent.simulator import models
from agent.simulator.device import build_printer
from agent.simulator.fleets import DEMO_USER
from agent.simulator.mib import MibTree
from agent.simulator.printer import SimulatedPrinter

pytestmark = pytest.mark.skipif(
    not shutil.which("snmpbulkwalk"), reason="needs net-snmp's tools (Debian: snmp)"
)

V3 = (
    *("-v3", "-l", "authPriv", "-u", DEMO_USER.name),
    *("-a", "SHA-256", "-A", DEMO_USER.auth_password, "-x", "AES", "-X", DEMO_USER.priv_password),
)
WAYS = (
    ("snmpwalk", ("-v1", "-c", "public")),
    ("snmpwalk", ("-v2c", "-c", "public")),
    ("snmpbulkwalk", ("-v2c", "-c", "public")),
    ("snmpbulkwalk", V3),
)


@pytest.mark.parametrize(("tool", "version"), WAYS, ids=[f"{tool} {version[0]}" for tool, version in WAYS])
async def test_net_snmp_reads_the_whole_tree(tool: str, version: tuple[str, ...], play: Callable) -> None:
    told = build_printer(models.SHARP_3570, "healthy", Address(own("109.1"), 0))
    member = (await play(replace(told, user=DEMO_USER))).members[0]
    process = await asyncio.create_subprocess_exec(
        tool, *version, "-t", "10", "-On", str(member.address), "1.3", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    source = member.source
    assert isinstance(source, SimulatedPrinter)
    mib = source.mib_at(0)
    assert isinstance(mib, MibTree)
    lines = [line for line in out.decode("latin-1").splitlines() if line.startswith(".1.3")]
    assert process.returncode == 0
    assert sum("No more variables" not in line for line in lines) == len(mib)
