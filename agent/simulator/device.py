"""One device of a simulated fleet: its model, address and credentials."""

import ipaddress
from dataclasses import dataclass, field
from random import Random
from typing import Literal

import agent.simulator.scenarios
from agent.core.model import Address
from agent.core.plugins import load_plugin
from agent.simulator.endpoint import MibSource
from agent.simulator.model import PrinterModel
from agent.simulator.printer import SimulatedPrinter
from agent.simulator.scenario import ExpectedTicket, Scenario

OtherContexts = Literal["report", "nothing", "silence"]
"""snmpUnknownContexts (RFC 3413, 3.2), values that are missing, or no answer at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsmUser:
    """A user of SNMPv3 (RFC 3414). Secrets never show in `repr`."""

    name: str
    auth_protocol: str | None = None  # "MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"
    auth_password: str = field(default="", repr=False)
    priv_protocol: str | None = None  # "DES", "3DES", "AES128", "AES192", "AES256"
    priv_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedDevice:
    """One device of the fleet. Port 0: the system chooses one for all such devices."""

    address: Address
    source: MibSource
    name: str
    about: str = ""
    story: str = ""
    expected_ticket: ExpectedTicket | None = None
    make: PrinterModel | None = None  # None: no printer, or a walk file
    community: str = "public"
    versions: frozenset[str] = frozenset({"1", "2c"})
    user: UsmUser | None = None  # speaks v3 too, or only v3 if `versions` is empty
    context: str = ""  # of SNMPv3: the only one in which it answers
    other_contexts: OtherContexts = "report"  # what it answers in the others
    quirks: tuple[str, ...] = ()
    announced: bool = False  # over mDNS

    @property
    def key(self) -> str | None:
        """The device key expected in the inventory: from the serial number, else from the MAC."""
        if self.make is None:
            return None
        return f"sn:{self.make.serial}" if self.make.serial else f"mac:{self.make.mac}"

    @property
    def spoken_versions(self) -> str:
        """Its versions, for a person: "1, 2c"."""
        return ", ".join(sorted({*self.versions, *({"3"} if self.user else ())})) or "nothing"


def build_printer(make: PrinterModel, story: str, address: Address, *, seed: int = 0) -> SimulatedDevice:
    """Build a printer of this model that plays this scenario. Raises KeyError for an unknown scenario."""
    told = load_scenario(make, story, seed=seed)
    return SimulatedDevice(
        address=address,
        source=SimulatedPrinter(make, told),
        name=make.name,
        about=told.about,
        story=story,
        expected_ticket=told.expected_ticket,
        make=make,
        quirks=told.quirks,
        announced=True,
    )


def load_scenario(make: PrinterModel, story: str, *, seed: int = 0) -> Scenario:
    """Load the scenario of that name for this printer: always the same for one seed. Raises KeyError."""
    luck = Random(f"{seed}:{make.mac}:{story}")  # noqa: S311 no secret hangs on it
    told: Scenario = load_plugin(agent.simulator.scenarios, story).build_scenario(make, luck)
    return told


def list_addresses(base: str, port: int, count: int) -> list[Address]:
    """`count` addresses in a row, from `base` on. Raises ValueError if `base` is not an IP address."""
    first = ipaddress.ip_address(base)
    return [Address(str(first + offset), port) for offset in range(count)]
