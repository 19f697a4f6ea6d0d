"""Packets from anybody, straight into the codec: a message, or MalformedReply, and soon."""

import contextlib
import importlib.util
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packet_mutations import mutated
from pyasn1.codec.ber import encoder
from pysnmp.proto import api

from agent.core.errors import MalformedReply
from agent.snmp import codec

SLOW = 0.05  # seconds for one packet of at most 8 KiB; an outlier is timed again, and its best of 3 counts


def good_packets() -> list[bytes]:
    """Responses of both versions and a trap, encoded by pysnmp."""
    made = []
    for version in (0, 1):
        module = api.PROTOCOL_MODULES[version]
        for rows in (1, 10, 60):
            pdu = module.GetResponsePDU()
            module.apiPDU.set_defaults(pdu)
            count = module.Counter64(2**63) if version else module.Counter(9)
            values = (module.Integer(7), module.OctetString(b"x" * 40), module.TimeTicks(8), count)
            name = (1, 3, 6, 1, 2, 1, 43, 11, 1, 1)
            module.apiPDU.set_varbinds(pdu, [((*name, row, 1), values[row % 4]) for row in range(rows)])
            message = module.Message()
            module.apiMessage.set_defaults(message)
            module.apiMessage.set_community(message, "public")
            module.apiMessage.set_pdu(message, pdu)
            made.append(encoder.encode(message))
    return made


def hostile(count: int, seed: int) -> Iterator[bytes]:
    """Mutants of good packets; every tenth is nothing but noise."""
    dice, good = random.Random(seed), good_packets()
    for number in range(count):
        if number % 10:
            yield mutated(dice.choice(good), dice)
        else:
            yield dice.randbytes(dice.randrange(0, 9000))


def seconds(decode: Callable[[bytes], object], packet: bytes) -> float:
    began = time.perf_counter()
    with contextlib.suppress(MalformedReply):
        decode(packet)
    return time.perf_counter() - began


def thrown(codec: ModuleType, count: int, seed: int) -> tuple[int, int]:
    """(packets that raised anything but MalformedReply, packets that took long three times over)."""
    crashes = slow = 0
    for packet in hostile(count, seed):
        for decode in (codec.decode_reply, codec.decode_trap):
            try:
                if seconds(decode, packet) > SLOW:
                    slow += min(seconds(decode, packet) for _ in range(3)) > SLOW
            except Exception:  # noqa: BLE001 - whatever it is, a stranger's packet caused it
                crashes += 1
    return crashes, slow


@pytest.mark.claim("snmp")
@pytest.mark.parametrize("packets", [5_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_a_hostile_packet_is_a_message_or_malformed(packets: int, figure: Any) -> None:
    crashes, slow = thrown(codec, packets, packets)
    figure(packets=packets, crashes=crashes, slow=slow)
    assert (crashes, slow) == (0, 0)


@pytest.mark.control("snmp")
def test_a_codec_that_believes_lengths_is_found_out(figure: Any) -> None:
    """Broken: reads on where a length says so, beyond the end of the packet."""
    source = Path(codec.__file__).read_text("utf-8")
    believing = source.replace("except IndexError:", "except KeyError:")
    assert believing != source
    crashes, _ = thrown(_module(believing), 5_000, 5_000)
    figure(packets=5_000, crashes=crashes)
    assert crashes > 50


def _module(source: str) -> ModuleType:
    spec = importlib.util.spec_from_loader("believing", loader=None)
    assert spec is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["believing"] = made
    exec(compile(source, "believing", "exec"), made.__dict__)  # noqa: S102 - our own source, one guard less
    return made
