"""Who is who: identities over addresses, boards and time."""

import sqlite3
from dataclasses import replace

import pytest

from agent.core.model import Address, Announcement, Identity, Sighting
from agent.discovery import binding, inventory

A, B = Address("192.0.2.1"), Address("192.0.2.2")
HOUR = 3600.0


@pytest.fixture
def tx():
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    for script in inventory.SCHEMA:
        for statement in script.split(";"):
            db.execute(statement)
    yield db
    db.close()


def who(serial=None, mac=None, uuid=None, model="X100", **more):
    return Identity(vendor="Acme", model=model, serial=serial, mac=mac, uuid=uuid, is_printer=True, **more)


def swept(at):
    return Sighting(address=A, via="sweep", at=at)


def bind(tx, identity, address=A, now=0.0):
    return binding.bind_identity(tx, identity, address, now=now).device


STORIES = [
    # name, readings as (identity, address, hour), keys of the devices afterwards
    ("the same printer twice is one", [(who("S1"), A, 0), (who("S1"), A, 1)], {"sn:S1"}),
    ("a DHCP move keeps the printer", [(who("S1"), A, 0), (who("S1"), B, 1)], {"sn:S1"}),
    ("an address that became another printer is another device", [(who("S1"), A, 0), (who("S2"), A, 1)], {"sn:S1", "sn:S2"}),
    ("without a serial the MAC tells", [(who(mac="aa"), A, 0), (who(mac="aa"), B, 1)], {"mac:aa"}),
    ("a new board keeps the printer by its serial", [(who("S1", "aa"), A, 0), (who("S1", "bb"), A, 1)], {"sn:S1"}),
    ("a serial that came later is the same printer", [(who(mac="aa"), A, 0), (who("S1", "aa"), A, 1)], {"mac:aa"}),
    ("a wiped serial is told by the MAC", [(who("S1", "aa"), A, 0), (who(None, "aa"), A, 1)], {"sn:S1"}),
    ("two living printers with one serial stay two", [(who("S1", "aa"), A, 0), (who("S1", "bb"), B, 0.5)], {"sn:S1", "mac:bb"}),
    ("a MAC that was not read contradicts nothing", [(who("S1", "aa"), A, 0), (who("S1"), B, 0.5)], {"sn:S1"}),
    ("one serial on two models is two printers", [(who("S1", "aa"), A, 0), (who("S1", "bb", model="Y9"), B, 50)], {"sn:S1", "mac:bb"}),
    ("two network cards of one printer share its UUID", [(who("S1", "aa", "u1"), A, 0), (who("S1", "bb", "u1"), B, 0.5)], {"sn:S1"}),
    ("a printer that names nothing is known by place and model", [(who(), A, 0), (who(), A, 1)], {"at:X100@192.0.2.1:161"}),
    ("a nameless printer is never recognised by its address alone", [(who(), A, 0), (who(model="Y9"), A, 1)], {"at:X100@192.0.2.1:161", "at:Y9@192.0.2.1:161"}),
    ("another serial behind the same board is another printer", [(who("S1", "aa"), A, 0), (who("S2", "aa"), A, 1)], {"sn:S1", "sn:S2"}),
    ("another serial with the same UUID is another printer", [(who("S1", None, "u1"), A, 0), (who("S2", None, "u1"), A, 1)], {"sn:S1", "sn:S2"}),
    ("zeros in front of a serial are no other printer", [(who("00CNB1234567"), A, 0), (who("CNB1234567"), B, 2)], {"sn:00CNB1234567"}),
    ("zeros that come later are no other printer", [(who("VNC3R12345"), A, 0), (who("00VNC3R12345"), A, 1)], {"sn:VNC3R12345"}),
    ("a short number keeps its zeros", [(who("001234"), A, 0), (who("1234"), A, 1)], {"sn:001234", "sn:1234"}),
    ("who agrees in serial and MAC goes before who agrees in one", [(who(mac="bb"), B, 0), (who("S1", "aa"), A, 0.1), (who("S1", "bb"), B, 3), (who("S1", "aa"), A, 4)], {"sn:S1", "mac:bb"}),
    ("a reading without its serial does not make a ghost", [(who("S1", "aa"), A, 0), (who(), A, 1)], {"sn:S1"}),
]  # fmt: skip


@pytest.mark.parametrize(("story", "readings", "keys"), STORIES, ids=[story[0] for story in STORIES])
def test_identity(tx, story, readings, keys):
    for identity, address, hour in readings:
        bind(tx, identity, address, hour * HOUR)
    assert set(inventory.load_devices(tx)) == keys


def test_an_address_belongs_to_the_last_printer_that_answered_there(tx):
    bind(tx, who("S1"), A)
    bind(tx, who("S2"), A, HOUR)
    assert inventory.find_device_at(tx, A).key == "sn:S2"
    assert inventory.load_devices(tx)["sn:S1"].address.host == ""


def test_a_move_leaves_the_old_address_to_nobody(tx):
    bind(tx, who("S1"), A)
    bind(tx, who("S1"), B, 2 * HOUR)
    assert inventory.find_device_at(tx, A) is None
    assert inventory.find_device_at(tx, B).key == "sn:S1"


