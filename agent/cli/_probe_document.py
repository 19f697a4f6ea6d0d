"""The output of `printwarden probe --json` as models, so that it always fits its JSON Schema."""

from collections.abc import Sequence
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from agent.core import model
from agent.core.model import Amount, Snapshot, Vague

_RAW = {Vague.OTHER: -1, Vague.UNKNOWN: -2, Vague.SOME_LEFT: -3, Vague.LOW: None}

Vagueness = Literal["other", "unknown", "some_left", "low"] | None
Availability = Literal["idle", "on request", "standby", "broken", "active", "unknown", "busy"] | None


class _ProbeModel(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True)


Row = TypeVar("Row", bound=_ProbeModel)


class ProbedIdentity(_ProbeModel):
    vendor: str | None = None
    model: str | None = Field(None, description='Without the vendor\'s name and a trailing "series".')
    serial: str | None = None
    firmware: str | None = None
    mac: str | None = Field(None, description="Twelve lower-case hex digits.")
    uuid: str | None = None
    is_printer: bool | None = Field(None, description="null: it cannot be decided from what was read.")
    name: str | None = None
    location: str | None = None
    object_id: str | None = Field(None, description="sysObjectID.")
    description: str | None = Field(None, description="sysDescr.")


class ProbedStatus(_ProbeModel):
    device: str | None = Field(None, description="hrDeviceStatus (RFC 2790).")
    printer: str | None = Field(None, description="hrPrinterStatus (RFC 2790).")
    errors: list[str] | None = Field(None, description="Bits of hrPrinterDetectedErrorState; null: not read.")
    console: list[str] = Field([], description="The lines of the panel.")


class ProbedAlert(_ProbeModel):
    code: int | None
    name: str = Field(description="Label of PrtAlertCodeTC.")
    group: str | None
    group_index: int | None
    location: int | None
    severity: str | None
    training: str | None
    text: str
    kind: Literal["condition", "event", "state"] = Field(
        description="condition: true while it stands; event: happened; state: a healthy printer says so too."
    )
    index: int
    unit: int | None = Field(description="hrDeviceIndex.")
    ticks: int | None = Field(description="prtAlertTime, 1/100 s of sysUpTime.")
    low_confidence: bool = Field(description="The name is after PWG 5107.3 drafts.")
    raw: str | None = Field(description="Hex of the text, where it is not plain ASCII.")


class ProbedSupply(_ProbeModel):
    index: str = Field(description="hrDeviceIndex.prtMarkerSuppliesIndex")
    type: str | None
    supply_class: Literal["consumed", "receptacle"] | None = Field(alias="class")
    colour: str = Field(description='"unknown" where neither text nor colorant tells.')
    level: int | None = Field(
        description="As read: -1 other, -2 unknown, -3 some left; null: a maker's own code for low, or none."
    )
    source: str = Field(description='Where the level is from: the OID, "OID#record", or "ipp:attribute".')
    max: int | None
    unit: str | None
    percent: int | None
    vagueness: Vagueness
    description: str
    part_number: str | None
    serial: str | None
    marker: int | None
    raw: str | None


class ProbedTray(_ProbeModel):
    index: str
    name: str
    level: int | None = Field(description="As read: -1 no restriction, -2 unknown, -3 at least one.")
    max: int | None
    unit: str | None
    percent: int | None
    vagueness: Vagueness
    status: int | None = Field(description="PrtSubUnitStatusTC, a sum of parts.")
    availability: Availability
    media: str | None
    type: str | None


class ProbedCover(_ProbeModel):
    index: str
    description: str
    state: str | None


class ProbedMeter(_ProbeModel):
    name: str
    value: int
    unit: str
    part: str | None
    source: str = Field(description='The OID, "OID#record", or "ipp:attribute".')
    trust: Literal["measured", "unverified", "estimated", "stale", "offset"]
    confidence: Literal["A", "B", "C"] | None = Field(
        description="Of a vendor's row: A two sources, B one, C a weak one; null: the standard has it."
    )


class ProbedMarker(_ProbeModel):
    index: str
    technology: str | None
    unit: str | None
    life: int | None
    power_on: int | None
    status: int | None


class ProbedMediaPath(_ProbeModel):
    index: str
    type: str | None
    description: str
    status: int | None
    speed: int | None = Field(description="Impressions or sheets an hour at most.")


class ProbedLight(_ProbeModel):
    index: str
    description: str
    colour: str | None
    state: str | None


