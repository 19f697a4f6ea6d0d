"""Where a printer answers IPP, from records that any host may announce."""

from dataclasses import replace

import pytest

from agent.core.model import Address, Announcement, IppPlace, Sighting
from agent.discovery.methods import _ipp_places
from agent.discovery.methods._ipp_places import AnnouncedServices, clean_path, is_ipp_port, parse_place
from agent.discovery.methods._mdns import REPEAT_AFTER, ReportedSightings

IPP, IPPS = "_ipp._tcp.local.", "_ipps._tcp.local."
PATHS = [
    (b"ipp/print", "/ipp/print"),
    (b"/ipp/print", "/ipp/print"),
    (b"printers/Floor 2", "/printers/Floor%202"),
    (b"printers/Floor%202", "/printers/Floor%202"),
    (b"100%", "/100%25"),
    ("Büro".encode(), "/B%C3%BCro"),
    (b"//evil.example/x", "/evil.example/x"),
    (b"http://evil.example/x", "/http://evil.example/x"),
    (b"x?y#z\\w", "/x%3Fy%23z%5Cw"),
    (b"a\r\nHost: evil", None),
    (b"\x1b[31mred\x00", None),
    (b"x" * 252, "/" + "x" * 252),
    (b"\xff" * 252, ""),
    (b"", ""),
    (b"///", ""),
]


@pytest.mark.parametrize(("written", "path"), PATHS)
def test_a_path_is_cleaned_and_names_no_host(written: bytes, path: str | None) -> None:
    found = clean_path(written)
    assert path is None or found == path
    assert found == "" or (found.startswith("/") and not found.startswith("//"))
    assert found.isascii()
    assert found.isprintable()
    assert " " not in found
    assert len(found) <= _ipp_places.MAX_PATH


def test_ports_that_print_what_they_are_sent_are_refused() -> None:
    refused = [0, 21, 22, 25, 515, 1023, *range(9100, 9108), 9400, 6101, 65536, -1]
    assert [port for port in refused if is_ipp_port(port)] == []
    assert all(map(is_ipp_port, (80, 443, 631, 8080, 8631, 50_000)))


def test_only_ipp_has_a_place_and_no_queue_of_a_spooler() -> None:
    assert parse_place(IPP, 8631, {b"RP": b"ipp/port1"}) == IppPlace(port=8631, path="/ipp/port1")
    assert parse_place(IPPS, 443, {b"rp": None}) == IppPlace(port=443, tls=True)
    assert parse_place("_printer._tcp.local.", 8631, {b"rp": b"lp"}) is None
    assert parse_place(IPP, 0, {b"rp": b"ipp/print"}) is None
    assert parse_place(IPP, 631, {b"rp": b"printers/Laserjet", b"printer-type": b"0x801046"}) is None


def test_the_newest_word_of_a_service_counts_and_tls_comes_first() -> None:
    services = AnnouncedServices()
    first, second = IppPlace(port=631, path="/a"), IppPlace(port=8631, path="/b")
    services.add_service("h", (IPP, "one"), first)
    services.add_service("h", (IPPS, "one"), replace(first, tls=True))
    assert services.list_places("h") == (replace(first, tls=True), first)
    services.add_service("h", (IPP, "one"), second)
    services.remove_service((IPPS, "one"))
    assert services.list_places("h") == (second,)
    assert services.list_places("other") == ()


def test_a_flood_takes_a_bounded_room_and_is_reported_ever_more_rarely() -> None:
    services, pauses = AnnouncedServices(), []
    for number in range(2000):
        services.add_service("h", (IPP, f"n{number}"), IppPlace(port=2000 + number))
    assert len(services.list_places("h")) == _ipp_places.MAX_PLACES
    for number in range(20):
        services.add_service("h", (IPP, "n0"), IppPlace(port=40_000 + number))
        pauses.append(services.pause_before("h"))
    assert pauses[0] < 1.0, "the first change is followed at once"
    assert pauses == sorted(pauses)
    assert pauses[-1] == _ipp_places.LONGEST_PAUSE
    for number in range(6000):
        services.add_service(f"h{number}", (IPP, "n"), IppPlace(port=631))
    assert len(services._places) == _ipp_places.MAX_ADDRESSES


def test_a_known_printer_is_reported_for_another_place_only() -> None:
    known, new = Address("192.0.2.1"), Address("192.0.2.2")
    reported = ReportedSightings(frozenset({known}))

    def seen(address: Address, at: float, *ports: int) -> bool:
        places = tuple(IppPlace(port=port) for port in ports)
        sighting = Sighting(address=address, via="mdns", at=at, announced=Announcement(ipp=places))
        return reported.add_sighting(sighting)

    assert [seen(known, 0.0), seen(known, 1.0, 631), seen(known, 2.0, 631), seen(known, 3.0, 8631)] == [
        False, True, False, True,
    ]  # fmt: skip
    assert not seen(known, 9e9, 8631)
    assert [seen(new, 0.0), seen(new, 1.0), seen(new, 2.0, 631), seen(new, 3.0, 631)] == [
        True, False, True, False,
    ]  # fmt: skip
    assert seen(new, 4.0 + REPEAT_AFTER, 631)
