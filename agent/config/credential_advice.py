"""Advice on credentials that are valid but weak. Never holds a secret."""

from collections.abc import Iterator

from agent.config import Config

MIN_PASSWORD = 12


def advise_credentials(config: Config) -> Iterator[str]:
    """Yield one sentence for each SNMPv3 password that can be guessed offline."""
    for credential in config.credential:
        for kind in ("auth", "priv"):
            password, protocol = (
                getattr(credential, f"{kind}_password"),
                getattr(credential, f"{kind}_protocol"),
            )
            if protocol and len(password) < MIN_PASSWORD:
                yield (
                    f'credential "{credential.name}": {kind}_password has {len(password)} characters; use '
                    f"{MIN_PASSWORD} or more: a host that claims to be a printer gets messages under an "
                    "engine id of its choice, from which a short password can be guessed offline"
                )
