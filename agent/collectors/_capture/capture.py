"""Captures a model that no profile covers well yet: a walk, and a form to compare its counters by.

    capture ──► walk.snmprec      the standard's tables, what fitting profiles name, branches that were named
            └─► usage-page.toml   each counter that was read, with room for the number on the panel

A row deserves confidence A when the number that was read is on the printer's own usage page of the same
minute. No maker's tree is walked blindly: some hold credentials.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.collectors import printer_mib
from agent.collectors._capture.scrub import scrub_rows
from agent.collectors._capture.walk_files import format_walk
from agent.collectors._vendor.strict_records import check_column
from agent.collectors._vendor.vendor_meters import MeterQuery
from agent.collectors._vendor.vendor_profiles import Profiles
from agent.core.errors import ReadingError
from agent.core.model import Identity, Snapshot
from agent.snmp.oid import oid
from agent.snmp.reader import SnmpReader, VarBind

STANDARD_BRANCHES = (
    "1.3.6.1.2.1.1",  # system (RFC 3418)
    "1.3.6.1.2.1.2.2.1.6",  # ifPhysAddress
    "1.3.6.1.2.1.25.3",  # hrDevice (RFC 2790)
    "1.3.6.1.2.1.43",  # the Printer MIB (RFC 3805)
    "1.3.6.1.2.1.47.1.1.1.1.11",  # entPhysicalSerialNum
    "1.3.6.1.4.1.2699.1.2.1.2.1.1.3",  # ppmPrinterIEEE1284DeviceId
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    walk: str
    form: str
    snapshot: Snapshot
    problems: tuple[str, ...]  # branches that could not be walked


async def capture_printer(
    reader: SnmpReader, profiles: Profiles, branches: Sequence[str], *, community: str, at: float, minute: str
) -> Capture:
    """Capture one printer, scrubbed. Raises ReadingError if it does not answer,
    ValueError for a branch that must not be walked."""
    for branch in branches:
        check_column(branch)
    snapshot = await printer_mib.read_printer(reader, at=at, profiles=profiles)
    identity = snapshot.identity or Identity()
    fitting = profiles.find_by_files(identity.profiles)
    wanted = MeterQuery.for_model(fitting, identity.model)
    alone = [*wanted.objects, *(oid(row.oid) for profile in fitting for row in profile.row)]
    rows: list[VarBind] = [*(await reader.get(list(dict.fromkeys(alone)))).items()]
    problems = []
    for root in (*map(oid, STANDARD_BRANCHES), *wanted.columns, *map(oid, branches)):
        try:
            rows += await reader.walk(root)
        except ReadingError as why:
            problems.append(why.reason)
    scrubbed = scrub_rows(rows, serial=identity.serial, mac=identity.mac, community=community)
    return Capture(
        walk=format_walk(scrubbed),
        form=format_usage_page(snapshot, minute),
        snapshot=snapshot,
        problems=tuple(problems),
    )


def format_usage_page(snapshot: Snapshot, minute: str) -> str:
    """Format the usage page to fill in, as TOML."""
    identity = snapshot.identity or Identity()
    head = (
        "# Print the usage page (status, counter or configuration page) on the printer now, and\n"
        '# write beside each counter what the page says: panel = "7342". Leave "" where there is none.\n'
        f"\nvendor = {_quote_toml(identity.vendor)}\nmodel = {_quote_toml(identity.model)}\n"
        f"firmware = {_quote_toml(identity.firmware)}\nread_at = {_quote_toml(minute)}\n"
    )
    return head + "".join(
        f"\n[[counter]]\nmetric = {_quote_toml(meter.name)}\n"
        + (f"part = {_quote_toml(meter.part)}\n" if meter.part else "")
        + f'source = {_quote_toml(meter.source)}\nread = {meter.value}\npanel = ""\n'
        for meter in snapshot.meters or ()
        if meter.is_counter
    )


def _quote_toml(text: str | None) -> str:
    plain = (text or "").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
