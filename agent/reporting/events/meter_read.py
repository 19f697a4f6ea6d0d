"""Builds mps.meter_read/1 events."""

from typing import cast

from agent.core.clock import format_iso_time
from agent.core.model import Device, Trust
from agent.history.meters.daily_reads import MeterStatement
from agent.history.meters.ledger import CounterEpoch, MeterCounter
from agent.history.meters.named_sums import NamedSum
from agent.reporting.events.rows import build_device, map_trust
from uplink.events import meter_read as wire
from uplink.events.base import Agent


def build_meter_read(agent: Agent, device: Device, read: MeterStatement) -> wire.MeterRead:
    """Build a meter read, with the borders since the last one."""
    return wire.MeterRead.model_construct(
        schema_="mps.meter_read/1",
        observed_at=format_iso_time(read.at),
        agent=agent,
        device=build_device(device),
        meters=_build_meters(read),
    )


def _build_meters(read: MeterStatement) -> wire.Meters:
    total, end = read.total_counter, read.end
    return wire.Meters.model_construct(
        read_at=format_iso_time(read.at),
        day=read.day,
        time_zone=read.zone,
        source=total.source if total else "",
        trust=map_trust(total.trust if total else Trust.UNVERIFIED),
        counters=read.billable_counts,
        sums=[_build_sum(one) for one in read.sums],
        details=[_build_counter(one) for one in read.counters],
        borders=[_build_border(one) for one in read.borders],
        chain=wire.Chain.model_construct(
            reads=end.number, head=end.head.hex(), previous=read.before.head.hex(), version=2
        ),
    )


def _build_sum(one: NamedSum) -> wire.Sum:
    return wire.Sum.model_construct(
        name=cast("wire.SumName", one.name),
        value=one.value,
        reason=one.reason.value if one.reason else None,
        sources=list(one.sources),
    )


def _build_counter(counter: MeterCounter) -> wire.Counter:
    return wire.Counter.model_construct(
        name=counter.name,
        part=counter.part,
        unit=counter.unit,
        source=counter.source,
        read_at=format_iso_time(counter.at),
        raw=counter.raw,
        adjusted=counter.adjusted,
        epoch=counter.epoch,
        trust=map_trust(counter.trust),
        billable=counter.billable,
    )


def _build_border(epoch: CounterEpoch) -> wire.Border:
    return wire.Border.model_construct(
        name=epoch.name,
        part=epoch.part,
        source=epoch.source,
        epoch=epoch.number,
        at=format_iso_time(epoch.opened),
        why=cast("wire.Why", epoch.why.name.lower()),
        before=epoch.before,
        first=epoch.first,
        gap=epoch.gap,
    )
