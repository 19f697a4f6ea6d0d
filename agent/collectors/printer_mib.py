"""Reads a printer through the Printer MIB (RFC 3805) and the Host Resources MIB (RFC 2790).

    tier        brings
    alerts      status, console, covers, alert rows and counters      small and often
    supplies    supplies with colorants, input and output trays
    inventory   identity, media paths, lights; skipped while prtGeneralConfigChanges stands still
    meters      markers and their counts; the maker's own meters, by the profiles that fit the identity

hrDeviceIndex is found, not assumed. Missing columns, gaps in the numbers and broken values are
normal: they end in `Snapshot.problems`, never in an exception. Only a printer that does not answer
the first request raises. One that falls silent later keeps the parts read so far; every part that was
not reached stays None, which means unknown, not empty.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

from agent.collectors._identity import evidence, identity_proof
from agent.collectors._identity.identity_decision import IdentityDecision
from agent.collectors._identity.identity_proof import UPTIME, ProofCheck
from agent.collectors._printer_mib import (
    alert_table,
    marker_tables,
    print_servers,
    status_objects,
    supply_table,
    tray_tables,
)
from agent.collectors._printer_mib.mib_reader import MibReader, MibRow, ValueSources
from agent.collectors._vendor import vendor_meters, vendor_profiles, vendor_supplies
from agent.collectors._vendor.vendor_profiles import Profiles
from agent.collectors._visit import Answer, Visit, When
from agent.config import Config
from agent.core.errors import AnotherDevice, NoAnswer, ReadingError
from agent.core.model import CachedIdentity, Identity, IdentityProof, Meter, Snapshot, Tier
from agent.snmp.oid import MAX_ARC, encode_arcs, oid
from agent.snmp.reader import ObjectId, SnmpReader, SnmpValue

DEVICE_TYPE = oid("1.3.6.1.2.1.25.3.2.1.2")  # hrDeviceType
IS_PRINTER = oid("1.3.6.1.2.1.25.3.1.5")  # hrDevicePrinter
LOCALIZATION = oid("1.3.6.1.2.1.43.5.1.1.2")  # prtGeneralCurrentLocalization
CHARSET = oid("1.3.6.1.2.1.43.7.1.1.4")  # prtLocalizationCharacterSet
GENERAL = {
    "config_changes": oid("1.3.6.1.2.1.43.5.1.1.1"),  # prtGeneralConfigChanges
    "critical_events": oid("1.3.6.1.2.1.43.5.1.1.18"),  # prtAlertCriticalEvents
    "all_events": oid("1.3.6.1.2.1.43.5.1.1.19"),  # prtAlertAllEvents
}
ALL_TIERS = frozenset(Tier)

WHEN: When = "always"
TIERS = ALL_TIERS

T = TypeVar("T")


def enabled(_config: Config) -> bool:
    """Always true: SNMP is the first way to read a printer."""
    return True


async def collect(visit: Visit) -> Answer | None:
    """Read the printer with the first credential that it answers; None without a credential.

    Raises the most telling ReadingError if it answers none of them.
    """
    refused: ReadingError | None = None
    for name, reader in visit.readers.items():
        try:
            snapshot = await _read_expected(visit, reader)
        except ReadingError as why:
            refused = why if refused is None or isinstance(refused, NoAnswer) else refused
            continue
        return Answer(snapshot=snapshot, credential=name, learned=reader.learned)
    if refused is not None:
        raise refused
    return None


async def _read_expected(visit: Visit, reader: SnmpReader) -> Snapshot:
    """Read the expected printer; if another one answers, read that one, with its identity.

    Raises AnotherDevice if the identity of the printer that answers cannot be read either.
    """
    try:
        return await read_printer(
            reader, at=visit.at, tiers=visit.tiers, known=visit.known, profiles=visit.profiles
        )
    except AnotherDevice:
        tiers = visit.tiers | {Tier.INVENTORY}
        snapshot = await read_printer(reader, at=visit.at, tiers=tiers, profiles=visit.profiles)
        if snapshot.identity is None:
            raise
        return snapshot


async def read_printer(
    reader: SnmpReader,
    *,
    at: float,
    tiers: Collection[Tier] = ALL_TIERS,
    known: CachedIdentity | None = None,
    profiles: Profiles | None = None,
) -> Snapshot:
    """Poll a printer once, at the time `at`. `known` is cached from an earlier snapshot of the same printer;
    `profiles` are the vendor profiles (the shipped ones by default).

    Raises ReadingError (NoAnswer, WrongCredential, …) if the first request is not answered.
    """
    known = known or CachedIdentity()
    reading = MibReader(reader, units=known.units, charset=known.charset)
    poll = SnapshotBuilder(reading, vendor_profiles.load_shipped() if profiles is None else profiles)
    check = ProofCheck(str(reader.address), known.proof or IdentityProof())
    reader.accompany(check if known.proof or Tier.INVENTORY in tiers else None)
    await poll.start_poll()
    await poll.read_alerts(tiers)
    if Tier.SUPPLIES in tiers:
        await poll.read_supplies()
    if Tier.INVENTORY in tiers:
        await poll.read_inventory(known, at)
        check.expect(poll.parts["proof"] or check.proof)
    if Tier.METERS in tiers:
        await poll.read_meters(known.identity)
    await poll.fill_levels(known.identity, tiers)
    await poll.confirm_proof(reader)
    return poll.build_snapshot(reader, at)


class SnapshotBuilder:
    """Collects the parts of one snapshot while the printer is read."""

    def __init__(self, reading: MibReader, profiles: Profiles) -> None:
        self.reading = reading
        self.profiles = profiles
        self.parts: dict[str, Any] = {}
        self._scalars: dict[str, SnmpValue] = {}
        self._types: dict[tuple[int, ...], SnmpValue] = {}
        self._silent = False

    async def start_poll(self) -> None:
        """Read uptime and status in one request; then, once for each printer, find its hrDeviceIndex."""
        units_cached = bool(self.reading.units)
        self._scalars = await self._ask_scalars()
        self.parts["uptime"] = self._scalar_number("uptime")
        if units_cached:
            return
        guessed = self.reading.unit
        await self._read_part("devices", self._find_units)
        if self.reading.unit != guessed:
            self._scalars = await self._read_part("status", self._ask_scalars) or {}
        self.reading.charset = await self._read_part("charset", self._find_charset)

    async def read_alerts(self, tiers: Collection[Tier]) -> None:
        """Build status and counters from the first reply; read the alert tables if that tier is wanted."""
        self.parts |= {name: self._scalar_number(name) for name in GENERAL}
        rows = await self._read_part("alerts", self._read_alert_tables) if Tier.ALERTS in tiers else None
        console, covers, alerts = rows or ([], [], [])
        status = status_objects.build_status(
            self.reading, self._scalars, status_objects.build_console(console)
        )
        self.parts["status"] = status
        if rows is not None:
            self.parts["covers"] = status_objects.build_covers(covers)
            self.parts["alerts"] = alert_table.build_alerts(alerts, status)

    async def read_supplies(self) -> None:
        self.parts["supplies"] = await self._read_part(
            "supplies", lambda: supply_table.read_supplies(self.reading)
        )
        self.parts["inputs"] = await self._read_part("inputs", lambda: tray_tables.read_inputs(self.reading))
        self.parts["outputs"] = await self._read_part(
            "outputs", lambda: tray_tables.read_outputs(self.reading)
        )

    async def read_meters(self, known: Identity | None) -> None:
        """Read the engine's count and the maker's meters; both or neither: half looks like a new printer."""
        rows = await self._read_part("markers", lambda: marker_tables.read_markers(self.reading))
        own = await self._read_part("meters", lambda: self._read_own_meters(known))
        self.parts["markers"] = rows
        if rows is not None and own is not None:
            self.parts["meters"] = marker_tables.merge_meters(
                marker_tables.build_meters(rows, self.reading.sources, unit=self.reading.unit), own
            )

    async def fill_levels(self, cached: Identity | None, tiers: Collection[Tier]) -> None:
        """Read the maker's own levels where the standard has none, and its serials with the inventory."""
        supplies, identity = self.parts.get("supplies"), self.parts.get("identity") or cached
        if supplies is None or identity is None:
            return
        fitting = self.profiles.find_by_files(identity.profiles)
        filled = await self._read_part(
            "levels",
            lambda: vendor_supplies.complete_supplies(
                self.reading, supplies, fitting, identity.model, marks=Tier.INVENTORY in tiers
            ),
        )
        self.parts["supplies"] = supplies if filled is None else filled

    async def _read_own_meters(self, known: Identity | None) -> tuple[Meter, ...]:
        """Read the vendor meters that fit the identity, which is read first if it is not cached."""
        identity = self.parts.get("identity") or known or (await self._decide_identity()).identity
        return await vendor_meters.read_vendor_meters(
            self.reading, self.profiles.find_by_files(identity.profiles), identity.model
        )

    async def read_inventory(self, known: CachedIdentity, at: float) -> None:
        """Read the identity and the tables that hardly ever change."""
        changes = self.parts["config_changes"]
        if known.identity is not None and changes is not None and changes == known.config_changes:
            self.parts["identity"], self.parts["proof"] = known.identity, known.proof
            return
        self.parts["media_paths"] = await self._read_part(
            "media paths", lambda: marker_tables.read_media_paths(self.reading)
        )
        self.parts["lights"] = await self._read_part(
            "lights", lambda: status_objects.read_lights(self.reading)
        )
        self.parts["proof"] = None
        self.parts["identity"] = await self._read_part("identity", lambda: self._read_identity(at))
        self.parts["printers"] = await self._read_part(
            "printers", lambda: print_servers.read_units(self.reading, self.profiles)
        )

    async def confirm_proof(self, reader: SnmpReader) -> None:
        """Let the last reply of the poll carry the proof, too."""
        await self._read_part("proof", reader.confirm)

    def build_snapshot(self, reader: SnmpReader, at: float) -> Snapshot:
        reading = self.reading
        if self._reports_nothing():
            reading.note_problem(
                "it answers SNMP, but gives no data about itself: no model, no status, no counter"
            )
        return Snapshot(
            address=reader.address,
            at=at,
            units=reading.units or tuple(sorted(reading.seen)),
            charset=reading.charset,
            problems=tuple(reading.problems),
            sources=ValueSources(reading.sources, self._level_sources()),
            **self.parts,
        )

    def _level_sources(self) -> dict[str, str]:
        """List the sources of the levels that are not of the Printer MIB."""
        supplies = self.parts.get("supplies") or ()
        return {f"supplies.{one.index}.level": one.source for one in supplies if one.source}

    def _reports_nothing(self) -> bool:
        """Tell if the inventory tier was read and brought no identity, status, supply or counter."""
        identity = self.parts.get("identity")
        if identity is None or self._silent:
            return False
        others = [self.parts.get(part) for part in ("status", "alerts", "supplies", "markers", "meters")]
        return identity == Identity(mac=identity.mac, is_printer=identity.is_printer) and not any(others)

    async def _ask_scalars(self) -> dict[str, SnmpValue]:
        index = encode_arcs(self.reading.unit)
        general = {name: column + index for name, column in GENERAL.items()}
        wanted = {"uptime": UPTIME} | status_objects.status_oids(self.reading.unit) | general
        return await self.reading.get_named("status", wanted)

    async def _find_units(self) -> None:
        """Find the printers by hrDeviceType (RFC 2790), else by the rows of prtGeneralTable."""
        reading = self.reading
        self._types = await reading.walk_column(DEVICE_TYPE)
        found = [
            index[0] for index, value in self._types.items() if _is_printer_type(value) and len(index) == 1
        ]
        if not found:
            rows = await reading.walk_column(LOCALIZATION)
            found = [index[0] for index in rows if len(index) == 1]
        reading.units = tuple(sorted(found))

    async def _find_charset(self) -> int | None:
        """Read the charset of the current localization, else the one that all localizations share."""
        reading = self.reading
        unit = encode_arcs(reading.unit)
        row = (await reading.get([LOCALIZATION + unit])).get(LOCALIZATION + unit)
        if isinstance(row, int) and 0 <= row <= MAX_ARC:
            name = CHARSET + unit + encode_arcs(row)
            charset = (await reading.get([name])).get(name)
            if charset is not None:
                return reading.parse_number(charset, "prtLocalizationCharacterSet")
        charsets = {
            value
            for value in (await reading.walk_optional_column(CHARSET)).values()
            if isinstance(value, int)
        }
        return charsets.pop() if len(charsets) == 1 else None

    async def _read_alert_tables(self) -> list[list[MibRow]]:
        return await self.reading.read_tables(
            status_objects.CONSOLE, status_objects.COVERS, alert_table.ALERTS
        )

    async def _read_identity(self, at: float) -> Identity:
        decision = await self._decide_identity()
        sources = {f"identity.{name}": raw for name, raw in decision.sources.items()}
        self.reading.sources.update(sources)
        self.parts["proof"] = identity_proof.learn_proof(
            decision.identity, decision.sources, self.reading.answers, uptime=self.parts["uptime"], at=at
        )
        return decision.identity

    async def _decide_identity(self) -> IdentityDecision:
        reading = self.reading
        if not reading.units and not reading.seen:
            await reading.read_table(supply_table.SUPPLIES)
        rows = reading.units or reading.seen or self._scalars.keys() & {"printer", "errors"}
        return await evidence.read_identity(
            reading, devices=bool(self._types), printer_rows=bool(rows), profiles=self.profiles
        )

    async def _read_part(self, name: str, read: Callable[[], Awaitable[T]]) -> T | None:
        """Call `read`; on an error None and a problem. After a timeout no more requests are sent."""
        if self._silent:
            return None
        try:
            return await read()
        except AnotherDevice:
            raise
        except ReadingError as why:
            self._silent = isinstance(why, NoAnswer)
            self.reading.note_problem(f"{name}: {why.reason}")
            return None

    def _scalar_number(self, name: str) -> int | None:
        return self.reading.parse_number(self._scalars.get(name), name)


def _is_printer_type(value: SnmpValue) -> bool:
    return isinstance(value, ObjectId) and value == IS_PRINTER
