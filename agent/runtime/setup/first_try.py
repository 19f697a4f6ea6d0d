"""The first try of a configuration: reach the provider and check its certificate."""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from uplink.targets import https

CONNECT_TIMEOUT = 10.0  # seconds


async def check_provider(
    url: str, ca_file: Path | None = None, proxy: str = "", environment: Mapping[str, str] = os.environ
) -> str:
    """Connect to the provider and check its certificate; nothing is sent. Return a sentence for a person.

    Raises OSError (also ssl.SSLError) if it cannot be reached or its certificate is not valid.
    """
    parts = urlsplit(url)
    if proxy or environment.get("HTTPS_PROXY") or environment.get("https_proxy"):
        return "is reached through a proxy, which was not tried"
    encrypted = parts.scheme == "https"
    trust = https.build_trust(ca_file) if encrypted else None
    port = parts.port or (443 if encrypted else 80)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            _, writer = await asyncio.open_connection(parts.hostname, port, ssl=trust)
    except TimeoutError:
        raise OSError(
            f"no connection within {CONNECT_TIMEOUT:.0f} s; does a firewall stand between?"
        ) from None
    writer.close()
    with contextlib.suppress(OSError):  # it hung up first; the certificate was checked by then
        await writer.wait_closed()
    return "answers, and its certificate is good" if encrypted else "answers, not encrypted"
