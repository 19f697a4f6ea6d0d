"""An agent's private key as a file: PKCS #8 in PEM, which every tool for keys reads (RFC 8410, 7; RFC 7468).

Of an Ed25519 key that is always the same 16 bytes and the key's 32. Written and read here, because the
general reader of `cryptography` brings every other kind of key along, for as long as the service runs.
"""

import base64
import binascii
import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PKCS8_PREFIX = bytes.fromhex("302e020100300506032b657004220420")  # version 0, id-Ed25519, a key of 32 bytes
PEM_PATTERN = re.compile(rb"\s*-----BEGIN PRIVATE KEY-----\s(.*?)-----END PRIVATE KEY-----\s*", re.DOTALL)


def encode_key(key: Ed25519PrivateKey) -> bytes:
    """The file of a key."""
    text = base64.b64encode(PKCS8_PREFIX + key.private_bytes_raw())
    return b"-----BEGIN PRIVATE KEY-----\n" + text + b"\n-----END PRIVATE KEY-----\n"


def decode_key(pem: bytes) -> Ed25519PrivateKey:
    """The key in a file. Raises ValueError if it is damaged, or a key of another kind."""
    framed = PEM_PATTERN.fullmatch(pem)
    try:
        body = base64.b64decode(b"".join(framed[1].split()), validate=True) if framed else b""
    except binascii.Error:
        body = b""
    if len(body) != len(PKCS8_PREFIX) + 32 or not body.startswith(PKCS8_PREFIX):
        raise ValueError("the key is not an Ed25519 key")
    return Ed25519PrivateKey.from_private_bytes(body[len(PKCS8_PREFIX) :])
