"""Secrets of `config.toml` outside the file: "env:NAME", "file:PATH" or "secret:NAME" instead of the text."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agent.config import file_permissions
from agent.core import toml
from agent.core.errors import Complaint

SECRET_KEYS = frozenset({"community", "auth_password", "priv_password", "proxy"})
"""The keys that may point to a secret."""

Unseal = Callable[[bytes], bytes]
"""Gives the secret in the bytes of a file. Raises ValueError if it was sealed on another machine."""


def read_plain(content: bytes) -> bytes:
    """Take the secret as it stands in the file: the `Unseal` of configurations that hold none."""
    return content


def resolve_file(folder: Path, name: str) -> Path:
    """Return the path that `name` stands for in a configuration in `folder`.

    "secret:NAME" is the credential that systemd gives the service (systemd.exec(5), LoadCredential=,
    LoadCredentialEncrypted=), of that name or from the loaded folder `secrets`; or else NAME in the folder
    `secrets` beside the configuration.
    """
    if not name.startswith("secret:"):
        return folder / Path(name).expanduser()
    secret = name.removeprefix("secret:")
    loaded = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere"))
    given = (loaded / f"secrets_{secret}", loaded / secret)
    return next((file for file in given if file.is_file()), folder / "secrets" / secret)


def find_readable_secrets(document: toml.Document) -> list[Complaint]:
    """List the secrets that stand in the file itself, if everybody may read it."""
    found = file_permissions.check_reader(document.path)
    if found is None:
        return []
    return [
        document.build_complaint(
            where,
            f"a secret stands in this file, and {found[0]}",
            f'{found[1]}, or put it into a file: {where[-1]} = "secret:NAME"',
        )
        for where in _find_written_secrets(document.data, ())
    ]


def _find_written_secrets(value: Any, where: toml.TomlPath) -> Iterator[toml.TomlPath]:
    """Yield the keys whose value is a secret, and no reference to one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _find_written_secrets(inner, (*where, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _find_written_secrets(inner, (*where, number))
    elif isinstance(value, str) and where[-1] in SECRET_KEYS and _is_secret(str(where[-1]), value):
        yield where


def _is_secret(key: str, value: str) -> bool:
    """Report that `value` is a secret: not a reference, "public", or a proxy without a password."""
    if value.partition(":")[0] in {"env", "file", "secret"} or not value:
        return False
    return "@" in value if key == "proxy" else value != "public"


def resolve_secrets(document: toml.Document, unseal: Unseal) -> tuple[toml.Document, list[Complaint]]:
    """Replace each reference to a secret by its value; a broken one stays and gives a complaint."""
    complaints: list[Complaint] = []

    def resolve(value: Any, where: toml.TomlPath) -> Any:
        if isinstance(value, dict):
            return {key: resolve(inner, (*where, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [resolve(inner, (*where, n)) for n, inner in enumerate(value)]
        if not isinstance(value, str) or where[-1] not in SECRET_KEYS:
            return value
        try:
            return _read_secret(value, document.path.parent, unseal)
        except ValueError as why:
            complaints.append(document.build_complaint(where, str(why)))
            return value

    data = resolve(document.data, ())
    return toml.Document(document.path, document.text, data), complaints


def _read_secret(value: str, folder: Path, unseal: Unseal) -> str:
    """Read the secret behind "env:…", "file:…" or "secret:…"; return any other value as it is.

    Raises ValueError.
    """
    kind, _, name = value.partition(":")
    if kind == "env":
        if name not in os.environ:
            raise ValueError(f"the environment variable {name} is not set")
        return os.environ[name]
    if kind in {"file", "secret"}:
        file = resolve_file(folder, name if kind == "file" else value)
        if found := file_permissions.check_permissions(file, secret=True):
            raise ValueError(f"{name}: {found[0]}: {found[1]}")
        try:
            return unseal(file.read_bytes()).decode("utf-8").strip()
        except (OSError, ValueError) as why:
            raise ValueError(f"{name} cannot be read: {getattr(why, 'strerror', None) or why}") from None
    return value
