"""When a printer's certificate ends, from the connection that was open anyway."""


def parse_end(der: bytes) -> float | None:
    """Return `notAfter` (RFC 5280, 4.1.2.5) of a certificate in DER, in seconds since 1970.

    None for one that cannot be read: printers make odd ones, and TLS is spoken with them all the same.
    """
    from cryptography import x509  # noqa: PLC0415 - 3 MB, which a site without IPP over TLS spares

    try:
        return x509.load_der_x509_certificate(der).not_valid_after_utc.timestamp()
    except (ValueError, OverflowError, TypeError, x509.InvalidVersion):
        return None
