"""Every alert code of the standard has its name; drafts are named with low confidence."""

import pytest

from agent.core import alert_codes
from agent.core.alert_codes import BASE, DRAFT, FINISHER, NAMES, generic, is_draft, name


def test_the_registry_is_complete():
    assert (len(BASE), len(FINISHER)) == (95, 17 * 36)
    assert set(FINISHER) == {30200 + 100 * family + code for family in range(17) for code in range(3, 39)}


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
    assert name(code) == label


@pytest.mark.parametrize("code", [None, 0, -1, 39, 508, 1508, 30201, 30239, 31900, 65536])
def test_what_has_no_name_is_unknown(code):
    assert name(code) == "unknown"
    assert not is_draft(code)


def test_drafts_are_marked_and_touch_no_standard_code():
    assert not set(DRAFT) & (set(BASE) | set(FINISHER))
    assert all(map(is_draft, DRAFT))
    assert not any(map(is_draft, BASE))


def test_names_are_unique():
    assert len(set(NAMES.values())) == len(NAMES)


def test_a_finisher_code_carries_a_generic_one():
    assert (generic(30233), generic(8), generic(1123), generic(None)) == (33, 8, 1123, None)
    assert alert_codes.NAMES[30233].removeprefix("stapler") == "MotorFailure"
