"""The answers that make a first configuration, from a person or the command line."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent import config
from agent.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpV3User:
    """An SNMPv3 user (RFC 3414)."""

    name: str
    auth_protocol: str = "SHA256"
    auth_password: str = field(default="", repr=False)
    priv_protocol: str = "AES128"
    priv_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupAnswers:
    """All answers of the setup."""

    site: str = "site"
    networks: tuple[str, ...] = ()
    port: int = 161
    communities: tuple[str, ...] = ("public",)
    user: SnmpV3User | None = None
    url: str = ""  # the provider's; "": events wait
    bearer: str = field(default="", repr=False)  # a standing token, of a provider without enrolment
    ca_file: str | None = None
    state: str = ""  # where it is kept, seen from config.toml; "": where this system has it
    proxy: str = field(default="", repr=False)  # http://host:port, perhaps with a password in it

    @property
    def credentials(self) -> tuple[dict[str, str], ...]:
        """The tables [[credential]], secrets in clear; none for "public", which is always there."""
        given = [
            {"name": f"community-{number}", "version": "2c", "community": community}
            for number, community in enumerate(self.secret_communities, 1)
        ]
        return (*given, *([self._user_credential(self.user)] if self.user else []))

    @property
    def secret_communities(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name in self.communities if name != "public"))

    @property
    def credential_names(self) -> tuple[str, ...]:
        """Return the credentials to try, the safest first."""
        names = [given["name"] for given in self.credentials]
        return (*reversed(names), *(["public"] if "public" in self.communities else []))

    @staticmethod
    def _user_credential(user: SnmpV3User) -> dict[str, str]:
        secrets: dict[str, str] = {}
        if user.auth_password:
            secrets |= {"auth_protocol": user.auth_protocol, "auth_password": user.auth_password}
        if user.priv_password:
            secrets |= {"priv_protocol": user.priv_protocol, "priv_password": user.priv_password}
        return {"name": "snmpv3", "version": "3", "user": user.name, **secrets}


def check_answers(answers: SetupAnswers, folder: Path) -> Config:
    """The configuration that `answers` make. Raises ConfigError with every complaint."""
    place = {"snmp_port": answers.port, "credentials": list(answers.credential_names)}
    provider: dict[str, Any] = {"url": answers.url, "proxy": answers.proxy}
    if answers.ca_file:
        provider["ca_file"] = str(Path(answers.ca_file).absolute())
    return config.build_config(
        {
            "site": {"id": answers.site},
            "provider": provider,
            "network": [{"cidr": cidr, **place} for cidr in answers.networks],
            "credential": list(answers.credentials),
        },
        folder,
    )