def test_who_shares_a_serial_with_another_takes_no_address_from_it(tx):
    bind(tx, who("S1", "aa"), A)
    bind(tx, who("S1", "bb"), B, HOUR / 2)
    assert (inventory.find_device_at(tx, A).key, inventory.find_device_at(tx, B).key) == ("sn:S1", "mac:bb")


def test_a_printer_that_answers_where_it_was_has_no_second_address(tx):
    bind(tx, who("S1"), A)
    bind(tx, who("S1"), A, HOUR / 2)
    assert inventory.load_second_addresses(tx, "sn:S1") == []


def test_what_was_not_read_this_time_keeps_its_last_value(tx):
    bind(tx, who("S1", "aa", firmware="1.0", location="Floor 2"))
    bind(tx, Identity(serial="S1"), now=HOUR)
    device = inventory.load_devices(tx)["sn:S1"]
    assert (device.firmware, device.location, device.model, device.last_seen) == (
        "1.0",
        "Floor 2",
        "X100",
        HOUR,
    )
    assert device.first_seen == 0.0


def test_what_the_engine_learned_outlives_a_new_reading(tx):
    binding.bind_identity(tx, who("S1"), A, now=0, learned="v1,next")
    assert inventory.load_learned(tx, "sn:S1") == "v1,next"
    inventory.save_learned(tx, "sn:S1", "v2c,bulk")
    assert inventory.load_learned(tx, "sn:S1") == "v2c,bulk"


@pytest.mark.parametrize(
    ("verdict", "days", "asked"),
    [
        ("not a printer", 29, False),
        ("not a printer", 31, True),
        ("no answer", 0.01, False),
        ("no answer", 1, True),
    ],
)
def test_what_was_no_printer_is_not_asked_again_for_30_days(tx, verdict, days, asked):
    inventory.save_candidate(tx, swept(0), verdict)
    assert inventory.should_identify(tx, swept(days * 86400)) is asked


@pytest.mark.parametrize("verdict", ["undecided", "no answer", "not a printer"])
@pytest.mark.parametrize("via", ["mdns", "static"])
def test_what_announces_itself_or_is_named_by_hand_is_asked_at_once_and_then_once_a_day(tx, verdict, via):
    inventory.save_candidate(tx, swept(0), verdict)
    named = Sighting(address=A, via=via, at=1.0, is_printer=True)
    assert inventory.should_identify(tx, named)
    inventory.save_candidate(tx, named, verdict)
    assert not inventory.should_identify(tx, replace(named, at=2.0)), "but not again and again"
    assert inventory.should_identify(tx, replace(named, at=25 * HOUR))
    assert not inventory.should_identify(tx, swept(3.0)), "a sweep alone is no reason"


def test_a_known_printer_needs_no_acquaintance(tx):
    assert inventory.should_identify(tx, swept(0))
    bind(tx, who("S1"), A)
    assert not inventory.should_identify(tx, swept(0))


def test_what_a_printer_announced_is_kept(tx):
    said = Announcement(model="X100", location="Floor 2", colour=True, more={"qtotal": "1"})
    inventory.save_candidate(tx, Sighting(address=A, via="mdns", at=0.0, announced=said), "outside")
    (candidate,) = inventory.load_candidates(tx)
    assert candidate.announced["location"] == "Floor 2"
    assert candidate.announced["more"] == {"qtotal": "1"}


def test_a_printer_that_answers_in_two_places_keeps_its_address(tx):
    bind(tx, who("S1", "aa"), A)
    inventory.mark_seen(tx, "sn:S1", A, HOUR)
    assert bind(tx, who("S1", "aa"), B, HOUR + 1).address == A
    assert inventory.find_device_at(tx, B).key == "sn:S1"
    assert inventory.load_second_addresses(tx, "sn:S1") == [B]
    assert not inventory.should_identify(tx, Sighting(address=B, via="sweep", at=HOUR + 2))


def test_a_printer_that_answers_only_in_its_second_place_has_moved_there(tx):
    bind(tx, who("S1", "aa"), A)
    bind(tx, who("S1", "aa"), B, 60)
    inventory.mark_seen(tx, "sn:S1", B, HOUR)  # there, but not at home
    assert bind(tx, who("S1", "aa"), B, HOUR + 1).address == B
    assert inventory.load_second_addresses(tx, "sn:S1") == []
    assert inventory.find_device_at(tx, A) is None


def test_a_second_address_that_became_another_printer_is_its_own(tx):
    bind(tx, who("S1", "aa"), A)
    bind(tx, who("S1", "aa"), B, 60)
    bind(tx, who("S2", "bb"), B, 120)
    assert inventory.find_device_at(tx, B).key == "sn:S2"
    assert inventory.load_second_addresses(tx, "sn:S1") == []


def test_one_printer_is_loaded_by_its_key(tx):
    bind(tx, who("S1"))
    bind(tx, who("S2"), B)
    assert inventory.load_device(tx, "sn:S2") == inventory.load_devices(tx)["sn:S2"]
    assert inventory.load_device(tx, "sn:S3") is None
