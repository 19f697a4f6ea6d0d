"""TXT records of printers, as makers write them."""

import json

import pytest

from agent.discovery.methods import _txt


def record(**said):
    return {key.encode(): value.encode() for key, value in said.items()}


def test_every_key_is_read_or_kept():
    said = record(
        txtvers="1", qtotal="1", rp="ipp/print", ty="HP LaserJet M507", product="(HP LaserJet M507)",
        usb_MFG="HP", usb_MDL="LaserJet M507", UUID="564E4233-4A00", note="Floor 2", adminurl="http://192.0.2.7",
        pdl="application/pdf,image/urf", Color="F", Duplex="T", Scan="U", Fax="f", PaperMax="tabloid-A3",
        kind="document,envelope", TLS="1.2", air="none", priority="10",
    )  # fmt: skip
    found = _txt.parse_announcement(_txt.merge_records([said]))
    assert (found.model, found.vendor, found.uuid) == ("HP LaserJet M507", "HP", "564e4233-4a00")
    assert (found.location, found.admin_url, found.resource) == ("Floor 2", "http://192.0.2.7", "ipp/print")
    assert (found.colour, found.duplex, found.scans, found.faxes) == (False, True, None, False)
    assert (found.paper_max, found.kinds) == ("tabloid-A3", ("document", "envelope"))
    assert (found.formats, found.tls, found.login) == (("application/pdf", "image/urf"), "1.2", "none")
    assert found.more == {"txtvers": "1", "qtotal": "1", "priority": "10"}


def test_what_is_not_announced_is_none():
    found = _txt.parse_announcement(_txt.merge_records([record(rp="", pdl="")]))
    assert (found.uuid, found.login, found.resource, found.location, found.mac) == (None,) * 5
    assert (found.formats, found.kinds, found.colour) == ((), (), None)


@pytest.mark.parametrize(
    ("said", "model"),
    [
        (record(ty="Acme X100", usb_MFG="Other"), "Acme X100"),
        (record(usb_MFG="Acme", usb_MDL="X100"), "Acme X100"),
        (record(product="(Acme X100)"), "Acme X100"),
        (record(usb_MFG="Acme", usb_MDL="", product="(Acme X100)"), "Acme X100"),
        (record(rp="lp"), None),
    ],
)
def test_the_model_has_three_places(said, model):
    assert _txt.parse_announcement(_txt.merge_records([said])).model == model


def test_the_services_of_a_printer_complete_each_other():
    ipp, lpr = record(ty="Acme X100", UUID="AA"), record(note="Floor 2", ty="")
    assert _txt.parse_announcement(_txt.merge_records([lpr, ipp])).model == "Acme X100"
    assert _txt.parse_announcement(_txt.merge_records([ipp, lpr])).location == "Floor 2"


def test_hostile_text_is_cleaned():
    said = _txt.merge_records([{b"ty": b"Acme\x1b[31m\x00 X\xff", b"note": None, b"n\xc3\xb6": b"1"}])
    assert "\x1b" not in said["ty"]
    assert said["note"] == ""


def test_a_real_printers_services_make_one_announcement(corpus):
    raw = json.loads((corpus / "fragments" / "hp_m252dw_mdns_txt.json").read_text("utf-8"))
    records = [record(**service.get("txt", {})) for service in raw["services"].values()]
    found = _txt.parse_announcement(_txt.merge_records(records))
    assert "M252dw" in found.model
    assert found.mac == "480fcfc9167e"
    assert (found.colour, found.duplex, found.scans) == (True, True, False)
    assert found.uuid == raw["services"]["_http._tcp"]["txt"]["UUID"]


@pytest.mark.parametrize("written", ["", "none", "48:0f:cf", "48:0f:cf:c9:16:7g"])
def test_what_is_no_mac_is_none(written):
    assert _txt.parse_announcement(_txt.merge_records([record(mac=written)])).mac is None
