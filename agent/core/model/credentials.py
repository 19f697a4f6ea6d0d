"""Credentials: the SNMP version and the secret with which a printer is asked."""

from dataclasses import dataclass, field
from enum import StrEnum


class SecurityLevel(StrEnum):
    """The protection that a credential gives."""

    CLEAR = "clear text"
    AUTHENTICATED = "authenticated"
    ENCRYPTED = "encrypted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A version with its secret. Secrets never show in `repr`."""

    name: str
    version: str = "2c"  # "1", "2c", "3"
    community: str = field(default="public", repr=False)
    user: str = ""
    auth_protocol: str | None = None  # "MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"
    auth_password: str = field(default="", repr=False)
    priv_protocol: str | None = None  # "DES", "3DES", "AES128", "AES192", "AES256", …
    priv_password: str = field(default="", repr=False)
    context: str = ""  # of SNMPv3; "": the default one, or the one in which the printer is found

    @property
    def is_secret_community(self) -> bool:
        """True for a community of v1 or v2c other than "public": it travels in clear text."""
        return self.version != "3" and self.community != "public"

    @property
    def security_level(self) -> SecurityLevel:
        if self.version != "3" or self.auth_protocol is None:
            return SecurityLevel.CLEAR
        return SecurityLevel.ENCRYPTED if self.priv_protocol else SecurityLevel.AUTHENTICATED
