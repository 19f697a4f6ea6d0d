"""Other devices of a network: switch, power supply, scanner, silent host."""

from collections.abc import Mapping

from agent.simulator.ber import BerValue, Oid, oid
from agent.simulator.mib import MibTree, counter, gauge, integer, octets, oid_value, text, ticks
from agent.simulator.printer import DEVICE, INTERFACE, SYSTEM, UPTIME
from agent.simulator.walk import StaticDevice

_UPS: Oid = (1, 3, 6, 1, 2, 1, 33, 1)  # RFC 1628


class SilentHost:
    """A host that is there and answers nothing; packets to it are counted all the same."""

    def mib_at(self, elapsed: float) -> MibTree | None:  # noqa: ARG002 it never has one
        return None


def build_switch(ports: int = 24) -> StaticDevice:
    """A managed switch: many interfaces, no printer in hrDeviceTable, not even that table."""
    values = _system_group(
        "Example Networks GS-24, switch, software 12.4.6", "1.3.6.1.4.1.9.1.1208", "sw-2og"
    )
    values |= {(1, 3, 6, 1, 2, 1, 2, 1, 0): integer(ports)}
    for port in range(1, ports + 1):
        values |= {
            (*INTERFACE, 1, port): integer(port),
            (*INTERFACE, 2, port): text(f"GigabitEthernet0/{port}"),
            (*INTERFACE, 3, port): integer(6),
            (*INTERFACE, 5, port): gauge(1_000_000_000),
            (*INTERFACE, 6, port): octets(bytes.fromhex("02005e100000")[:5] + bytes((port,))),
            (*INTERFACE, 8, port): integer(1),
            (*INTERFACE, 10, port): counter(port * 9_999_991),
        }
    return StaticDevice(values)


def build_ups() -> StaticDevice:
    """A power supply with a network card."""
    values = _system_group(
        "Example Power UPS 3000, network card 2.1", "1.3.6.1.4.1.318.1.3.27", "ups-server-room"
    )
    battery: Mapping[tuple[int, ...], BerValue] = {
        (1, 1, 0): text("Example Power"),
        (1, 2, 0): text("UPS 3000"),
        (2, 1, 0): integer(2),  # upsBatteryStatus: normal
        (2, 4, 0): integer(100),  # upsEstimatedChargeRemaining, percent
    }
    return StaticDevice(values | {(*_UPS, *index): value for index, value in battery.items()})


def build_scanner() -> StaticDevice:
    """A document scanner: it has an hrDeviceTable, but no row of hrDevicePrinter, and no Printer MIB."""
    values = _system_group("Example Imaging DS-9, network scanner", "1.3.6.1.4.1.1248.1.1.2", "scan-post")
    return StaticDevice(
        values
        | {
            (*DEVICE, 1, 1): integer(1),
            (*DEVICE, 2, 1): oid_value(oid("1.3.6.1.2.1.25.3.1.1")),  # hrDeviceOther
            (*DEVICE, 3, 1): text("DS-9"),
            (*DEVICE, 5, 1): integer(2),
        }
    )


def _system_group(descr: str, object_id: str, called: str) -> dict[Oid, BerValue]:
    return {
        (*SYSTEM, 1, 0): text(descr),
        (*SYSTEM, 2, 0): oid_value(oid(object_id)),
        UPTIME: ticks(40 * 86400),
        (*SYSTEM, 4, 0): text(""),
        (*SYSTEM, 5, 0): text(called),
        (*SYSTEM, 6, 0): text("Server room"),
        (*SYSTEM, 7, 0): integer(2),
    }
