"""The grammar of `[provider] url` and `proxy`. A refusal never repeats the value: it may hold a password.

Each check raises ValueError with what is wrong and, after " | ", what to write instead.
"""

import re
from urllib.parse import SplitResult, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HOST_NAME = re.compile(
    r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?", re.ASCII
)
HOST_PORT = re.compile(r"[a-z0-9.-]+:[0-9]{2,5}", re.ASCII)
IP_LITERAL = re.compile(r"[0-9a-f:.]+(%25[\w.-]+)?", re.ASCII)
UNSAFE = re.compile(r"[\x00-\x20\x7f-\U0010ffff]")


def check_provider_url(url: str, *, insecure_loopback: bool) -> None:
    """Check where events go: https, or plain http to this machine on request."""
    if "://" not in url:
        raise ValueError(
            f'"{url}" is not a web address | write one like "https://provider.example/v1"'
            if "@" not in url
            else 'this is not a web address | write one like "https://provider.example/v1"'
        )
    parts = _split_address(url, 'write one like "https://provider.example/v1"')
    if parts.username is not None:
        raise ValueError(
            "a user or password in the address is shown in logs | put the secret into token_file"
        )
    if parts.scheme == "https":
        return
    if parts.scheme != "http":
        raise ValueError(f'"{parts.scheme}:" is no scheme for events | use https://')
    if parts.hostname not in LOOPBACK or not insecure_loopback:
        raise ValueError(f'"{url}" would send tickets in clear text | use https://')


def check_proxy(proxy: str) -> None:
    """Check an HTTP proxy: http://[user:password@]host:port."""
    if "://" not in proxy:
        fitting = f'did you mean "http://{proxy}"?' if HOST_PORT.fullmatch(proxy) else "put http:// in front"
        raise ValueError(f"a proxy needs its scheme | {fitting}")
    parts = _split_address(proxy, 'write it like "http://proxy.example:3128"')
    if parts.scheme not in {"http", "https"}:
        raise ValueError(
            f'"{parts.scheme}:" proxies are not supported | use one that speaks http:// or https://'
        )
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError('a proxy has no path | write it like "http://proxy.example:3128"')


def _split_address(text: str, example: str) -> SplitResult:
    """Split an address that every client can use: ASCII, a host, a port from 1 to 65535."""
    if UNSAFE.search(text):
        raise ValueError(f"the address has a blank, a control character or a letter beyond ASCII | {example}")
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ValueError(f"the address has a broken host or port | {example}") from None
    if not host:
        raise ValueError(f"the address has no host | {example}")
    if port == 0:
        raise ValueError(f"there is no port 0 | {example}")
    if not (IP_LITERAL if ":" in host else HOST_NAME).fullmatch(host) or len(host) > 253:
        raise ValueError(f"the address has a host name that cannot exist | {example}")
    return parts
