"""`config.toml`, the file that customer IT owns: what may be contacted, how often, and who is told.

Every key is explained where it is declared; `config.example.toml` shows them all. A mistake stops the
start with file, line, key, reason and a suggestion.
"""

import ipaddress
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from agent import toml, units
from agent.errors import Complaint, ConfigError
from agent.paths import default_paths

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
T = TypeVar("T")

SHORTEST_CADENCE = 10.0
LARGEST_UNASKED = 4096  # addresses in a /20: a larger range needs `allow_large = true`


def _parsed(parse: Callable[[str], T]) -> BeforeValidator:
    def check(value: object) -> object:
        return parse(value) if isinstance(value, str) else value

    return BeforeValidator(check)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as why:
        if "host bits" in str(why):
            fitting = ipaddress.ip_network(text, strict=False)
            raise ValueError(f'"{text}" has host bits set | did you mean "{fitting}"?') from None
        raise ValueError(f'"{text}" is not a network | write one like "192.168.10.0/24"') from None


def _mac(text: str) -> str:
    digits = text.lower().replace(":", "").replace("-", "").replace(".", "")
    if len(digits) != 12 or any(digit not in "0123456789abcdef" for digit in digits):
        raise ValueError(f'"{text}" is not a MAC address | write one like "00:11:22:33:44:55"')
    return digits


def _host(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f'"{text}" is not an IP address | write one like "192.168.10.20"') from None


