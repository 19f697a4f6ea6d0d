"""Finds the part number and serial in a supply's description.

"Black Toner, PN 006R01509;SN48178080E0000481"    Xerox
"Black Toner Cartridge S/N:CRUM-17020212345"      Samsung
"Black Toner_S/N_:CRUM-17020212345"               Samsung over IPP
"Black Cartridge HP CF410A"                       HP
"TK-1162", "Waste Toner Box"                      Kyocera
"Ink Supply Unit T9441/T9451/T9461"               Epson: one for each region
"""

import re
from dataclasses import dataclass

from agent.collectors._identity.serial_numbers import clean_serial
from agent.core.text import drop_placeholder

_NUMBER_WORD = r"(?:\ ?(?:number|numero|nummer|no|nr)\b\.?)?"
_LABELLED_PART = re.compile(
    rf"(?:\b(?:P/?N|part{_NUMBER_WORD}|art(?:icle|ikel)?{_NUMBER_WORD}|order{_NUMBER_WORD}|REF))"
    r"[:#.\ ]+\s*([A-Z0-9][\w\-./]{3,24})",
    re.IGNORECASE,
)
_LABELLED_SERIAL = re.compile(
    rf"(?:(?<![A-Z0-9])(?:S/?N|serial{_NUMBER_WORD}|ser\.))[:#._\ ]*([A-Z0-9][\w\-]{{3,39}})", re.IGNORECASE
)

_PART = re.compile(
    r"""
    \b(?:
        (?:C[A-Z]|Q|W)\d{3,4}[A-Z]{1,2}[A-Z\d]?               # HP CF410A, Q6470A, W2030X, CB540A
      | C\d{4}[A-Z]{1,2} | [A-Z]\d[A-Z]\d{2}[A-Z]{1,2}         # HP C9351A, L0S07AE, T6L87A
      | (?:TK|MK|DK|DV|WT|FK|TR)-\d{3,4}[A-Z]{0,2}             # Kyocera, Utax
      | (?:TN|DR|LC|BU|WT|BT)-?\d{2,4}(?:XX?L|CL|BK|C|M|Y)?    # Brother
      | T\d{3,4}[A-Z\d]?(?:/T\d{3,4}[A-Z\d]?)*                 # Epson
      | S(?:JIC|JMB)\d+[\w/]*(?:-[A-Z]{1,2})?                  # Epson label printers
      | (?:MLT|CLT|SCX|CLP|ML)-[A-Z]\w{3,6}                    # Samsung
      | \d{3}[RN]\d{5}                                         # Xerox 006R01509
      | (?:MX|AR|BP|DX)-\w{2,4}[NTCGR][TDUVW][A-Z]*            # Sharp MX-36NTBA
      | (?:C-?EXV|NPG|GPR|CRG|PGI|CLI|PFI)[\ -]?\d{2,4}\w?     # Canon
      | \d{3}H?(?:/\d{3}H)                                     # Canon 719/719H
      | \d{2}[A-Z]\d[A-Z0-9]{2,3}[0-9]                         # Lexmark 80C1SK0
      | 4\d{7}                                                 # OKI 44469803
    )\b
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class SupplyIds:
    """The part number and serial of one supply, as far as its description has them."""

    part_number: str | None = None
    serial: str | None = None


def find_supply_ids(description: str) -> SupplyIds:
    """Find part number and serial in `description`: labelled ones first, then known shapes."""
    part = _find_labelled(_LABELLED_PART, description)
    if part is None and (shape := _PART.search(description)):
        part = shape[0]
    serial = _find_labelled(_LABELLED_SERIAL, description)
    return SupplyIds(part_number=part, serial=serial if clean_serial(serial) else None)


def _find_labelled(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    if not found or not drop_placeholder(found[1]):
        return None
    return found[1].rstrip("-./")
