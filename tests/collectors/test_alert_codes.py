"""Every alert code of the standard has its name; drafts are named with low confidence."""

import pytest

from agent.core import alert_codes
from agent.core.alert_codes import (
    BASE_CODES,
    CODE_NAMES,
    DRAFT_CODES,
    FINISHER_CODES,
    code_name,
    generic_code,
    is_draft,
)


def test_the_registry_is_complete():
    assert (len(BASE_CODES), len(FINISHER_CODES)) == (95, 17 * 36)
    assert set(FINISHER_CODES) == {
        30200 + 100 * family + code for family in range(17) for code in range(3, 39)
    }


@pytest.mark.parametrize(
    ("code", "label"),
    [
        (1, "other"), (3, "coverOpen"), (8, "jam"), (38, "subunitThermistorFailure"), (501, "doorOpen"),
        (507, "printerReadyToPrint"), (813, "inputCannotFeedSizeSelected"),
        (904, "outputMailboxSelectFailure"), (1005, "markerAdjustingPrintQuality"),
        (1115, "markerTonerCartridgeMissing"), (1304, "mediaPathCannotDuplexMediaSelected"),
        (1507, "interpreterResourceUnavailable"), (1509, "interpreterComplexPageEncountered"),
        (1801, "alertRemovalOfBinaryChangeEntry"), (30203, "staplerCoverOpen"), (30211, "staplerLifeOver"),
        (30333, "stitcherMotorFailure"), (30815, "puncherFull"), (31838, "inserterThermistorFailure"),
        (815, "inputMediaTrayJam"), (1123, "markerSupplyEmpty"), (6105, "faxModemTurnedOff"),
    ],
)  # fmt: skip
def test_a_code_is_called(code, label):
    assert code_name(code) == label


@pytest.mark.parametrize("code", [None, 0, -1, 39, 508, 1508, 30201, 30239, 31900, 65536])
def test_what_has_no_name_is_unknown(code):
    assert code_name(code) == "unknown"
    assert not is_draft(code)


def test_drafts_are_marked_and_touch_no_standard_code():
    assert not set(DRAFT_CODES) & (set(BASE_CODES) | set(FINISHER_CODES))
    assert all(map(is_draft, DRAFT_CODES))
    assert not any(map(is_draft, BASE_CODES))


def test_names_are_unique():
    assert len(set(CODE_NAMES.values())) == len(CODE_NAMES)


def test_a_finisher_code_carries_a_generic_one():
    assert (generic_code(30233), generic_code(8), generic_code(1123), generic_code(None)) == (
        33,
        8,
        1123,
        None,
    )
    assert alert_codes.CODE_NAMES[30233].removeprefix("stapler") == "MotorFailure"
