"""The option that lets a UDP socket on Windows outlive an ICMP "port unreachable"."""

import socket
import sys

SIO_UDP_CONNRESET = 0x9800000C
"""_WSAIOW(IOC_VENDOR, 12): whether an ICMP error ends the reading with WSAECONNRESET (Winsock, mswsock.h)."""


def keep_reading_after_icmp(bound: socket.socket) -> None:
    """Turn SIO_UDP_CONNRESET off. Does nothing on other systems, which report no such errors."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - `socket.ioctl` does not let this code through
        from ctypes import wintypes  # noqa: PLC0415

        off, got = wintypes.BOOL(False), wintypes.DWORD()
        ctypes.windll.ws2_32.WSAIoctl(
            bound.fileno(), SIO_UDP_CONNRESET,
            ctypes.byref(off), ctypes.sizeof(off), None, 0, ctypes.byref(got), None, None,
        )  # fmt: skip