class ProbedUnit(_ProbeModel):
    index: int = Field(description="hrDeviceIndex: the first number in the index of its rows.")
    vendor: str | None
    model: str | None
    serial: str | None
    name: str | None


class ProbeDocument(_ProbeModel):
    """The result of one probe. null: not read or not there; a list: read, also if empty."""

    address: str
    read_at: str = Field(description="RFC 3339, UTC.")
    via: str = Field(description='"snmp" or "ipp".')
    certificate: str | None = Field(description="SHA-256 of its certificate, with ipps://.")
    uptime: int | None = Field(description="sysUpTime, 1/100 s.")
    units: list[int] = Field(description="hrDeviceIndex of each printer found.")
    printers: list[ProbedUnit] | None = Field(
        description="Who each is, of several behind one address; `identity` is the first of them."
    )
    identity: ProbedIdentity
    status: ProbedStatus
    alerts: list[ProbedAlert] | None
    critical_events: int | None
    all_events: int | None
    config_changes: int | None
    supplies: list[ProbedSupply] | None
    inputs: list[ProbedTray] | None
    outputs: list[ProbedTray] | None
    covers: list[ProbedCover] | None
    meters: list[ProbedMeter] | None
    markers: list[ProbedMarker] | None
    media_paths: list[ProbedMediaPath] | None
    lights: list[ProbedLight] | None
    problems: list[str] = Field(description="What could not be read, or made no sense.")
    sources: dict[str, str] | None = Field(
        None, description="With --explain: value -> OID, or ipp:attribute."
    )


def build_document(snapshot: Snapshot, read_at: str, *, explain: bool = False) -> ProbeDocument:
    """Build the document that is printed from `snapshot`."""
    return ProbeDocument(
        address=str(snapshot.address),
        read_at=read_at,
        via=snapshot.via,
        certificate=snapshot.certificate,
        uptime=snapshot.uptime,
        units=list(snapshot.units),
        printers=_build_rows(ProbedUnit, snapshot.printers),
        identity=ProbedIdentity.model_validate(snapshot.identity or model.Identity()),
        status=_build_status(snapshot.status or model.Status()),
        alerts=_build_rows(ProbedAlert, snapshot.alerts),
        critical_events=snapshot.critical_events,
        all_events=snapshot.all_events,
        config_changes=snapshot.config_changes,
        supplies=None if snapshot.supplies is None else [_build_supply(one) for one in snapshot.supplies],
        inputs=None if snapshot.inputs is None else [_build_tray(one) for one in snapshot.inputs],
        outputs=None if snapshot.outputs is None else [_build_tray(one) for one in snapshot.outputs],
        covers=_build_rows(ProbedCover, snapshot.covers),
        meters=_build_rows(ProbedMeter, snapshot.meters),
        markers=_build_rows(ProbedMarker, snapshot.markers),
        media_paths=_build_rows(ProbedMediaPath, snapshot.media_paths),
        lights=_build_rows(ProbedLight, snapshot.lights),
        problems=list(snapshot.problems),
        sources=dict(snapshot.sources) if explain else None,
    )


def raw_level(amount: Amount) -> int | None:
    """The number as the printer sent it."""
    return _RAW[amount] if isinstance(amount, Vague) else amount


def _build_rows(shape: type[Row], rows: Sequence[object] | None) -> list[Row] | None:
    return None if rows is None else [shape.model_validate(row) for row in rows]


def _build_status(status: model.Status) -> ProbedStatus:
    return ProbedStatus(
        device=status.device,
        printer=status.printer,
        errors=None if status.errors is None else list(status.errors),
        console=list(status.console),
    )


def _build_supply(supply: model.Supply) -> ProbedSupply:
    return ProbedSupply.model_validate({
        "index": supply.index, "type": supply.type, "class": supply.kind, "colour": supply.colour,
        "level": raw_level(supply.level), "max": raw_level(supply.max), "unit": supply.unit,
        "source": supply.level_source, "percent": supply.percent,
        "vagueness": supply.vagueness, "description": supply.description,
        "part_number": supply.part_number, "serial": supply.serial, "marker": supply.marker,
        "raw": supply.raw,
    })  # fmt: skip


def _build_tray(tray: model.Tray) -> ProbedTray:
    return ProbedTray(
        index=tray.index,
        name=tray.name,
        level=raw_level(tray.level),
        max=raw_level(tray.max),
        unit=tray.unit,
        percent=tray.percent,
        vagueness=tray.vagueness.value if tray.vagueness else None,
        status=tray.status,
        availability=model.decode_availability(tray.status),
        media=tray.media,
        type=tray.type,
    )
