"""Printers that the site's DNS names: a DNS server on loopback, and one that lies."""

import os
import random

import pytest
from dns_server import printer_records, serve_dns
from loopback import own

from agent import config
from agent.config.access_policy import AccessPolicy
from agent.core.clock import Clock
from agent.core.errors import ConfigError
from agent.core.model import IppPlace
from agent.discovery.methods import DiscoveryContext, _dns_sd, dns_sd

SITE = "corp.example"
SERVER = own("61.53")


def context(tmp_path, port, *, domains=(SITE,), server=SERVER, **settings):
    given = {
        "network": [{"cidr": "192.0.2.0/24"}],
        "dns_sd": {"enabled": True, "domains": list(domains), "servers": [server], "port": port},
    }
    policy = AccessPolicy.from_config(config.build_config(given | settings, tmp_path))
    return DiscoveryContext(policy=policy, clock=Clock(), prober=None)


async def browse(*arguments, **settings):
    return {one.address.host: one async for one in dns_sd.discover(context(*arguments, **settings))}


async def test_a_printer_of_each_service_is_found_with_what_its_record_says(tmp_path):
    records = [
        one
        for number, service in enumerate(_dns_sd.SERVICES, 1)
        for one in printer_records(SITE, f"P{number}", f"192.0.2.{number}", service=service)
    ]
    async with serve_dns(SERVER, records) as (_, port):
        found = await browse(tmp_path, port)
    assert {host: one.model for host, one in found.items()} == {f"192.0.2.{n}": f"P{n}" for n in (1, 2, 3, 4)}
    assert {(one.via, one.is_printer) for one in found.values()} == {("dns_sd", True)}
    assert found["192.0.2.1"].announced.resource == "ipp/print"
    places = {host: one.announced.ipp for host, one in found.items() if one.announced.ipp}
    assert places == {
        "192.0.2.1": (IppPlace(port=631, path="/ipp/print"),),
        "192.0.2.2": (IppPlace(port=631, path="/ipp/print", tls=True),),
    }


async def test_the_services_of_one_printer_are_one_sighting_and_ipv6_is_found(tmp_path):
    records = [
        *printer_records(SITE, "Hall", "192.0.2.9", txt='"ty=" "note=Hall 3"'),
        *printer_records(SITE, "Hall", "192.0.2.9", service="_printer._tcp", txt='"ty=Acme 9" "UUID=AB-1"'),
        *printer_records(SITE, "Six", "2001:db8::6"),
    ]
    async with serve_dns(SERVER, records) as (_, port):
        found = await browse(tmp_path, port)
    assert set(found) == {"192.0.2.9", "2001:db8::6"}
    assert (found["192.0.2.9"].model, found["192.0.2.9"].uuid) == ("Acme 9", "ab-1")
    assert found["192.0.2.9"].announced.location == "Hall 3"


@pytest.mark.parametrize("place", [f"b._dns-sd._udp.{SITE}", "lb._dns-sd._udp.0.2.0.192.in-addr.arpa"])
async def test_domains_that_the_site_names_for_browsing_are_browsed(tmp_path, place):
    """Of its domain, or of the reverse name of a network (RFC 6763, 11)."""
    records = [
        (place, "PTR", "printers.corp.example."),
        *printer_records("printers.corp.example", "A", "192.0.2.7"),
    ]
    async with serve_dns(SERVER, records) as (_, port):
        assert set(await browse(tmp_path, port)) == {"192.0.2.7"}


async def test_each_name_is_asked_once_however_often_it_is_named(tmp_path):
    records = [
        *printer_records(SITE, "A", "192.0.2.7"),
        (f"_ipps._tcp.{SITE}", "PTR", f"A._ipp._tcp.{SITE}."),
        (f"_printer._tcp.{SITE}", "PTR", f"A._ipp._tcp.{SITE}."),
    ]
    async with serve_dns(SERVER, records) as (server, port):
        await browse(tmp_path, port)
    assert set(server.asked.values()) == {1}


