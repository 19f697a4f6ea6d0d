"""`[exclude]` for the commands that contact printers: no packet goes to an excluded host.

The exclusions are those of --config, or of this system's configuration where it exists and can be read.
"""

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from agent.cli import _common

if TYPE_CHECKING:
    from agent.config import ExcludeConfig

AlthoughExcluded = Annotated[
    bool, typer.Option("--although-excluded", help="Contact the host although \\[exclude] lists it.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusions:
    """The `[exclude]` section in force for one command; None without one."""

    section: "ExcludeConfig | None" = None
    file: Path | None = None

    @property
    def macs(self) -> frozenset[str]:
        """The excluded MACs."""
        return frozenset(self.section.macs) if self.section else frozenset()

    def check_host(self, host: str) -> None:
        """Raise BadParameter if the address is excluded."""
        if self.section is None:
            return
        address = ipaddress.ip_address(host.partition("%")[0])
        networks = (network for network in self.section.networks if network.version == address.version)
        if str(address) in self.section.hosts or any(address in network for network in networks):
            raise typer.BadParameter(self._refusal(host), param_hint="HOST")

    def check_mac(self, host: str, mac: str | None) -> None:
        """Raise BadParameter if the host has shown this excluded MAC: it is asked nothing more."""
        if mac is not None:
            raise typer.BadParameter(self._refusal(f"{host} has the MAC {mac}, which"), param_hint="HOST")

    def check_url(self, url: str) -> None:
        """Raise BadParameter if the host in an ipp:// address is excluded."""
        host = urlsplit(url).hostname
        if self.section is None or not host:
            return
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return  # reported by the one who asks it
        for entry in found:
            self.check_host(str(entry[4][0]))

    def _refusal(self, what: str) -> str:
        return f"{what} is excluded by [exclude] in {self.file}; --although-excluded contacts it all the same"

    def as_settings(self) -> dict[str, Any]:
        """Return the section as it is written in a configuration."""
        if self.section is None:
            return {}
        return {
            "networks": [str(network) for network in self.section.networks],
            "hosts": list(self.section.hosts),
            "macs": list(self.section.macs),
        }


def load_exclusions(config: Path | None, *, although_excluded: bool) -> Exclusions:
    """Load `[exclude]` of `config`, or of this system's configuration. Raises ConfigError for a named one."""
    from agent.config import ExcludeConfig
    from agent.core import toml
    from agent.core.errors import ConfigError

    file = _common.config_file(config)
    if although_excluded or (config is None and not file.is_file()):
        return Exclusions()
    try:
        document = toml.load_document(file, missing="--config names another")
        only = toml.Document(file, document.text, document.data.get("exclude", {}))
        return Exclusions(section=toml.validate_document(only, ExcludeConfig), file=file)
    except (ConfigError, OSError):
        if config is not None:
            raise
        _common.err.print(f"{file} cannot be read: its [exclude] is not applied", markup=False)
        return Exclusions()
