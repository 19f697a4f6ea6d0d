"""Who a printer is, from clues that contradict each other; which serials and MACs count."""

import pytest

from agent.collectors._identity import ieee1284, serial_numbers
from agent.collectors._identity.identity_decision import IdentityEvidence, SourcedText, decide_identity
from agent.collectors._vendor.vendor_profiles import load_shipped
from agent.snmp.oid import oid

DESCR = oid("1.3.6.1.2.1.1.1.0")


def who(descr="", object_id="", *, device="", ids=(), **rest):
    clues = IdentityEvidence(
        sys_descr=SourcedText(descr, DESCR),
        object_id=object_id,
        device_descr=SourcedText(device, b"d"),
        device_ids=tuple((ieee1284.parse(text), b"i") for text in ids),
        **rest,
    )
    return decide_identity(clues, load_shipped()).identity


@pytest.mark.parametrize(
    ("descr", "object_id", "vendor"),
    [
        ("KYOCERA Document Solutions Printing System", "1.3.6.1.4.1.1347.41", "Kyocera"),
        ("UTAX_TA 3005ci", "1.3.6.1.4.1.1347.41", "Utax"),
        ("TRIUMPH-ADLER P-4020DN", "1.3.6.1.4.1.1347.41", "Triumph-Adler"),
        ("P-4020DN", "1.3.6.1.4.1.1347.41", "Kyocera"),
        ("LANIER MP C3501 2.01 / LANIER Network Printer C model", "1.3.6.1.4.1.367.1.1", "Lanier"),
        ("infotec IS 2416 1.0 / x", "1.3.6.1.4.1.367.1.1", "Infotec"),
        ("Aficio MP 3350", "", "Ricoh"),
        ("Develop ineo+ 250i", "1.3.6.1.4.1.18334.1.1.1.2.1", "Develop"),
        ("KONICA MINOLTA magicolor 4650", "", "Konica Minolta"),
        ("Generic 28C-1", "1.3.6.1.4.1.18334.1.1.1.2.1", "Konica Minolta"),
        ("FUJI XEROX DocuPrint C5005 d", "1.3.6.1.4.1.253.8.62.1", "Fuji Xerox"),
        ("FUJIFILM Apeos C7580", "1.3.6.1.4.1.297.1.11", "Fujifilm"),
        ("Dell Laser Printer 1720dn version NM.NA.N099", "1.3.6.1.4.1.641.1", "Dell"),
        ("HP Laser MFP 432; V3.00", "1.3.6.1.4.1.236.11.5.1", "HP"),
        ("", "1.3.6.1.4.1.11.1", "HP"),
        ("TTP244CE Version: 7.02 EZD", "1.3.6.1.4.1.51966.2.6", "TSC"),
        ("ZebraNet Wireless", "1.3.6.1.4.1.683.6.0", "Zebra"),
        ("SINDOH M611", "", "Sindoh"),
        ("OKI DATA CORP C532", "", "OKI"),
        ("ComColor FT5430", "1.3.6.1.4.1.99999.1", "RISO"),
        ("MURATEC MFX-3590", "", "Muratec"),
        ("Honeywell PM45", "1.3.6.1.4.1.1963.15", "Honeywell"),
        ("Olivetti d-Color MF254", "1.3.6.1.4.1.18334.1.2.1.2.1", "Olivetti"),
        ("Star Micronics TSP100IV", "", "Star Micronics"),
        ("Linux chipshop 5.4", "1.3.6.1.4.1.8072.3.2.10", None),
        ("", "", None),
    ],
)
def test_the_name_on_the_lid_makes_the_vendor_then_the_firmware(descr, object_id, vendor):
    assert who(descr, object_id).vendor == vendor


def test_a_network_card_does_not_name_the_printer_it_stands_in():
    card = "HP ETHERNET MULTI-ENVIRONMENT,ROM none,JETDIRECT,JD95"
    assert who(card, "1.3.6.1.4.1.11.2.3.9.1", ids=["MFG:Lexmark;MDL:T640;"]).vendor == "Lexmark"
    assert who(card, "1.3.6.1.4.1.11.2.3.9.1").vendor == "HP"


