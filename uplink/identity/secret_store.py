"""Secrets at rest: sealed to this machine where the system offers that, else guarded by the file's mode.

    Windows   CryptProtectData with CRYPTPROTECT_LOCAL_MACHINE: what is copied to another machine, or lies
              in a backup, cannot be opened there. Every process of this machine could: the folder's access
              list keeps other users out.
    others    as it is, in files that only their owner may read.

What is sealed begins with a mark; what has none was written before, or by a person, and is taken as it is.
"""

import sys
from typing import Protocol

MARK = b"printwarden sealed 1\n"


class Sealed(Exception):
    """What lies there was sealed on another machine, or is damaged."""


class Sealer(Protocol):
    """What a system offers to keep a secret on this machine."""

    def seal(self, secret: bytes) -> bytes:
        """`secret`, of use on this machine only."""
        ...

    def unseal(self, sealed: bytes) -> bytes:
        """The inverse. Raises Sealed where it was sealed elsewhere."""
        ...


if sys.platform == "win32":
    import pywintypes
    import win32crypt

    LOCAL_MACHINE = 0x4  # CRYPTPROTECT_LOCAL_MACHINE (dpapi.h)
    NO_QUESTIONS = 0x1  # CRYPTPROTECT_UI_FORBIDDEN

    class MachineSealer:
        """The Data Protection API, for this machine."""

        def seal(self, secret: bytes) -> bytes:
            return win32crypt.CryptProtectData(
                secret, "Printwarden", None, None, None, LOCAL_MACHINE | NO_QUESTIONS
            )

        def unseal(self, sealed: bytes) -> bytes:
            try:
                return win32crypt.CryptUnprotectData(sealed, None, None, None, NO_QUESTIONS)[1]
            except pywintypes.error as why:
                raise Sealed(f"it was sealed on another machine, or is damaged: {why.strerror}") from why

    here: Sealer | None = MachineSealer()
else:
    here: Sealer | None = None


def closed(secret: bytes) -> bytes:
    """`secret` as it is to be written."""
    return MARK + here.seal(secret) if here else secret


def opened(content: bytes) -> bytes:
    """The secret in what was written, here or by a person. Raises Sealed."""
    if not content.startswith(MARK):
        return content
    if here is None:
        raise Sealed("it was sealed on another machine")
    return here.unseal(content[len(MARK) :])
