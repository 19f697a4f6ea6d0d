"""An agent's key as a file: what every other tool reads and writes, byte for byte."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from uplink.identity import key_file

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def of_the_library(key, how=None):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how or NoEncryption())


def test_the_file_is_the_one_that_the_library_would_write():
    assert key_file.encode_key(KEY) == of_the_library(KEY)
    assert load_pem_private_key(key_file.encode_key(KEY), None).private_bytes_raw() == KEY.private_bytes_raw()


@pytest.mark.parametrize(
    "change", [lambda pem: pem, lambda pem: b"\n" + pem + b"\n", lambda pem: pem.replace(b"\n", b"\r\n")]
)
def test_what_the_library_or_an_editor_wrote_is_read(change):
    assert key_file.decode_key(change(of_the_library(KEY))).private_bytes_raw() == KEY.private_bytes_raw()


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        of_the_library(generate_private_key(SECP256R1())),
        of_the_library(X25519PrivateKey.generate()),
        of_the_library(KEY, BestAvailableEncryption(b"word")),
        of_the_library(KEY)[:60],
        of_the_library(KEY).replace(b"MC4", b"MC5"),
        of_the_library(KEY).replace(b"MC4", b"M*4"),
    ],
    ids=["empty", "another curve", "for exchange", "encrypted", "cut short", "another length", "no base64"],
)  # fmt: skip
def test_anything_else_is_refused(pem):
    with pytest.raises(ValueError, match="not an Ed25519 key"):
        key_file.decode_key(pem)
