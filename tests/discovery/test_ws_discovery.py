"""WS-Discovery on the link: real multicast on loopback, and answers that are no answers."""

import asyncio
import os
import random
from contextlib import AsyncExitStack
from functools import partial
from types import SimpleNamespace

import pytest
import wsd_printer
from loopback import own
from packet_mutations import mutated
from wsd_printer import UUID, answer, serve_wsd

from agent import config
from agent.config.access_policy import AccessPolicy
from agent.core.clock import Clock
from agent.discovery.methods import DiscoveryContext, _wsd_messages, ws_discovery

PROBER = own("62.1")
PROBE = "urn:uuid:11111111-2222-3333-4444-555555555555"


def context(tmp_path, **settings):
    given = {"network": [{"cidr": own("62.0/24")}], "ws_discovery": {"interfaces": [PROBER]}}
    policy = AccessPolicy.from_config(config.build_config(given | settings, tmp_path))
    return DiscoveryContext(policy=policy, clock=Clock(), prober=None)


LAST = own("62.99")


@pytest.mark.xdist_group("multicast")
async def test_printers_that_answer_are_found_and_others_are_not(tmp_path, monkeypatch):
    """One packet for all of them. The last host answers once all others have, so that nothing waits for a time."""
    monkeypatch.setattr(ws_discovery, "LINGER", 60.0)
    says = {
        own("62.11"): answer,
        own("62.12"): partial(answer, types="wprt:PrintDeviceType scan:ScanDeviceType"),
        own("62.13"): partial(answer, types="wsdp:Computer"),
        own("62.14"): lambda _: answer(PROBE),  # answers another probe
        own("62.15"): lambda _: b"<" * 2000,
    }
    async with AsyncExitStack() as stack:
        printers = [
            await stack.enter_async_context(serve_wsd(host, PROBER, say)) for host, say in says.items()
        ]
        asking = ws_discovery.discover(context(tmp_path))
        found = [await anext(asking)]
        while any(not printer.probes for printer in printers):
            await asyncio.sleep(0.02)
        printers[0].answer_as(LAST)
        while found[-1].address.host != LAST:
            found.append(await anext(asking))
        await asking.aclose()
        assert [len(printer.probes) for printer in printers] == [1] * 5
    assert {one.address.host for one in found} == {own("62.11"), own("62.12"), LAST}
    assert {(one.via, one.is_printer, one.uuid) for one in found} == {("ws_discovery", True, UUID)}


def test_it_asks_from_addresses_of_this_machine_inside_swept_networks_alone(tmp_path, monkeypatch):
    ips = [
        SimpleNamespace(ip=own("62.7")),
        SimpleNamespace(ip=own("63.7")),
        SimpleNamespace(ip=("fe80::1", 0, 2)),
    ]
    monkeypatch.setattr(ws_discovery.ifaddr, "get_adapters", lambda: [SimpleNamespace(ips=ips)])

    def interfaces(**settings):
        return ws_discovery.list_interfaces(config.build_config(settings, tmp_path))

    swept, still = {"cidr": own("62.0/24")}, {"cidr": own("63.0/24"), "sweep": False}
    assert interfaces(network=[swept, still, {"cidr": "2001:db8::/120"}]) == [own("62.7")]
    assert interfaces(network=[still]) == []
    assert not ws_discovery.enabled(config.build_config({"network": [still]}, tmp_path))


async def test_without_such_an_address_nothing_is_sent(tmp_path, monkeypatch):
    monkeypatch.setattr(ws_discovery.ifaddr, "get_adapters", list)
    monkeypatch.setattr(ws_discovery, "_open_socket", None)
    assert not [one async for one in ws_discovery.discover(context(tmp_path, ws_discovery={}))]


def test_an_answer_is_read_whatever_its_prefixes_are():
    parsed = _wsd_messages.parse_answer(answer(PROBE))
    assert (parsed.relates_to, parsed.is_printer, parsed.uuid) == (PROBE, True, UUID)
    other = answer(PROBE).replace(b"wprt", b"n1").replace(b"wsd:", b"x:").replace(b":wsd=", b":x=")
    assert _wsd_messages.parse_answer(other).is_printer
    foreign = answer(PROBE).replace(b"wdp/print", b"wdp/scan")
    assert not _wsd_messages.parse_answer(foreign).is_printer
    assert _wsd_messages.parse_answer(answer(PROBE, uuid="no")).uuid is None


BOMB = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    "hostile",
    [
        answer(PROBE).replace(b"<soap:Envelope", BOMB + b"<soap:Envelope", 1),
        answer(PROBE).replace(b"<soap:Envelope", b"<!DOCTYPE soap:Envelope><soap:Envelope", 1),
        answer(PROBE)
        .replace(b"<soap:Envelope", BOMB + b"<soap:Envelope", 1)
        .decode()
        .replace("utf-8", "utf-16")
        .encode("utf-16"),
        answer(PROBE).replace(b"<wsd:Types>", b"<a>" * 40 + b"<wsd:Types>"),
        answer(PROBE).replace(b"wsdp:Device", b"x" * 5000),
        answer(PROBE).replace(b"utf-8", b"x-no-such"),
        answer(PROBE)[:-9],
        _wsd_messages.build_probe(PROBE),
        b"",
        b"\0" * 100,
    ],
    ids=[
        "entities",
        "a document type",
        "in UTF-16",
        "depth",
        "length",
        "encoding",
        "cut",
        "a probe",
        "empty",
        "zeros",
    ],
)
def test_hostile_xml_is_no_answer(hostile):
    assert _wsd_messages.parse_answer(hostile) is None


def test_mutated_answers_raise_nothing():
    luck = random.Random(3702)
    for _ in range(int(os.environ.get("WSD_ROUNDS", "2000"))):
        _wsd_messages.parse_answer(mutated(answer(PROBE), luck))


def test_the_probe_asks_for_printers_and_is_what_the_simulated_ones_understand():
    probe = _wsd_messages.build_probe(PROBE)
    assert b"PrintDeviceType" in probe
    assert len(probe) < 1400, "one packet"
    assert (wsd_printer.GROUP, wsd_printer.PORT) == (ws_discovery.GROUP, ws_discovery.PORT)
