"""Imports that the service skips to save memory.

A library that finds another one installed may load it for a purpose of its own. The service never has
that purpose, and would keep what was loaded for as long as it runs.
"""

import os
import sys

BLOCKED_MODULES = ("httpx._main",)
"""httpx has a command line, and loads click, rich and pygments for it where it finds them: 4 MB."""

NO_LEGACY_CIPHERS = "CRYPTOGRAPHY_OPENSSL_NO_LEGACY"
"""Set, it keeps `cryptography` from loading RC4, CAST5 and their like, which nothing here has ever used.
SNMPv3's DES is not among them (it is triple DES with three equal keys)."""


def block_imports() -> None:
    """Keep these modules from being loaded; call it before the libraries that would load them."""
    os.environ.setdefault(NO_LEGACY_CIPHERS, "1")
    for name in BLOCKED_MODULES:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # the import system's word for "not here"
