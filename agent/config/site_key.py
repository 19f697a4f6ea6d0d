"""`secrets/site.key`: the secret under which masked values become fingerprints.

    32 random bytes, as 64 hex digits, in the folder of the configuration; made by `printwarden init`

Customer IT owns it and backs it up: under the same key a second agent, or a new machine, gives a printer the
same fingerprint. It is never in the state, and never sent.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from agent.config import Config, file_permissions
from agent.config.secrets import Unseal, resolve_file
from agent.core.errors import ConfigError

NAME = "site.key"
SIZE = 32  # bytes

Seal = Callable[[bytes], bytes]


def load_site_key(config: Config, unseal: Unseal, seal: Seal) -> bytes:
    """Load the key; a missing one is made, if its folder can be written. Raises ConfigError."""
    file = resolve_file(config.folder, f"secret:{NAME}")
    try:
        if not file.exists():
            create_site_key(file, seal)
        if found := file_permissions.check_permissions(file, secret=True):
            raise ConfigError.for_file(file, found[0], suggestion=found[1])
        key = bytes.fromhex(unseal(file.read_bytes()).decode("ascii").strip())
    except (OSError, ValueError) as why:
        reason = getattr(why, "strerror", None) or "it holds no hex digits"
        raise ConfigError.for_file(
            file,
            f"[egress] removes or masks fields, which takes this key, and it cannot be used: {reason}",
            suggestion=f"make one, and back it up: (umask 077; openssl rand -hex {SIZE} > {file})",
        ) from None
    if len(key) < SIZE:
        raise ConfigError.for_file(file, f"has {len(key)} bytes", suggestion=f"a key has {SIZE} or more")
    return key


def create_site_key(file: Path, seal: Seal) -> None:
    """Write a new random key, readable for its owner only; an existing file stays. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as whole:
        whole.write(seal((secrets.token_hex(SIZE) + "\n").encode()))
    try:
        if not file.exists():
            draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)