@pytest.mark.parametrize(
    ("descr", "device", "ids", "model"),
    [
        ("", "KONICA MINOLTA bizhub C224e", (), "bizhub C224e"),
        ("KONICA MINOLTA bizhub C3110", "Generic 28C-1", (), "bizhub C3110"),
        ("", "Generic 28C-1", ("MFG:Canon;MDL:LBP6670 Series;",), "LBP6670"),
        ("Samsung M4080FX; V11.01.03.04_02-27-2017;Engine", "Samsung M408x Series", (), "M4080FX"),
        ("RICOH MP 3053 1.09 / RICOH Network Printer C model", "", (), "MP 3053"),
        ("OKI OkiLAN 9450g Rev.00.69 : Attached to MC873 Rev.07.87 : x", "", (), "MC873"),
        ("Xerox(R) VersaLink(R) C405 Color MFP; System 68.9", "", (), "VersaLink C405 Color MFP"),
        ("Brother NC-8300h, Firmware Ver.1.14", "Brother HL-L2350DW series", (), "HL-L2350DW"),
        ("Brother NC-8300h, Firmware Ver.1.14", "", (), None),
        ("KYOCERA Document Solutions Printing System", "", (), None),
        ("Canon iR-ADV C5235 /P", "", (), "iR-ADV C5235"),
        ("HP ETHERNET MULTI-ENVIRONMENT", "HP HP LaserJet 400 M401dn", (), "LaserJet 400 M401dn"),
        ("", "OKI DATA CORP: ES8473 MFP", (), "ES8473 MFP"),
        ("", "Xerox WorkCentre 5335 v 65. 10. 21 Multifunction System", (), "WorkCentre 5335"),
        ("", "FUJI XEROX ApeosPort-VI C3371 v  1.0.7 Multifunction System", (), "ApeosPort-VI C3371"),
        ("", "Xerox Phaser 8560DN;PS 4.10.0,Net 37.55", (), "Phaser 8560DN"),
        ("", "Canon iPF785 Ver 1.32", (), "iPF785"),
        ("", "Epson TM-T88V", (), "TM-T88V"),
        ("", "Xerox Versant 80 Press", (), "Versant 80 Press"),
        ("", "HP LaserJet V 40", (), "LaserJet V 40"),
        ("", "KONICA MINOLTA bizhub 4050 701634HHABC12 LW41.SB4.P630", (), "bizhub 4050"),
        ("", "Lexmark MS812DN LW71.DN4.P230", (), "MS812DN"),
        ("", "HP", (), None),
        ("HP ETHERNET MULTI-ENVIRONMENT", "HP", ("MFG:HP;MDL:HP LaserJet 4250;",), "LaserJet 4250"),
    ],
)
def test_the_model_has_no_brand_no_series_and_no_network_card(descr, device, ids, model):
    assert who(descr, device=device, ids=ids).model == model


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("RNP00267312AB4F", None),
        ("NPI8F2C1A", None),
        ("ET0021B7D31C99", None),
        ("Printer", None),
        ("FS-1370DN", "FS-1370DN"),
    ],
)
def test_a_name_made_of_a_mac_is_no_model(name, model):
    assert who("Ricoh", printer_name=SourcedText(name, b"n")).model == model


@pytest.mark.parametrize(
    ("descr", "firmware", "serial"),
    [
        ("Samsung X; V11.01.03.04_02;Engine;NIC ;S/N 0AABBJCD1234", "11.01.03.04", "0AABBJCD1234"),
        ("RICOH MP 3053 1.09 / RICOH Network Printer C model", "1.09", None),
        ("Dell 3115cn Color Laser MFP; Net 11.73, Controller 2008, Engine 05.10.00, x", "05.10.00", None),
        ("TOSHIBA e-STUDIO305CS version NH4.1 kernel 2.6", "NH4.1", None),
        ("Rex-Rotary MP C3004 1.18 / Rex-Rotary Network Printer C model", "1.18", None),
        ("Acme Press 9, Firmware Ver.2.07-b (19.03.05)", "2.07-b", None),
        ("Acme Press 9; FW: v3.1; boot 2", "v3.1", None),
        ("Acme Press 9, firmware unknown", None, None),
        ("HP ETHERNET MULTI-ENVIRONMENT,SN:VNB3J99999,FN:1F31B6C,SVCID:1,PID:HP M252dw", None, "VNB3J99999"),
    ],
)
def test_sys_descr_tells_what_no_object_does(descr, firmware, serial):
    found = who(descr)
    assert (found.firmware, found.serial) == (firmware, serial)


@pytest.mark.parametrize(
    ("descr", "object_id", "model", "firmware"),
    [
        ("HP Laser MFP 432; V3.82.01.08 NOV-15-2019;Engine", "1.3.6.1.4.1.236.11.5.1", "Laser MFP 432", "3.82.01.08"),
        ("InfoPrint 1811 version NR.APS.N332 kernel 2.6", "1.3.6.1.4.1.641.1.71106749", "1811", "NR.APS.N332"),
    ],
)  # fmt: skip
def test_the_maker_of_the_firmware_writes_in_its_own_way_under_every_brand(descr, object_id, model, firmware):
    found = who(descr, object_id)
    assert (found.model, found.firmware) == (model, firmware)


