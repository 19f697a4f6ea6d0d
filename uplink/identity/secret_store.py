"""Secrets at rest: sealed to this machine where the system offers that, else guarded by the file's mode.

    Windows   CryptProtectData with CRYPTPROTECT_LOCAL_MACHINE: what is copied to another machine, or lies
              in a backup, cannot be opened there. Every process of this machine could: the folder's access
              list keeps other users out.
    others    as it is, in files that only their owner may read.

What is sealed begins with a mark; what has none was written before, or by a person, and is taken as it is.
"""

import sys
from typing import Protocol

SEAL_MARK = b"printwarden sealed 1\n"


class UnsealError(ValueError):
    """The secret was sealed on another machine, or is damaged."""


class Sealer(Protocol):
    """Sealing of a secret to this machine by the operating system."""

    def seal(self, secret: bytes) -> bytes:
        """`secret`, of use on this machine only."""
        ...

    def unseal(self, sealed: bytes) -> bytes:
        """The inverse. Raises UnsealError if it was sealed elsewhere."""
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
                raise UnsealError(f"it was sealed on another machine, or is damaged: {why.strerror}") from why

    machine_sealer: Sealer | None = MachineSealer()
else:
    machine_sealer: Sealer | None = None


def seal_secret(secret: bytes) -> bytes:
    """`secret` as it is to be written."""
    return SEAL_MARK + machine_sealer.seal(secret) if machine_sealer else secret


def unseal_secret(content: bytes) -> bytes:
    """The secret in what was written, here or by a person. Raises UnsealError."""
    if not content.startswith(SEAL_MARK):
        return content
    if machine_sealer is None:
        raise UnsealError("it was sealed on another machine")
    return machine_sealer.unseal(content[len(SEAL_MARK) :])
