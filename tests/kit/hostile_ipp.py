"""A device that answers HTTP on purpose so that a client stumbles: redirects, lengths, encodings, mutated IPP."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator

from packet_mutations import mutated

from agent.simulator.ipp import OCTETS, IppAttribute, encode_response

REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://xn--" + b"a" * 500 + b"\r\nContent-Length: 0\r\n\r\n"

HTTP = (
    REDIRECT,
    b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 301 M\r\nLocation: http://h:99999999999999999999/\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 307 T\r\nLocation: \xff\xfe://\x80\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 F\r\nLocation: //" + b"\xc3\xa9" * 300 + b"\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFF\r\nx",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate, gzip, br, zstd\r\nContent-Length: 4\r\n\r\n\0\0\0\0",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=\x00\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 99999 \xf0\x9f\x92\xa3\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x15\x03\x01\x00\x02\x02\x46",
    b"\0" * 4096,
    b"",
)


def ipp_body(dice: random.Random) -> bytes:
    """A printer's answer with octet strings that lie, and a few accidents."""
    attributes = [
        IppAttribute(
            OCTETS, "printer-supply", [b"index=1;type=toner;maxcapacity=" + b"9" * 400 + b";level=-2;"]
        ),
        IppAttribute(OCTETS, "printer-input-tray", [dice.randbytes(60), b"level=" + b"\xff" * 30]),
        IppAttribute(0x31, "printer-config-change-date-time", [dice.randbytes(11)]),
        IppAttribute(0x32, "printer-resolution-default", [dice.randbytes(9)]),
        IppAttribute(0x21, "marker-levels", [-(2**31), 2**31 - 1, -3]),
        IppAttribute(0x41, "printer-make-and-model", [dice.randbytes(100), "\u202eevil\x07"]),
        IppAttribute(0x45, "printer-uuid", ["urn:uuid:" + "\u0130" * 40]),
        IppAttribute(0x41, "printer-device-id", ["MFG:;MDL:;SN:" + "\x00" * 50]),
    ]
    body = encode_response((2, 0), 0, 1, attributes)
    return mutated(body, dice) if dice.random() < 0.8 else body


def hostile_answers(seed: int) -> Iterator[bytes]:
    """Answers without end: each of `HTTP` by turns with bodies of IPP that were damaged at random."""
    dice = random.Random(seed)
    while True:
        for answer in HTTP:
            yield answer
            for _ in range(3):
                body = ipp_body(dice)
                length = len(body) if dice.random() < 0.9 else dice.randrange(1 << 20)
                yield (
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: %d\r\n\r\n" % length
                    + body
                )


@contextlib.asynccontextmanager
async def hostile_ipp(host: str, port: int, answers: Iterator[bytes]) -> AsyncIterator[list[int]]:
    """Answer each request at `host` with the next of `answers`, and hang up. Yields [requests answered]."""
    answered, talks = [0], set[asyncio.Task[None]]()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.ensure_future(serve(reader, writer))
        talks.add(talk)
        talk.add_done_callback(talks.discard)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await asyncio.wait_for(reader.read(65536), 5)
            answered[0] += 1
            writer.write(next(answers))
            await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async with await asyncio.start_server(begin, host, port):
        yield answered
        await asyncio.gather(*talks, return_exceptions=True)
