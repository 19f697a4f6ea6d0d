"""Look for a newer version, only at a person's request and address; the agent never replaces itself.

The answer is a small JSON document that a provider keeps: {"version": "1.4.0"}. Nothing is sent but the
request, redirects are not followed, and installing it is left to the package manager.
"""

import http.client
import json
import re
import ssl
from urllib.parse import urlsplit

from agent.core.errors import PrintwardenError

REQUEST_TIMEOUT = 10.0  # seconds
MAX_ANSWER_BYTES = 64 * 1024  # bytes of an answer
VERSION_PATTERN = re.compile(r"\d+(\.\d+){0,3}")


class VersionUnavailable(PrintwardenError):
    """The server could not be reached, or its answer cannot be used."""


def fetch_newest_version(url: str, trust: ssl.SSLContext) -> str:
    """The version named at `url`. Blocking. Raises VersionUnavailable."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise VersionUnavailable(f"{url} must begin with https://")
    connection = http.client.HTTPSConnection(
        parts.hostname, parts.port, context=trust, timeout=REQUEST_TIMEOUT
    )
    try:
        connection.request("GET", parts.path or "/", headers={"accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read(MAX_ANSWER_BYTES + 1)
    except (OSError, http.client.HTTPException) as why:
        raise VersionUnavailable(f"{url} cannot be asked: {why}") from why
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK or len(body) > MAX_ANSWER_BYTES:
        raise VersionUnavailable(f"{url} answered {answer.status}, and not with a version")
    return _parse_version(url, body)


def _parse_version(url: str, body: bytes) -> str:
    try:
        said = str(json.loads(body)["version"])
    except (ValueError, LookupError, TypeError):
        said = ""
    if not VERSION_PATTERN.fullmatch(said):
        raise VersionUnavailable(f'{url} answered no {{"version": "1.2.3"}}')
    return said


def is_newer(there: str, here: str) -> bool:
    """True if version `there` comes after `here`; missing numbers are zeros."""
    one, other = (tuple(map(int, text.split("."))) for text in (there, here))
    width = max(len(one), len(other))
    return one + (0,) * (width - len(one)) > other + (0,) * (width - len(other))
