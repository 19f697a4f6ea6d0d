"""Enumerations of the Printer MIB and the Host Resources MIB: number -> label, as in the MIB texts.

RFC 3805 (Printer-MIB), RFC 3808 and IANA-PRINTER-MIB (2016-09-14), RFC 2790 (HOST-RESOURCES-MIB).
A number that is missing here reads as None: unknown.
"""

from collections.abc import Mapping

Labels = Mapping[int, str]

ERROR_BITS = (
    "lowPaper", "noPaper", "lowToner", "noToner", "doorOpen", "jammed", "offline", "serviceRequested",
    "inputTrayMissing", "outputTrayMissing", "markerSupplyMissing", "outputNearFull", "outputFull",
    "inputTrayEmpty", "overduePreventMaint",
)  # fmt: skip
"""hrPrinterDetectedErrorState (RFC 2790): bit 0 is the most significant bit of the first octet."""

SUPPLY_CLASS: Labels = {3: "consumed", 4: "receptacle"}  # PrtMarkerSuppliesClassTC

SUPPLY_TYPE: Labels = dict(enumerate((
    "other", "unknown", "toner", "wasteToner", "ink", "inkCartridge", "inkRibbon", "wasteInk", "opc",
    "developer", "fuserOil", "solidWax", "ribbonWax", "wasteWax", "fuser", "coronaWire", "fuserOilWick",
    "cleanerUnit", "fuserCleaningPad", "transferUnit", "tonerCartridge", "fuserOiler", "water",
    "wasteWater", "glueWaterAdditive", "wastePaper", "bindingSupply", "bandingSupply", "stitchingWire",
    "shrinkWrap", "paperWrap", "staples", "inserts", "covers", "matteToner", "matteInk",
), start=1))  # fmt: skip
"""PrtMarkerSuppliesTypeTC."""

SUPPLY_UNIT: Labels = {
    1: "other", 2: "unknown", 3: "tenThousandthsOfInches", 4: "micrometers", 7: "impressions", 8: "sheets",
    11: "hours", 12: "thousandthsOfOunces", 13: "tenthsOfGrams", 14: "hundrethsOfFluidOunces",
    15: "tenthsOfMilliliters", 16: "feet", 17: "meters", 18: "items", 19: "percent",
}  # fmt: skip
"""PrtMarkerSuppliesSupplyUnitTC."""

CAPACITY_UNIT: Labels = {
    1: "other", 2: "unknown", 3: "tenThousandthsOfInches", 4: "micrometers", 8: "sheets", 16: "feet",
    17: "meters", 18: "items", 19: "percent",
}  # fmt: skip
"""PrtCapacityUnitTC."""

COUNTER_UNIT: Labels = {
    3: "tenThousandthsOfInches", 4: "micrometers", 5: "characters", 6: "lines", 7: "impressions",
    8: "sheets", 9: "dotRow", 11: "hours", 16: "feet", 17: "meters",
}  # fmt: skip
"""PrtMarkerCounterUnitTC."""

MARK_TECHNOLOGY: Labels = dict(enumerate((
    "other", "unknown", "electrophotographicLED", "electrophotographicLaser", "electrophotographicOther",
    "impactMovingHeadDotMatrix9pin", "impactMovingHeadDotMatrix24pin", "impactMovingHeadDotMatrixOther",
    "impactMovingHeadFullyFormed", "impactBand", "impactOther", "inkjetAqueous", "inkjetSolid",
    "inkjetOther", "pen", "thermalTransfer", "thermalSensitive", "thermalDiffusion", "thermalOther",
    "electroerosion", "electrostatic", "photographicMicrofiche", "photographicImagesetter",
    "photographicOther", "ionDeposition", "eBeam", "typesetter",
), start=1))  # fmt: skip
"""PrtMarkerMarkTechTC."""

INPUT_TYPE: Labels = dict(enumerate((
    "other", "unknown", "sheetFeedAutoRemovableTray", "sheetFeedAutoNonRemovableTray", "sheetFeedManual",
    "continuousRoll", "continuousFanFold", "sheetFeedPull",
), start=1))  # fmt: skip
"""PrtInputTypeTC."""

OUTPUT_TYPE: Labels = dict(enumerate((
    "other", "unknown", "removableBin", "unRemovableBin", "continuousRollDevice", "mailBox",
    "continuousFanFold",
), start=1))  # fmt: skip
"""PrtOutputTypeTC."""

COVER_STATE: Labels = {
    1: "other", 2: "unknown", 3: "open", 4: "closed", 5: "interlock open", 6: "interlock closed",
}  # fmt: skip
"""PrtCoverStatusTC."""

PATH_TYPE: Labels = {
    1: "other", 2: "unknown", 3: "longEdgeBindingDuplex", 4: "shortEdgeBindingDuplex", 5: "simplex",
}  # fmt: skip
"""PrtMediaPathTypeTC."""

CONSOLE_COLOUR: Labels = {
    1: "other", 2: "unknown", 3: "white", 4: "red", 5: "green", 6: "blue", 7: "cyan", 8: "magenta",
    9: "yellow", 10: "orange",
}  # fmt: skip
"""PrtConsoleColorTC."""

SEVERITY: Labels = {1: "other", 3: "critical", 4: "warning", 5: "warningBinaryChangeEvent"}
"""PrtAlertSeverityLevelTC; there is no 2."""

TRAINING: Labels = {
    1: "other", 2: "unknown", 3: "untrained", 4: "trained", 5: "fieldService", 6: "management",
    7: "noInterventionRequired",
}  # fmt: skip
"""PrtAlertTrainingLevelTC."""

ALERT_GROUP: Labels = {
    1: "other", 2: "unknown", 3: "hostResourcesMIBStorageTable", 4: "hostResourcesMIBDeviceTable",
    5: "generalPrinter", 6: "cover", 7: "localization", 8: "input", 9: "output", 10: "marker",
    11: "markerSupplies", 12: "markerColorant", 13: "mediaPath", 14: "channel", 15: "interpreter",
    16: "consoleDisplayBuffer", 17: "consoleLights", 18: "alert", 30: "finDevice", 31: "finSupply",
    32: "finSupplyMediaInput", 33: "finAttribute",
    50: "scanDevice", 51: "scanner", 52: "scanMediaPath", 60: "faxDevice", 61: "faxModem",
}  # fmt: skip
"""PrtAlertGroupTC; from 50 on after PWG 5107.3, low confidence."""
