"""PrtAlertCodeTC: the name of an alert code, and how far that name can be trusted.

95 codes below 30000 and 612 of finishers (IANA-PRINTER-MIB, revision 2016-09-14). A finisher code is
its family's first number plus a generic code, and so is its name: 30233 = 30200 + 33 is
"staplerMotorFailure" after "subunitMotorFailure". 58 more come from PWG 5107.3 by way of mailing
lists that call them preliminary: they are named, but with low confidence.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType


def _split_names(names: str) -> list[str]:
    return names.split()


_GENERIC_NAMES = _split_names("""
    other unknown coverOpen coverClosed interlockOpen interlockClosed configurationChange jam
    subunitMissing subunitLifeAlmostOver subunitLifeOver subunitAlmostEmpty subunitEmpty
    subunitAlmostFull subunitFull subunitNearLimit subunitAtLimit subunitOpened subunitClosed
    subunitTurnedOn subunitTurnedOff subunitOffline subunitPowerSaver subunitWarmingUp subunitAdded
    subunitRemoved subunitResourceAdded subunitResourceRemoved subunitRecoverableFailure
    subunitUnrecoverableFailure subunitRecoverableStorageError subunitUnrecoverableStorageError
    subunitMotorFailure subunitMemoryExhausted subunitUnderTemperature subunitOverTemperature
    subunitTimingFailure subunitThermistorFailure
""")

_BASE_RUNS: Mapping[int, str] = {  # the first of consecutive codes
    1: " ".join(_GENERIC_NAMES),
    501: "doorOpen doorClosed powerUp powerDown printerNMSReset printerManualReset printerReadyToPrint",
    801: """inputMediaTrayMissing inputMediaSizeChange inputMediaWeightChange inputMediaTypeChange
        inputMediaColorChange inputMediaFormPartsChange inputMediaSupplyLow inputMediaSupplyEmpty
        inputMediaChangeRequest inputManualInputRequest inputTrayPositionFailure
        inputTrayElevationFailure inputCannotFeedSizeSelected""",
    901: """outputMediaTrayMissing outputMediaTrayAlmostFull outputMediaTrayFull
        outputMailboxSelectFailure""",
    1001: """markerFuserUnderTemperature markerFuserOverTemperature markerFuserTimingFailure
        markerFuserThermistorFailure markerAdjustingPrintQuality""",
    1101: """markerTonerEmpty markerInkEmpty markerPrintRibbonEmpty markerTonerAlmostEmpty
        markerInkAlmostEmpty markerPrintRibbonAlmostEmpty markerWasteTonerReceptacleAlmostFull
        markerWasteInkReceptacleAlmostFull markerWasteTonerReceptacleFull
        markerWasteInkReceptacleFull markerOpcLifeAlmostOver markerOpcLifeOver
        markerDeveloperAlmostEmpty markerDeveloperEmpty markerTonerCartridgeMissing""",
    1301: """mediaPathMediaTrayMissing mediaPathMediaTrayAlmostFull mediaPathMediaTrayFull
        mediaPathCannotDuplexMediaSelected""",
    1501: """interpreterMemoryIncrease interpreterMemoryDecrease interpreterCartridgeAdded
        interpreterCartridgeDeleted interpreterResourceAdded interpreterResourceDeleted
        interpreterResourceUnavailable""",
    1509: "interpreterComplexPageEncountered",
    1801: "alertRemovalOfBinaryChangeEntry",
}

_FINISHER_NAMES = _split_names("""
    stapler stitcher folder binder trimmer dieCutter puncher perforater slitter separationCutter
    imprinter wrapper bander makeEnvelope stacker sheetRotator inserter
""")  # 30200, 30300, … 31800; generic codes 3 to 38 each

_DRAFT_RUNS: Mapping[int, str] = {
    814: """inputMediaTrayFeedError inputMediaTrayJam inputMediaTrayFailure inputPickRollerLifeWarn
        inputPickRollerLifeOver inputPickRollerFailure inputPickRollerMissing""",
    905: "outputMediaTrayFeedError outputMediaTrayJam outputMediaTrayFailure",
    1116: """markerCleanerMissing markerDeveloperMissing markerFuserMissing markerInkMissing
        markerOpcMissing markerPrintRibbonMissing markerSupplyAlmostEmpty markerSupplyEmpty
        markerSupplyMissing markerWasteAlmostFull markerWasteFull markerWasteMissing
        markerWasteInkReceptacleMissing markerWasteTonerReceptacleMissing markerTonerMissing""",
    1305: "mediaPathFailure mediaPathJam",
    1310: "mediaPathInputRequest mediaPathInputFeedError mediaPathInputJam",
    1321: "mediaPathOutputFeedError mediaPathOutputJam mediaPathOutputFull",
    1331: """mediaPathPickRollerLifeWarn mediaPathPickRollerLifeOver mediaPathPickRollerFailure
        mediaPathPickRollerMissing""",
    5101: "scannerLightLifeAlmostOver scannerLightLifeOver scannerLightFailure scannerLightMissing",
    5111: "scannerSensorLifeAlmostOver scannerSensorLifeOver scannerSensorFailure scannerSensorMissing",
    5201: "scanMediaPathTrayMissing scanMediaPathTrayAlmostFull scanMediaPathTrayFull",
    5205: "scanMediaPathFailure scanMediaPathJam",
    5210: "scanMediaPathInputRequest scanMediaPathInputFeedError scanMediaPathInputJam",
    5221: "scanMediaPathOutputFeedError scanMediaPathOutputJam scanMediaPathOutputFull",
    5231: """scanMediaPathPickRollerLifeWarn scanMediaPathPickRollerLifeOver
        scanMediaPathPickRollerFailure scanMediaPathPickRollerMissing""",
    6101: """faxModemMissing faxModemLifeAlmostOver faxModemLifeOver faxModemTurnedOn
        faxModemTurnedOff""",
}


def _expand_runs(runs: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    for first, names in runs.items():
        yield from enumerate(names.split(), start=first)


def _finisher_codes() -> Iterator[tuple[int, str]]:
    for family, finisher in enumerate(_FINISHER_NAMES):
        for generic, name in enumerate(_GENERIC_NAMES[2:], start=3):
            part = name.removeprefix("subunit")
            yield 30200 + 100 * family + generic, finisher + part[0].upper() + part[1:]


BASE_CODES: Mapping[int, str] = MappingProxyType(dict(_expand_runs(_BASE_RUNS)))
FINISHER_CODES: Mapping[int, str] = MappingProxyType(dict(_finisher_codes()))
DRAFT_CODES: Mapping[int, str] = MappingProxyType(dict(_expand_runs(_DRAFT_RUNS)))
CODE_NAMES: Mapping[int, str] = MappingProxyType({**BASE_CODES, **FINISHER_CODES, **DRAFT_CODES})


def code_name(code: int | None) -> str:
    """The label of `code`; "unknown" for a code without one."""
    return CODE_NAMES.get(code, "unknown") if code is not None else "unknown"


def is_draft(code: int | None) -> bool:
    """True for a code whose name comes from drafts of PWG 5107.3 only."""
    return code in DRAFT_CODES


def generic_code(code: int | None) -> int | None:
    """The generic code (1 to 38) inside a finisher's; any other code as it is."""
    return code % 100 if code in FINISHER_CODES and code is not None else code