def _duration(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError(  # noqa: TRY004 - pydantic collects ValueErrors
            f'{value} has no unit | write it with one: "{value} seconds", "{value} minutes"'
        )
    return units.duration(value) if isinstance(value, str) else value


def _polite(seconds: float) -> float:
    if seconds < SHORTEST_CADENCE:
        raise ValueError("below 10 seconds is not polite to the printers | the default is a good start")
    return seconds


Duration = Annotated[float, BeforeValidator(_duration)]
Cadence = Annotated[Duration, AfterValidator(_polite)]
Cidr = Annotated[Network, _parsed(_network)]
Mac = Annotated[str, _parsed(_mac)]
Host = Annotated[str, _parsed(_host)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class Site(Section):
    id: str = Field("site", min_length=1, description="The provider's name for this site.")
    name: str = Field("", description="What people call it.")


class CredentialConfig(Section):
    """How to ask printers. A secret may be "env:NAME", "file:PATH" or "secret:NAME"."""

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

    @model_validator(mode="after")
    def _complete(self) -> "CredentialConfig":
        if self.version == "3" and not self.user:
            raise ValueError('SNMP version 3 needs a user | add user = "…"')
        if self.priv_protocol and not self.auth_protocol:
            raise ValueError('privacy needs authentication | add auth_protocol = "SHA256"')
        for kind in ("auth", "priv"):
            if getattr(self, f"{kind}_protocol") and len(getattr(self, f"{kind}_password")) < 8:
                raise ValueError(f"{kind}_password needs at least 8 characters (RFC 3414, 11.2)")
        return self


class NetworkConfig(Section):
    """A range that may be contacted. Nothing outside the configured networks ever is."""

    cidr: Cidr
    snmp_port: Port = 161
    credentials: tuple[str, ...] = Field(("public",), strict=False, min_length=1)
    sweep: bool = Field(True, description="Ask every address now and then, besides mDNS and the static list.")
    allow_large: bool = Field(False, description="Needed for a range larger than a /20.")

    @model_validator(mode="after")
    def _size(self) -> "NetworkConfig":
        if self.sweep and self.cidr.num_addresses > LARGEST_UNASKED and not self.allow_large:
            raise ValueError(
                f"{self.cidr} holds {self.cidr.num_addresses} addresses, more than a /20 | "
                "name the smaller ranges, or say allow_large = true, or sweep = false"
            )
        return self


class PrinterConfig(Section):
    """A printer named by hand; it may lie outside the networks."""

    host: Host
    snmp_port: Port = 161
    credentials: tuple[str, ...] = Field(("public",), strict=False, min_length=1)


class Exclude(Section):
    """Never contacted, whatever else is configured."""

    networks: tuple[Cidr, ...] = Field((), strict=False)
    hosts: tuple[Host, ...] = Field((), strict=False)
    macs: tuple[Mac, ...] = Field((), strict=False)


class Schedule(Section):
    """How often each printer is asked for what; jitter spreads the printers over the time."""

    alerts: Cadence = 300.0
    supplies: Cadence = 1800.0
    meters: Cadence = 3600.0
    inventory: Cadence = 86400.0
    sweep: Cadence = 86400.0
    heartbeat: Cadence = 900.0
    quiet_hours: Annotated[units.Hours, _parsed(units.Hours.parse)] | None = Field(
        None, description="Local time in which printers are asked six times less often, and never swept."
    )


class Snmp(Section):
    engine: Literal["auto", "pysnmp"] = "auto"
    timeout: Duration = 2.0
    retries: int = Field(3, ge=0, le=5)  # 2 + 4 + 8 + 16 s: a sleeping printer may need 18 s to wake
    requests_per_second: float = Field(200.0, gt=0, le=5000)
    requests_per_second_per_subnet: float = Field(20.0, gt=0, le=5000)


class Ipp(Section):
    """IPP beside SNMP: for what SNMP leaves open, and for printers that do not speak it."""

    enabled: bool = True
    port: Port = 631
    timeout: Duration = 30.0  # a sleeping printer may need 18 s to answer


class Cups(Section):
    """Printers on a USB cable of this machine, read through its spooler."""

    enabled: bool = True
    socket: str = Field(
        "/run/cups/cups.sock", description="Where the spooler listens; without it nothing is read."
    )


class Collectors(Section):
    profiles: str = Field("profiles.d", description="*.toml in it add to or replace the vendor profiles.")


class Mdns(Section):
    enabled: bool = True
    interfaces: tuple[Host, ...] = Field(
        (), strict=False, description="Addresses of the interfaces to listen on."
    )


class Traps(Section):
    enabled: bool = Field(False, description="Listen for traps and informs: hints to look at a printer now.")
    host: Host = Field("0.0.0.0", description="The address to listen on.")  # noqa: S104 - off by default
    port: Port = 162


class RulesConfig(Section):
    folder: str = Field("rules.d", description="*.toml in it are added to the shipped rules.")
    first_days: Duration = Field(
        72 * 3600.0,
        ge=0,
        description="On a new site, what was there before the agent goes into one digest; 0 s: never.",
    )


class Provider(Section):
    url: str = Field("", description="Where events go. Empty: they wait in the outbox.")
    token_file: str | None = Field(None, description="A file with the bearer token; read at each request.")
    ca_file: str | None = Field(None, description="A private certificate authority, beside the system's.")
    proxy: str = Field(
        "", description="http://[user:password@]host:port; empty: HTTPS_PROXY, if set.", repr=False
    )
    insecure_loopback: bool = Field(False, description="Allow http://, to 127.0.0.1 only. For trials.")

    @model_validator(mode="after")
    def _safe(self) -> "Provider":
        if not self.url:
            return self
        parts = urlsplit(self.url)
        loopback = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        if parts.scheme == "https" or (parts.scheme == "http" and loopback and self.insecure_loopback):
            return self
        if parts.scheme == "http":
            raise ValueError(f'"{self.url}" would send tickets in clear text | use https://')
        raise ValueError(f'"{self.url}" is not a web address | write one like "https://provider.example/v1"')


class Egress(Section):
    """What may leave the site. A provider's contract may take out more, never less."""

    remove: tuple[Literal["ip", "hostname", "mac", "location", "contact", "asset_tag"], ...] = Field(
        (), strict=False, description="Fields of a printer that are never sent."
    )
    mask: tuple[Literal["ip", "mac"], ...] = Field(
        (), strict=False, description="Fields of which only the network, or the maker, is sent."
    )


class Target(Section):
    """Another way to the provider than a url: at most one of them."""

    folder: dict[str, Any] = Field(
        default_factory=dict, description="A folder that is carried to the provider."
    )
    smtp: dict[str, Any] = Field(default_factory=dict, description="Tickets by e-mail.")

    @property
    def named(self) -> dict[str, dict[str, Any]]:
        """Those that are configured: the name of a file in `uplink/targets` to its settings."""
        return {name: table for name, table in (("folder", self.folder), ("smtp", self.smtp)) if table}


class Storage(Section):
    folder: str | None = Field(None, description="Where state is kept; the system's place by default.")


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Section):
    """The whole file."""

    config_version: Literal[1] = 1
    site: Site = Site()
    provider: Provider = Provider()
    network: tuple[NetworkConfig, ...] = Field((), strict=False)
    printer: tuple[PrinterConfig, ...] = Field((), strict=False)
    credential: tuple[CredentialConfig, ...] = Field((), strict=False)
    exclude: Exclude = Exclude()
    schedule: Schedule = Schedule()
    snmp: Snmp = Snmp()
    ipp: Ipp = Ipp()
    cups: Cups = Cups()
    collectors: Collectors = Collectors()
    mdns: Mdns = Mdns()
    traps: Traps = Traps()
    rules: RulesConfig = RulesConfig()
    target: Target = Target()
    egress: Egress = Egress()
    storage: Storage = Storage()
    log: Log = Log()
    folder: Path = Field(Path(), exclude=True, description="Where the file lies. Set by `load`.")

    def beside(self, name: str) -> Path:
        """A path written in the file: absolute, relative to the file's folder, or "secret:NAME"."""
        return located(self.folder, name)

    @property
    def state(self) -> Path:
        """The folder of everything that is kept."""
        return self.beside(self.storage.folder) if self.storage.folder else default_paths().state

    @property
    def database(self) -> Path:
        return self.state / "printwarden.db"

    @property
    def identity(self) -> Path:
        """The folder of the key and the credential."""
        return self.state / "identity"


def located(folder: Path, name: str) -> Path:
    """The file that `name` means in a configuration that lies in `folder`.

    "secret:NAME" is the credential that systemd gives the service (systemd.exec(5), LoadCredential=), or
    else NAME in the folder `secrets` beside the configuration.
    """
    if not name.startswith("secret:"):
        return folder / Path(name).expanduser()
    secret = name.removeprefix("secret:")
    given = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere")) / f"secrets_{secret}"
    return given if given.is_file() else folder / "secrets" / secret


def load(path: Path) -> Config:
    """The configuration in `path`. Raises ConfigError with every complaint."""
    return _checked(toml.read(path, missing="`printwarden init` makes one; --config names another"))


def check(data: dict[str, Any], folder: Path) -> Config:
    """A configuration put together elsewhere, from the command line for example; state goes to `folder`."""
    document = toml.Document(folder / "command line", "", data | {"storage": {"folder": str(folder)}})
    return _checked(document)


def _checked(document: toml.Document) -> Config:
    if "folder" in document.data:
        raise ConfigError([document.complaint(("folder",), "unknown key", "state goes to [storage] folder")])
    resolved, complaints = _with_secrets(document)
    try:
        config = toml.validate(resolved, Config)
        complaints += _references(document, config)
    except ConfigError as why:
        complaints += why.complaints
    if complaints:
        raise ConfigError(sorted(complaints, key=lambda complaint: complaint.line or 0))
    return config.model_copy(update={"folder": document.path.parent.absolute()})


def _references(document: toml.Document, config: Config) -> list[Complaint]:
    """Names that are used but not declared, declared twice, or files that are not there."""
    names = [credential.name for credential in config.credential]
    known = {*names, "public"}
    complaints = [
        document.complaint(("credential", n, "name"), f'"{name}" is declared twice', "rename one of them")
        for n, name in enumerate(names)
        if name in names[:n]
    ]
    for kind in ("network", "printer"):
        for n, place in enumerate(getattr(config, kind)):
            complaints += [
                document.complaint(
                    (kind, n, "credentials"),
                    f'no [[credential]] is named "{name}"',
                    toml.nearest(name, sorted(known)),
                )
                for name in place.credentials
                if name not in known
            ]
    for key in ("ca_file", "token_file"):
        name = getattr(config.provider, key)
        if name and not located(document.path.parent, name).is_file():
            complaints.append(document.complaint(("provider", key), f'there is no file "{name}"'))
    return complaints


def _with_secrets(document: toml.Document) -> tuple[toml.Document, list[Complaint]]:
    """The document with "env:NAME" and "file:PATH" replaced by what they point to, where they do."""
    complaints: list[Complaint] = []

    def resolve(value: Any, where: toml.Where) -> Any:
        if isinstance(value, dict):
            return {key: resolve(inner, (*where, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [resolve(inner, (*where, n)) for n, inner in enumerate(value)]
        if not isinstance(value, str) or where[-1] not in _SECRETS:
            return value
        try:
            return _secret(value, document.path.parent)
        except ValueError as why:
            complaints.append(document.complaint(where, str(why)))
            return value

    data = resolve(document.data, ())
    return toml.Document(document.path, document.text, data), complaints


_SECRETS = frozenset({"community", "auth_password", "priv_password", "proxy"})


def _secret(value: str, folder: Path) -> str:
    """What "env:…", "file:…" or "secret:…" points to; any other value is itself. Raises ValueError."""
    kind, _, name = value.partition(":")
    if kind == "env":
        if name not in os.environ:
            raise ValueError(f"the environment variable {name} is not set")
        return os.environ[name]
    if kind in {"file", "secret"}:
        try:
            return located(folder, name if kind == "file" else value).read_text("utf-8").strip()
        except OSError as why:
            raise ValueError(f"{name} cannot be read: {why.strerror}") from None
    return value
