"""A throw-away certificate authority for this machine: for the demo, for trials and for tests.

Its keys are made here, live in files that only their owner may read, and are worth nothing elsewhere:
the server certificate is for 127.0.0.1, ::1 and localhost, and both end after a week.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALIDITY = timedelta(days=7)
SERVER_NAMES = (
    x509.DNSName("localhost"),
    x509.IPAddress(ip_address("127.0.0.1")),
    x509.IPAddress(ip_address("::1")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """The files of the CA, the server certificate and its key."""

    ca_file: Path
    certificate: Path
    key: Path


def ensure_certificates(folder: Path, *, now: datetime | None = None) -> CertificateFiles:
    """Return the certificates in `folder` if they are valid for another day; make new ones otherwise.

    Clients that trust the CA file keep trusting it when the receiver starts again.
    """
    there = _certificate_files(folder)
    try:
        known = x509.load_pem_x509_certificate(there.certificate.read_bytes())
    except (OSError, ValueError):
        return create_certificates(folder, now=now)
    fresh = known.not_valid_after_utc > (now or datetime.now(UTC)) + timedelta(days=1)
    complete = there.ca_file.exists() and there.key.exists()
    return there if fresh and complete else create_certificates(folder, now=now)


def create_certificates(
    folder: Path,
    *,
    names: tuple[x509.GeneralName, ...] = SERVER_NAMES,
    now: datetime | None = None,
) -> CertificateFiles:
    """Make a CA and a server certificate in `folder`, over any made before. The CA's key is not kept."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    start = (now or datetime.now(UTC)) - timedelta(minutes=5)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name, name = (
        _common_name("Printwarden throw-away CA"),
        _common_name("Printwarden receiver on this machine"),
    )
    authority = (
        _start_certificate(ca_name, ca_name, ca_key.public_key(), start)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, SHA256())
    )
    server = (
        _start_certificate(name, ca_name, key.public_key(), start)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, SHA256())
    )
    made = _certificate_files(folder)
    _write_private(made.ca_file, authority.public_bytes(Encoding.PEM))
    _write_private(made.certificate, server.public_bytes(Encoding.PEM))
    _write_private(made.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


def _certificate_files(folder: Path) -> CertificateFiles:
    return CertificateFiles(
        ca_file=folder / "ca.pem", certificate=folder / "receiver.pem", key=folder / "receiver.key"
    )


def _start_certificate(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, start: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + VALIDITY)
    )


def _common_name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Build the key usage (RFC 5280, 4.2.1.3)."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_private(file: Path, content: bytes) -> None:
    """Write a file that is readable by its owner only from the moment it exists."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
