"""One device of a simulated fleet: what it is, where it lives, how it may be asked."""

import ipaddress
from dataclasses import dataclass, field
from random import Random

import agent.simulator.scenarios
from agent.core.model import Address
from agent.core.plugins import load
from agent.simulator.endpoint import Source
from agent.simulator.model import Make
from agent.simulator.printer import Printer
from agent.simulator.scenario import Promise, Story


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who may ask with SNMPv3 (RFC 3414). Secrets never show in `repr`."""

    name: str
    auth_protocol: str | None = None  # "MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"
    auth_password: str = field(default="", repr=False)
    priv_protocol: str | None = None  # "DES", "3DES", "AES128", "AES192", "AES256"
    priv_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One device of the fleet. Port 0: the system chooses one for all such members."""

    address: Address
    source: Source
    name: str
    about: str = ""
    story: str = ""
    promise: Promise | None = None
    make: Make | None = None  # None: no printer, or a walk file
    community: str = "public"
    versions: frozenset[str] = frozenset({"1", "2c"})
    user: User | None = None  # speaks v3 too, or only v3 if `versions` is empty
    quirks: tuple[str, ...] = ()
    announced: bool = False  # over mDNS

    @property
    def key(self) -> str | None:
        """What the inventory should call it: by its serial number, else by its MAC."""
        if self.make is None:
            return None
        return f"sn:{self.make.serial}" if self.make.serial else f"mac:{self.make.mac}"

    @property
    def speaks(self) -> str:
        """Its versions, for a person: "1, 2c"."""
        return ", ".join(sorted({*self.versions, *({"3"} if self.user else ())})) or "nothing"


def printer(make: Make, story: str, address: Address, *, seed: int = 0) -> Member:
    """A printer of this make that lives through this story. Raises KeyError for an unknown story."""
    told = tell(make, story, seed=seed)
    return Member(
        address=address,
        source=Printer(make, told),
        name=make.name,
        about=told.about,
        story=story,
        promise=told.promise,
        make=make,
        quirks=told.quirks,
        announced=True,
    )


def tell(make: Make, story: str, *, seed: int = 0) -> Story:
    """The story of that name for this printer: the same seed tells the same story. Raises KeyError."""
    luck = Random(f"{seed}:{make.mac}:{story}")  # noqa: S311 no secret hangs on it
    told: Story = load(agent.simulator.scenarios, story).tell(make, luck)
    return told


def addresses(base: str, port: int, count: int) -> list[Address]:
    """`count` addresses in a row, from `base` on. Raises ValueError if `base` is not an IP address."""
    first = ipaddress.ip_address(base)
    return [Address(str(first + offset), port) for offset in range(count)]
