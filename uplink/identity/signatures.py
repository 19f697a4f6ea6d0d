"""Signed bodies, in the `v1a` layout of Standard Webhooks: Ed25519 over id, time and body.

    webhook-id: 0198…                       the Idempotency-Key
    webhook-timestamp: 1795210204           seconds since 1970
    webhook-signature: v1a,MEUC… v1a,Qk0…   one for each key in use: during a change of keys there are two

What is signed is `id.timestamp.body`, the body before compression. A proxy that opens TLS to look inside
can read it, then, but neither change it nor make one up.
"""

import base64
import binascii
from collections.abc import Collection, Iterable, Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_PREFIX = "whpk_"  # of a public key as text (Standard Webhooks, "Signature scheme")
CLOCK_TOLERANCE = 300.0  # seconds that the clocks of both sides may differ


class BadSignature(Exception):
    """A missing or wrong signature; the message says which."""


class StaleSignature(BadSignature):
    """Well signed, at another time: one of the clocks is wrong, or it is a replay."""


def format_public_key(key: Ed25519PublicKey) -> str:
    """A public key as it is written in requests: "whpk_" and base64."""
    return KEY_PREFIX + base64.b64encode(key.public_bytes_raw()).decode()


def parse_public_key(text: str) -> Ed25519PublicKey:
    """The inverse of `format_public_key`. Raises ValueError."""
    if not text.startswith(KEY_PREFIX):
        raise ValueError(f"a public key begins with {KEY_PREFIX}")
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text[len(KEY_PREFIX) :], validate=True))
    except binascii.Error as why:
        raise ValueError(f"not base64: {why}") from why


def sign_body(keys: Iterable[Ed25519PrivateKey], name: str, at: float, body: bytes) -> dict[str, str]:
    """The three headers for `body`, sent at `at` under the Idempotency-Key `name`."""
    stamp = f"{at:.0f}"
    marks = [base64.b64encode(key.sign(_signed_content(name, stamp, body))).decode() for key in keys]
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1a,{mark}" for mark in marks),
    }


def verify_body(
    headers: Mapping[str, str], body: bytes, keys: Collection[Ed25519PublicKey], now: float
) -> None:
    """Raises BadSignature unless one of `keys` signed `body`, and Stale unless it did so about `now`."""
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    marks = headers.get("webhook-signature", "").split()
    if not (name and stamp.isascii() and stamp.isdigit() and len(stamp) < 16 and marks):
        raise BadSignature("webhook-id, webhook-timestamp and webhook-signature are needed")
    content = _signed_content(name, stamp, body)
    if not any(_is_valid(key, mark, content) for mark in marks[:8] for key in keys):
        raise BadSignature("no signature fits the body and a key of this agent")
    if abs(int(stamp) - now) > CLOCK_TOLERANCE:
        raise StaleSignature(
            f"signed {int(stamp) - now:+.0f} s from now; {CLOCK_TOLERANCE:.0f} s are allowed"
        )


def _signed_content(name: str, stamp: str, body: bytes) -> bytes:
    return f"{name}.{stamp}.".encode() + body


def _is_valid(key: Ed25519PublicKey, mark: str, content: bytes) -> bool:
    version, _, text = mark.partition(",")
    if version != "v1a":
        return False
    try:
        key.verify(base64.b64decode(text, validate=True), content)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
