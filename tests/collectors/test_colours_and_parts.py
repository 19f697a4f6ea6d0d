"""Colours, part numbers and serials out of the words of a description."""

import pytest

from agent.collectors._vendor.part_numbers import find_supply_ids
from agent.collectors._vendor.supply_colours import detect_colour


@pytest.mark.parametrize(
    ("description", "colour"),
    [
        ("Black Toner", "black"), ("Toner schwarz", "black"), ("Schwarztoner", "black"), ("Toner noir", "black"),
        ("Tóner negro", "black"), ("Cartuccia nera", "black"), ("Toner preto", "black"), ("Zwarte toner", "black"),
        ("Czarny toner", "black"), ("Černý toner", "black"), ("ブラックトナー", "black"), ("黒トナー", "black"),
        ("Cyan Toner", "cyan"), ("Zyan", "cyan"), ("Tóner cian", "cyan"), ("Toner ciano", "cyan"),
        ("Toner cyaan", "cyan"), ("Cyjan", "cyan"), ("Azurový toner", "cyan"), ("シアン", "cyan"),
        ("Magenta", "magenta"), ("Purpurový toner", "magenta"), ("マゼンタ", "magenta"), ("Пурпурный", "magenta"),
        ("Yellow Toner", "yellow"), ("Gelber Toner", "yellow"), ("Toner gelb", "yellow"), ("Toner jaune", "yellow"),
        ("Tóner amarillo", "yellow"), ("Giallo", "yellow"), ("Amarelo", "yellow"), ("Gele toner", "yellow"),
        ("Żółty", "yellow"), ("Žlutý", "yellow"), ("イエロー", "yellow"), ("Жёлтый", "yellow"),
        ("Toner (Cyan)", "cyan"), ("BlackToner", "black"), ("Black Toner 2", "black"),
        ("Photo Black", "photo black"), ("Matte Black Ink", "matte black"), ("Light Cyan", "light cyan"),
        ("Light Magenta", "light magenta"), ("Hellgrau", "unknown"), ("Grau", "grey"), ("Gray Ink", "grey"),
        ("フォトブラック", "photo black"), ("ライトシアン", "light cyan"), ("Red Ink", "red"),
        ("검은색 토너", "black"), ("שחור", "black"), ("أسود", "black"), ("สีดำ", "black"), ("Crni toner", "black"),
        ("Toner błękitny", "cyan"), ("Camgöbeği Toner", "cyan"), ("Блакитний", "cyan"), ("청록색", "cyan"),
        ("Macenta Toner", "magenta"), ("Bíbor", "magenta"), ("자홍색", "magenta"), ("أرجواني", "magenta"),
        ("Žltý", "yellow"), ("黃色碳粉", "yellow"), ("Rumeni toner", "yellow"), ("Kollane", "yellow"), ("צהוב", "yellow"),
        ("Light Light Black", "light light black"), ("Vivid Light Magenta", "vivid light magenta"),
        ("Photo Light Grey", "photo light grey"), ("Silver", "silver"), ("Toner (Bk)", "black"), ("K-Toner", "black"),
        ("TN514C", "cyan"), ("TNP-49M", "magenta"), ("T-FC505U-C", "cyan"), ("LC3219XLBK", "black"),
        ("PFI-120MBK", "matte black"), ("GI-51 PGBK", "black"), ("TN-243CL", "unknown"), ("C-Rolle", "unknown"),
        ("Three-color", "tricolour"), ("Blik", "unknown"), ("Toner Mk II", "unknown"),
        ("Tri-colour Cartridge", "tricolour"), ("Cyan/Magenta/Yellow Drum", "tricolour"),
        ("Toner K", "black"), ("Toner (C)", "cyan"), ("Ink LM", "light magenta"), ("T-BK", "black"),
        ("TK-8345Y", "yellow"), ("TN-321BK", "black"), ("CLT-M404S", "magenta"),
        ("", "unknown"), ("Toner", "unknown"), ("TK-1170", "unknown"), ("C-EXV 34", "unknown"),
        ("HP C9351A", "unknown"), ("HP CF237Y", "unknown"), ("MX-36", "unknown"), ("Drum Cartridge (R1)", "unknown"),
        ("Black and Yellow", "unknown"), ("Fuser", "unknown"),
    ],
)  # fmt: skip
def test_a_description_tells_its_colour(description, colour):
    assert detect_colour(description, "", coloured=True) == colour


@pytest.mark.parametrize(
    ("description", "colorant", "coloured", "colour"),
    [
        ("Toner", "cyan", True, "cyan"),
        ("Toner", "C", True, "cyan"),
        ("Toner K", "magenta", True, "magenta"),
        ("Black Toner", "cyan", True, "black"),
        ("Maintenance Kit M", "", False, "unknown"),
        ("Toner", "unknown", True, "unknown"),
        ("Toner", "process black", True, "black"),
    ],
)
def test_a_word_beats_the_colorant_and_the_colorant_a_letter(description, colorant, coloured, colour):
    assert detect_colour(description, colorant, coloured=coloured) == colour


@pytest.mark.parametrize(
    ("description", "part", "serial"),
    [
        ("Black Toner, PN 006R01509;SN48178080E0000481", "006R01509", "48178080E0000481"),
        ("Fuser, PN unknown;SNunknown", None, None),
        ("Waste Toner Container, PN 008R13061;SNunknown", "008R13061", None),
        ("Black Toner Cartridge S/N:CRUM-16110512345", None, "CRUM-16110512345"),
        ("Black Toner_S/N_:CRUM-16110512345", None, "CRUM-16110512345"),
        ("Toner, SN:00000000", None, None),
        ("Fuser S/N:", None, None),
        ("Black Cartridge HP CF410A", "CF410A", None),
        ("Cyan Cartridge HP W2031X", "W2031X", None),
        ("TK-1162", "TK-1162", None),
        ("Ink T9441/T9451/T9461", "T9441/T9451/T9461", None),
        ("Black Ink Cartridge SJIC35P-BK", "SJIC35P-BK", None),
        ("Canon Cartridge 719/719H", "719/719H", None),
        ("Toner Part Number: 50F1H00 Serial Number: CAG123456", "50F1H00", "CAG123456"),
        ("Tray 1 Retard Roller Life", None, None),
        ("Transfer Roller", None, None),
        ("Spare part", None, None),
        ("Waste Toner Box", None, None),
        ("", None, None),
    ],
)
def test_a_description_tells_part_number_and_serial(description, part, serial):
    found = find_supply_ids(description)
    assert (found.part_number, found.serial) == (part, serial)
