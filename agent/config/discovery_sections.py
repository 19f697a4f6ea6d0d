"""The sections of `config.toml` on finding printers by what names and announces them."""

import re
from typing import Annotated

from pydantic import Field

from agent.config.sections import ConfigSection
from agent.config.values import HostAddress, PortNumber, text_validator

MAX_DOMAIN = 253  # characters (RFC 1035, 2.3.4)
_LABELS = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")


def _parse_domain(text: str) -> str:
    name = text.lower().rstrip(".")
    if len(name) > MAX_DOMAIN or not _LABELS.fullmatch(name):
        raise ValueError(f'"{text}" is not a domain | write one like "corp.example"')
    if name == "local" or name.endswith(".local"):
        raise ValueError(f'"{text}" is announced over mDNS, not in the DNS | see [mdns]')
    return name


class DnsSdConfig(ConfigSection):
    """Printers that the site's DNS names (DNS-SD, RFC 6763), also in other subnets."""

    enabled: bool = Field(False, description="Ask the site's DNS for printers with each sweep.")
    domains: tuple[Annotated[str, text_validator(_parse_domain)], ...] = Field(
        (), strict=False, description="Domains to browse. Empty: the search domains of this machine."
    )
    servers: tuple[HostAddress, ...] = Field(
        (), strict=False, description="DNS servers to ask. Empty: those of this machine."
    )
    port: PortNumber = 53


class WsDiscoveryConfig(ConfigSection):
    """Printers that answer WS-Discovery on the link."""

    enabled: bool = True
    interfaces: tuple[HostAddress, ...] = Field(
        (),
        strict=False,
        description="Addresses of the interfaces to ask on. Empty: those inside a network that is swept.",
    )
