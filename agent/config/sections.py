"""The sections of `config.toml`, each key explained where it is declared."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from agent.config import web_addresses
from agent.config.values import (
    Cadence,
    Cidr,
    ConfigDuration,
    HostAddress,
    MacAddress,
    PortNumber,
    TimeZone,
    text_validator,
)
from agent.core import units

MAX_UNCONFIRMED_SIZE = 4096  # addresses in a /20: a larger range needs `allow_large = true`


class ConfigSection(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class SiteConfig(ConfigSection):
    id: str = Field("site", min_length=1, description="The provider's name for this site.")
    name: str = Field("", description="What people call it.")
    timezone: TimeZone | None = Field(
        None, description='A name of the IANA database: "Europe/Berlin". Without it: that of this machine.'
    )


class CredentialConfig(ConfigSection):
    """An SNMP credential. A secret may be "env:NAME", "file:PATH" or "secret:NAME"."""

    name: str = Field(min_length=1)
    version: Literal["1", "2c", "3"] = "2c"
    community: str = Field("public", repr=False)
    user: str = ""
    auth_protocol: Literal["MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"] | None = None
    auth_password: str = Field("", repr=False)
    priv_protocol: (
        Literal["DES", "3DES", "AES128", "AES192", "AES256", "AES192-BLUMENTHAL", "AES256-BLUMENTHAL"] | None
    ) = None
    priv_password: str = Field("", repr=False)
    context: str = Field(
        "",
        max_length=32,
        description="The SNMPv3 context in which printers answer; without it, the maker's is found.",
    )

    @model_validator(mode="after")
    def _check_credential(self) -> "CredentialConfig":
        if self.context and self.version != "3":
            raise ValueError('contexts are of SNMPv3 | add version = "3", or leave context out')
        if self.version == "3" and not self.user:
            raise ValueError('SNMP version 3 needs a user | add user = "…"')
        if self.priv_protocol and not self.auth_protocol:
            raise ValueError('privacy needs authentication | add auth_protocol = "SHA256"')
        for kind in ("auth", "priv"):
            if getattr(self, f"{kind}_protocol") and len(getattr(self, f"{kind}_password")) < 8:
                raise ValueError(f"{kind}_password needs at least 8 characters (RFC 3414, 11.2)")
        return self


Share = Literal["named", "known", "anyone"]
"""Which printers of a network may be given its v1/v2c communities."""


class NetworkConfig(ConfigSection):
    """A range that may be contacted; hosts outside all ranges are not, unless named as a printer."""

    cidr: Cidr
    snmp_port: PortNumber = 161
    credentials: tuple[str, ...] = Field(("public",), strict=False, min_length=1)
    share: Share = Field(
        "known",
        description="Which printers found here may be given a v1/v2c community other than "
        '"public": "named" by hand only, "known" at the address that answered it last, "anyone".',
    )
    sweep: bool = Field(True, description="Ask every address now and then, besides mDNS and the static list.")
    tags: tuple[str, ...] = Field((), strict=False, description="The provider's words for what is in it.")
    contract: str = Field("", description="The contract that its printers are under.")
    allow_large: bool = Field(False, description="Needed for a range larger than a /20.")

    @model_validator(mode="after")
    def _check_size(self) -> "NetworkConfig":
        if self.sweep and self.cidr.num_addresses > MAX_UNCONFIRMED_SIZE and not self.allow_large:
            raise ValueError(
                f"{self.cidr} holds {self.cidr.num_addresses} addresses, more than a /20 | "
                "name the smaller ranges, or say allow_large = true, or sweep = false"
            )
        return self


class PrinterConfig(ConfigSection):
    """A printer named by hand; it may lie outside the networks."""

    host: HostAddress
    snmp_port: PortNumber = 161
    credentials: tuple[str, ...] = Field(("public",), strict=False, min_length=1)
    tags: tuple[str, ...] = Field((), strict=False, description="The provider's words for it.")
    contract: str = Field("", description="The contract that it is under; empty: that of its network.")


class ExcludeConfig(ConfigSection):
    """Hosts that are never contacted; this overrides every other section."""

    networks: tuple[Cidr, ...] = Field((), strict=False)
    hosts: tuple[HostAddress, ...] = Field((), strict=False)
    macs: tuple[MacAddress, ...] = Field((), strict=False)


class ScheduleConfig(ConfigSection):
    """The interval of each kind of poll; jitter spreads the printers over it."""

    alerts: Cadence = 300.0
    supplies: Cadence = 1800.0
    meters: Cadence = 3600.0
    inventory: Cadence = 86400.0
    sweep: Cadence = 86400.0
    heartbeat: Cadence = 900.0
    feedback: Cadence = Field(900.0, description="How often the provider's desk is asked what it says.")
    quiet_hours: Annotated[units.HourRange, text_validator(units.HourRange.parse)] | None = Field(
        None, description="Local time in which printers are asked six times less often, and never swept."
    )


class SnmpConfig(ConfigSection):
    engine: Literal["auto", "pysnmp"] = "auto"
    timeout: ConfigDuration = 2.0
    retries: int = Field(3, ge=0, le=5)  # 2 + 4 + 8 + 16 s: a sleeping printer may need 18 s to wake
    requests_per_second: float = Field(200.0, gt=0, le=5000)
    requests_per_second_per_subnet: float = Field(20.0, gt=0, le=5000)


class IppConfig(ConfigSection):
    """IPP beside SNMP: for values that SNMP lacks, and for printers without SNMP."""

    enabled: bool = True
    port: PortNumber = 631
    timeout: ConfigDuration = 30.0  # a sleeping printer may need 18 s to answer


class CupsConfig(ConfigSection):
    """Printers on a USB cable of this machine, read through its spooler."""

    enabled: bool = True
    socket: str = Field(
        "/run/cups/cups.sock", description="Where the spooler listens; without it nothing is read."
    )


class CollectorsConfig(ConfigSection):
    profiles: str = Field("profiles.d", description="*.toml in it add to or replace the vendor profiles.")


class MdnsConfig(ConfigSection):
    enabled: bool = True
    interfaces: tuple[HostAddress, ...] = Field(
        (), strict=False, description="Addresses of the interfaces to listen on."
    )


class TrapsConfig(ConfigSection):
    enabled: bool = Field(False, description="Listen for traps and informs: hints to look at a printer now.")
    host: HostAddress = Field("0.0.0.0", description="The address to listen on.")  # noqa: S104 - off by default
    port: PortNumber = 162


class RulesConfig(ConfigSection):
    folder: str = Field("rules.d", description="*.toml in it are added to the shipped rules.")
    first_days: ConfigDuration = Field(
        72 * 3600.0,
        ge=0,
        description="On a new site, what was there before the agent goes into one digest; 0 s: never.",
    )


class ContractsConfig(ConfigSection):
    """What the provider agreed with the customer; both files are picked up when they change."""

    file: str = Field("contracts.toml", description="Contracts; without the file there are none.")
    assets: str = Field("assets.csv", description="The provider's list of printers, by serial or MAC.")


class ProviderConfig(ConfigSection):
    insecure_loopback: bool = Field(False, description="Allow http://, to 127.0.0.1 only. For trials.")
    url: str = Field("", description="Where events go. Empty: they wait in the outbox.")
    token_file: str | None = Field(None, description="A file with the bearer token; read at each request.")
    ca_file: str | None = Field(None, description="A private certificate authority, beside the system's.")
    proxy: str = Field(
        "", description="http://[user:password@]host:port; empty: HTTPS_PROXY, if set.", repr=False
    )

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str, given: ValidationInfo) -> str:
        if url:
            loopback = bool(given.data.get("insecure_loopback"))
            web_addresses.check_provider_url(url, insecure_loopback=loopback)
        return url

    @field_validator("proxy")
    @classmethod
    def _check_proxy(cls, proxy: str) -> str:
        if proxy:
            web_addresses.check_proxy(proxy)
        return proxy


class EgressConfig(ConfigSection):
    """Fields that are removed or masked before anything leaves the site."""

    remove: tuple[Literal["ip", "hostname", "mac", "location", "contact", "asset_tag"], ...] = Field(
        (), strict=False, description="Fields of a printer that are never sent."
    )
    mask: tuple[Literal["ip", "mac"], ...] = Field(
        (), strict=False, description="Fields of which only the network, or the maker, is sent."
    )


class StorageConfig(ConfigSection):
    folder: str | None = Field(None, description="Where state is kept; the system's place by default.")
    keep_history: ConfigDuration = Field(
        400 * 86400.0,
        ge=60 * 86400,
        description="Alerts, levels, states, events; forecasts that were checked.",
    )
    keep_page_counts: ConfigDuration = Field(
        35 * 86400.0, ge=35 * 86400, description="Each change of a page counter; after that one a day."
    )
    keep_meter_reads: ConfigDuration = Field(
        1100 * 86400.0,
        ge=400 * 86400,
        description="The chained reads that invoices rest on, and their borders.",
    )


class LogConfig(ConfigSection):
    level: Literal["debug", "info", "warning", "error"] = "info"
