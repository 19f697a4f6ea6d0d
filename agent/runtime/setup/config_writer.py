"""The files of a first configuration: config.toml with comments, and its secrets each in a file of its own.

    config.toml            nothing secret in it
    secrets/               for root and the service only
        provider.token
        community-1, snmpv3-auth, snmpv3-priv
        site.key           made once, never replaced: back it up
    rules.d/               the site's own rules

A file is complete before it gets its name: a reader meanwhile finds the old one, or no file.
"""

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from agent.config import site_key
from agent.core.errors import ConfigError
from agent.runtime.setup.answers import SetupAnswers
from uplink.identity import secret_store

SERVICE_GROUP = "printwarden"  # the user and group of the installed service
TOKEN_FILE = "provider.token"  # noqa: S105 - a file name
PROXY_FILE = "proxy"


def write_config(path: Path, answers: SetupAnswers, *, today: str, force: bool = False) -> Path | None:
    """Write the configuration to `path`. Returns where the old one is kept, if there was one.

    Raises ConfigError if there is one and `force` is not given, or if the folder cannot be written.
    """
    if path.exists() and not force:
        raise ConfigError.for_file(
            path, "is there already", suggestion="edit it, or let --force replace it (the old one is kept)"
        )
    old = path.with_name(path.name + ".old") if path.exists() else None
    try:
        _write_files(path, answers, today, old)
    except OSError as why:
        raise ConfigError.for_file(
            path,
            f"cannot be written: {why.strerror}",
            suggestion="run it as root, or name a place with --config",
        ) from why
    return old


def _write_files(path: Path, answers: SetupAnswers, today: str, old: Path | None) -> None:
    folder = path.parent
    for each, mode in ((folder, 0o755), (folder / "rules.d", 0o755), (folder / "secrets", 0o700)):
        each.mkdir(parents=True, exist_ok=True, mode=mode)
    for name, secret in collect_secrets(answers).items():
        _write_atomically(
            folder / "secrets" / name, secret_store.seal_secret((secret + "\n").encode()), 0o600
        )
    site_key.create_site_key(folder / "secrets" / site_key.NAME, secret_store.seal_secret)
    if old:
        path.replace(old)
    _write_atomically(path, format_config(answers, today).encode(), 0o640)
    _share_with_service(path)


def collect_secrets(answers: SetupAnswers) -> Mapping[str, str]:
    """File name -> secret."""
    found = {TOKEN_FILE: answers.bearer} if answers.bearer else {}
    if "@" in answers.proxy:  # user and password
        found[PROXY_FILE] = answers.proxy
    for given in answers.credentials:
        for key, suffix in _SUFFIXES.items():
            if secret := given.get(key):
                found[f"{given['name']}{suffix}"] = secret
    return found


_SUFFIXES = {"community": "", "auth_password": "-auth", "priv_password": "-priv"}


def _write_atomically(path: Path, content: bytes, mode: int) -> None:
    """Write a file that no other user can read meanwhile, and that exists whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    draft.replace(path)


def _share_with_service(path: Path) -> None:
    """Let the group of the service read the file, where there is such a group and we may give it away."""
    if sys.platform != "win32" and os.geteuid() == 0:
        import grp  # noqa: PLC0415 - exists on POSIX only

        with contextlib.suppress(KeyError):  # not installed as a service
            os.chown(path, 0, grp.getgrnam(SERVICE_GROUP).gr_gid)


def format_config(answers: SetupAnswers, today: str) -> str:
    """The commented config.toml."""
    return "\n".join(
        [
            _HEAD.format(today=today),
            *_format_site(answers),
            *_format_networks(answers),
            *_format_credentials(answers),
            *_format_state(answers),
            _TAIL,
        ]
    )


_HEAD = """\
# Printwarden's configuration, made by `printwarden init` on {today}.
# What may be contacted, how often, and who is told. Edit it: changes are picked up while the service runs,
# and a mistake leaves the last good version in force. `printwarden probe HOST` tries a printer.
# This shows the usual keys; config.example.toml explains all of them.

config_version = 1
"""

_TAIL = """\
# Never contacted, whatever else is configured.
[exclude]
networks = []           # ["192.168.10.128/28"]
hosts = []              # ["192.168.10.9"]
macs = []               # ["00:11:22:33:44:55"]

# How often each printer is asked; the defaults suit most sites.
# [schedule]
# alerts = "5 minutes"
# meters = "1 hour"
"""


def _format_site(answers: SetupAnswers) -> list[str]:
    lines = ["[site]", f"id = {_quote_toml(answers.site)}            # the provider's name for this site", ""]
    lines += ["[provider]", f"url = {_quote_toml(answers.url)}"]
    if not answers.url:
        lines[-1] += "                # while it is empty, events wait in the outbox: nothing is lost"
    if answers.bearer:
        lines.append(f'token_file = "secret:{TOKEN_FILE}"    # secrets/{TOKEN_FILE}')
    if answers.proxy:
        lines.append(
            f"proxy = {_quote_toml(f'secret:{PROXY_FILE}' if '@' in answers.proxy else answers.proxy)}"
        )
    if answers.ca_file:
        lines.append(f"ca_file = {_quote_toml(str(Path(answers.ca_file).absolute()))}")
    return [*lines, "", "# Only what is named here is ever contacted: networks, and printers by hand."]


def _format_state(answers: SetupAnswers) -> list[str]:
    if not answers.state:
        return []
    said = "# beside this file: the agent of this configuration is another than the installed one"
    return ["[storage]", f"folder = {_quote_toml(answers.state)}    {said}", ""]


def _format_networks(answers: SetupAnswers) -> list[str]:
    lines = []
    for cidr in answers.networks:
        lines += ["[[network]]", f"cidr = {_quote_toml(cidr)}"]
        lines += [f"snmp_port = {answers.port}"] if answers.port != 161 else []
        lines += [f"credentials = {json.dumps(answers.credential_names)}    # tried in this order", ""]
    by_hand = ["[[printer]]", 'host = "192.168.20.7"', 'credentials = ["public"]']
    return [*lines, *(f"# {line}" for line in by_hand), ""]


def _format_credentials(answers: SetupAnswers) -> list[str]:
    lines = []
    for given in answers.credentials:
        lines.append("[[credential]]")
        for key, value in given.items():
            suffix = _SUFFIXES.get(key)
            said = value if suffix is None else f"secret:{given['name']}{suffix}"
            lines.append(f"{key} = {_quote_toml(said)}")
        lines.append("")
    return lines


def _quote_toml(value: str) -> str:
    """A basic string of TOML: JSON's quoting, which TOML shares."""
    return json.dumps(value, ensure_ascii=False)