async def test_a_server_that_names_too_much_is_followed_only_so_far(tmp_path, monkeypatch):
    for bound, value in {"MAX_NAMES": 20, "MAX_FOUND": 12, "MAX_ADDRESSES": 2, "MAX_DOMAINS": 3}.items():
        monkeypatch.setattr(_dns_sd, bound, value)
    many = [one for n in range(1, 60) for one in printer_records(SITE, f"P{n}", f"192.0.2.{n}")]
    loop = (f"x._ipp._tcp.{SITE}", "SRV", f"0 0 631 x._ipp._tcp.{SITE}.")
    crowd = [(f"p1.{SITE}", "A", f"198.51.100.{n}") for n in range(1, 20)]
    domains = [(f"b._dns-sd._udp.{SITE}", "PTR", f"d{n}.example.") for n in range(30)]
    async with serve_dns(SERVER, [loop, *many, *crowd, *domains]) as (server, port):
        found = await browse(tmp_path, port)
    assert len(found) == 12
    assert sum(kind == "SRV" for _, kind in server.asked) == 20
    assert len({name for name, kind in server.asked if kind == "PTR" and name.startswith("_ipp.")}) == 3


async def test_broken_answers_cost_their_name_alone_and_end_by_themselves(tmp_path, monkeypatch):
    """Cut, mutated, empty, foreign: no exception, and the pass ends."""
    monkeypatch.setattr(_dns_sd, "PATIENCE", 0.03)
    monkeypatch.setattr(_dns_sd, "MAX_FAILURES", 10)
    luck = random.Random(6763)

    def spoil(wire):
        changed = bytearray(wire)
        for _ in range(luck.randint(0, 6)):
            changed[luck.randrange(2, len(changed))] = luck.randrange(256)
        return bytes(changed)[: luck.choice([len(wire), len(wire), len(wire) // 2, 0])]

    records = [one for n in range(1, 9) for one in printer_records(SITE, f"P{n}", f"192.0.2.{n}")]
    for _ in range(int(os.environ.get("DNS_ROUNDS", "6"))):
        async with serve_dns(SERVER, records, spoil) as (_, port):
            await browse(tmp_path, port)


async def test_a_dead_server_ends_the_pass_after_some_questions_and_is_said_once(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(_dns_sd, "PATIENCE", 0.02)
    monkeypatch.setattr(_dns_sd, "MAX_FAILURES", 3)
    async with serve_dns(SERVER, [], lambda _: b"") as (server, port):
        assert await browse(tmp_path, port) == {}
        assert len(server.asked) == 3
    (said,) = caplog.messages
    assert "did not answer 3 questions" in said


def test_a_record_is_read_up_to_a_bound():
    assert _dns_sd.parse_strings([b"a=1", b"A", b"=x", b"", b"a=2"]) == {b"a": b"1", b"A": None}
    assert len(_dns_sd.parse_strings(b"k%d=%s" % (n, b"v" * 200) for n in range(100))) == 6


@pytest.mark.parametrize(
    "domain", ["", "a b", "-x.example", "x..example", "printer.local", "x" * 64, "ä.example"]
)
def test_what_is_no_domain_is_refused(tmp_path, domain):
    with pytest.raises(ConfigError, match=r"domain|mDNS"):
        context(tmp_path, 53, domains=[domain])


def test_it_is_off_unless_switched_on_and_where_nothing_is_swept(tmp_path):
    def enabled(**settings):
        return dns_sd.enabled(config.build_config(settings, tmp_path))

    swept, still = [{"cidr": "192.0.2.0/24"}], [{"cidr": "192.0.2.0/24", "sweep": False}]
    assert not enabled(network=swept)
    assert enabled(network=swept, dns_sd={"enabled": True})
    assert not enabled(network=still, dns_sd={"enabled": True})
