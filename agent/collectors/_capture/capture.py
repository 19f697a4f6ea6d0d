"""A capture of a model that no profile knows well yet: what it says, and a form to compare it by.

    capture ──► walk.snmprec      the standard's tables, what fitting profiles name, branches that were named
            └─► usage-page.toml   each counter that was read, with room for what the panel says

A row deserves confidence A when the number that was read stands on the printer's own usage page of the
same minute. No maker's tree is walked blindly: some hold credentials.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.collectors import printer_mib
from agent.collectors._capture.scrub import scrub
from agent.collectors._capture.walk_files import write
from agent.collectors._vendor.strict_records import a_column
from agent.collectors._vendor.vendor_meters import Wanted
from agent.collectors._vendor.vendor_profiles import Profiles
from agent.core.errors import ReadingError
from agent.core.model import Identity, Snapshot
from agent.snmp.oid import oid
from agent.snmp.reader import Reader, VarBind

STANDARD = (
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


async def capture(
    reader: Reader, profiles: Profiles, branches: Sequence[str], *, community: str, at: float, minute: str
) -> Capture:
    """Everything worth having of one printer, scrubbed. Raises ReadingError if it does not answer,
    ValueError for a branch that must not be walked."""
    for branch in branches:
        a_column(branch)
    snapshot = await printer_mib.read_printer(reader, at=at, profiles=profiles)
    identity = snapshot.identity or Identity()
    fitting = profiles.called(identity.profiles)
    wanted = Wanted.of(fitting, identity.model)
    alone = [*wanted.objects, *(oid(row.oid) for profile in fitting for row in profile.row)]
    rows: list[VarBind] = [*(await reader.get(list(dict.fromkeys(alone)))).items()]
    problems = []
    for root in (*map(oid, STANDARD), *wanted.columns, *map(oid, branches)):
        try:
            rows += await reader.walk(root)
        except ReadingError as why:
            problems.append(why.reason)
    scrubbed = scrub(rows, serial=identity.serial, mac=identity.mac, community=community)
    return Capture(
        walk=write(scrubbed), form=form(snapshot, minute), snapshot=snapshot, problems=tuple(problems)
    )


def form(snapshot: Snapshot, minute: str) -> str:
    """The usage page to fill in, as TOML."""
    identity = snapshot.identity or Identity()
    head = (
        "# Print the usage page (status, counter or configuration page) on the printer now, and\n"
        '# write beside each counter what the page says: panel = "7342". Leave "" where there is none.\n'
        f"\nvendor = {_quoted(identity.vendor)}\nmodel = {_quoted(identity.model)}\n"
        f"firmware = {_quoted(identity.firmware)}\nread_at = {_quoted(minute)}\n"
    )
    return head + "".join(
        f"\n[[counter]]\nmetric = {_quoted(meter.name)}\n"
        + (f"part = {_quoted(meter.part)}\n" if meter.part else "")
        + f'source = {_quoted(meter.source)}\nread = {meter.value}\npanel = ""\n'
        for meter in snapshot.meters or ()
        if meter.counts
    )


def _quoted(text: str | None) -> str:
    plain = (text or "").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