@pytest.mark.parametrize(
    ("story", "clues", "verdict"),
    [
        ("a printer row", {"printer_rows": True}, True),
        ("devices, no printer among them", {"devices": True}, False),
        (
            "a sysObjectID of printers beats devices",
            {"object_id": "1.3.6.1.4.1.367.1.1", "devices": True},
            True,
        ),
        ("a 1284 id", {"ids": ["MFG:HP;MDL:X;CLS:PRINTER;"]}, True),
        ("words", {"descr": "Acme Laser Printer"}, True),
        ("a maker of nothing else", {"descr": "SATO CL4NX"}, True),
        ("HP's switch", {"descr": "HP J9145A", "object_id": "1.3.6.1.4.1.11.2.3.7.11.104"}, False),
        ("an unknown enterprise", {"descr": "Acme 9000", "object_id": "1.3.6.1.4.1.99999.1"}, False),
        ("a scan server", {"descr": "EPSON Scan Server", "object_id": "1.3.6.1.4.1.1248.1.1"}, False),
        (
            "a reader among a maker's printers",
            {"descr": "Zebra RFID Reader", "object_id": "1.3.6.1.4.1.10642.6"},
            False,
        ),
        (
            "a printer that scans",
            {"descr": "Zebra Printer and Scanner", "object_id": "1.3.6.1.4.1.10642.6"},
            True,
        ),
        ("a maker of nothing else, of what is none", {"descr": "Lexmark Scan Server"}, False),
        ("a maker of many things", {"descr": "Samsung C"}, None),
        ("nothing", {}, None),
    ],
)
def test_whether_it_is_a_printer(story, clues, verdict):
    assert who(**clues).is_printer is verdict, story


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        (" vd00000001 ", "VD00000001"), ("A0ED\x00\x00", "A0ED"), ("7XQ1R92-132-13", "7XQ1R92-132-13"),
        ("", None), (None, None), ("XXXXXXXX", None), ("xxxxxx", None), ("0000000000", None), ("------", None),
        ("N/A", None), ("unknown", None), ("SERIAL", None), ("Serial Number", None), ("0123456789", None),
        ("<private>", None), ("1", None), ("????????", None), ("not set", None), ("Not specified", None),
        ("undefined", None), ("UNINITIALIZED", None), ("(null)", None), ("No serial number", None),
        ("System Serial Number", None), ("To Be Filled By O.E.M.", None), ("nicht verfügbar", None),
        ("XXXX-XXXX", None), ("0000-0000", None), ("00:00:00:00:00:00", None), ("0x00", None), ("ÿÿÿÿÿÿÿÿ", None),
        ("Z5U7BJAD100123.", "Z5U7BJAD100123"), ('"MB123456"', "MB123456"), ("NONE1234", "NONE1234"),
        ("UNSET01", "UNSET01"), ("SN40012", "SN40012"), ("00:00:48:aa:bb:cc", "00:00:48:AA:BB:CC"),
    ],
)  # fmt: skip
def test_a_serial_that_only_fills_the_field_is_none(text, serial):
    assert serial_numbers.clean_serial(text) == serial


@pytest.mark.parametrize(
    ("addresses", "mac"),
    [
        (["", "000000000000", "00074d6bc2a8"], "00074d6bc2a8"),
        (["fada0c000001", "f8da0c000001"], "f8da0c000001"),
        (["fada0c000001"], "fada0c000001"),
        (["01005e000001", "ffffffffffff", "0011"], None),
        ([], None),
    ],
)
def test_the_mac_is_the_first_universal_one(addresses, mac):
    assert serial_numbers.pick_mac(map(bytes.fromhex, addresses)) == mac


@pytest.mark.parametrize(
    ("text", "uuid"),
    [
        ("urn:uuid:E3248000-80CE-11DB-8000-3C2AF4AABBCC", "e3248000-80ce-11db-8000-3c2af4aabbcc"),
        ("uuid:e3248000-80ce-11db-8000-3c2af4aabbcc", "e3248000-80ce-11db-8000-3c2af4aabbcc"),
        ("urn:uuid:00000000-0000-0000-0000-000000000000", None),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", None),
        ("http://printer/1", None),
        ("", None),
    ],
)
def test_a_uuid_that_tells_nobody_apart_is_none(text, uuid):
    assert serial_numbers.clean_uuid(text) == uuid


@pytest.mark.parametrize(
    ("text", "maker", "model", "serial"),
    [
        ("MFG:EPSON;CMD:ESCLABEL;MDL:CW-C6500Au;CLS:PRINTER;", "EPSON", "CW-C6500Au", ""),
        (
            "MANUFACTURER:Zebra Technologies;COMMAND SET:ZPL;MODEL:ZTC TLP 2824 Plus;",
            "Zebra Technologies",
            "ZTC TLP 2824 Plus",
            "",
        ),
        ("MFG:Xerox; CMD:PCL; MDL:AltaLink C8045; SN:ABC123", "Xerox", "AltaLink C8045", "ABC123"),
        ("COMMAND SET:;MODEL:Dell S5830dn", "", "Dell S5830dn", ""),
        ("mfg:A:B;mdl:x", "A:B", "x", ""),
        ("\x8eMFG:HP;MDL:Deskjet", "HP", "Deskjet", ""),
        ("MMFG:HP;MDL:Deskjet;DES:a;", "HP", "Deskjet", ""),
        ("CMD:PCL;MDL:MODES: fast;MFG:HP", "HP", "MODES: fast", ""),
    ],
)
def test_a_1284_id(text, maker, model, serial):
    found = ieee1284.parse(text)
    assert (found.maker, found.model, found.serial) == (maker, model, serial)


@pytest.mark.parametrize("text", ["", "public", ";;;", "CMD:PCL;CLS:PRINTER;", "no colons here"])
def test_what_is_no_1284_id(text):
    assert ieee1284.parse(text) is None
