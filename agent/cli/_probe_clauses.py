"""The clause of the standard for each value that `printwarden probe --explain` shows."""

CLAUSES = {
    "status.uptime": "sysUpTime, RFC 3418: 1/100 s; often the network card's clock",
    "status.device": "hrDeviceStatus, RFC 2790: 2 running, 3 warning, 4 testing, 5 down",
    "status.printer": "hrPrinterStatus, RFC 2790: 3 idle, 4 printing, 5 warmup; 1 other, asleep if running",
    "status.errors": "hrPrinterDetectedErrorState, RFC 2790: bits, the first is the highest of octet 1",
    "status.config_changes": "prtGeneralConfigChanges, RFC 3805: moves when the static tables have changed",
    "status.critical_events": "prtAlertCriticalEvents, RFC 3805: critical alerts added since power-up",
    "status.all_events": "prtAlertAllEvents, RFC 3805: alerts added since power-up",
    "console.text": "prtConsoleDisplayBufferText, RFC 3805",
    "covers.state": "prtCoverStatus, RFC 3805: 3 open, 4 closed, 5 and 6 so for interlocks",
    "covers.description": "prtCoverDescription, RFC 3805",
    "alerts.severity": "prtAlertSeverityLevel, RFC 3805: 3 critical, 4 may vanish, 5 will clear",
    "alerts.training": "prtAlertTrainingLevel, RFC 3805: who has to act, as the maker sees it",
    "alerts.group": "prtAlertGroup, RFC 3805: the table that the alert is about",
    "alerts.group_index": "prtAlertGroupIndex, RFC 3805: the row in that table; -1 none",
    "alerts.location": "prtAlertLocation, RFC 3805: the maker's own numbers; -2 unknown",
    "alerts.code": "prtAlertCode, RFC 3805 and IANA-PRINTER-MIB",
    "alerts.text": "prtAlertDescription, RFC 3805: in the language of the panel",
    "alerts.ticks": "prtAlertTime, RFC 3805: sysUpTime when it was raised",
    "supplies.marker": "prtMarkerSuppliesMarkerIndex, RFC 3805; 0 no marker in particular",
    "supplies.colorant": "prtMarkerSuppliesColorantIndex, RFC 3805; 0 no colorant",
    "supplies.kind": "prtMarkerSuppliesClass, RFC 3805: 3 is consumed, 4 is filled",
    "supplies.type": "prtMarkerSuppliesType, RFC 3805 and IANA-PRINTER-MIB",
    "supplies.description": "prtMarkerSuppliesDescription, RFC 3805",
    "supplies.unit": "prtMarkerSuppliesSupplyUnit, RFC 3805: 19 the level is a percentage",
    "supplies.max": "prtMarkerSuppliesMaxCapacity, RFC 3805: -1 no restriction, -2 unknown",
    "supplies.level": "prtMarkerSuppliesLevel, RFC 3805: what, or what room, is left; -3 some, -2 unknown",
    "colorants.value": "prtMarkerColorantValue, RFC 3805",
    "inputs.level": "prtInputCurrentLevel, RFC 3805: -3 at least one, -2 unknown, -1 no restriction",
    "inputs.max": "prtInputMaxCapacity, RFC 3805",
    "inputs.status": "prtInputStatus, RFC 3805: a sum; the lowest three bits 3: broken",
    "outputs.level": "prtOutputRemainingCapacity, RFC 3805: the room that is left",
    "outputs.max": "prtOutputMaxCapacity, RFC 3805",
    "outputs.status": "prtOutputStatus, RFC 3805: a sum; the lowest three bits 3: broken",
    "markers.life": "prtMarkerLifeCount, RFC 3805: what the engine did; the panel may count otherwise",
    "markers.unit": "prtMarkerCounterUnit, RFC 3805",
    "markers.power_on": "prtMarkerPowerOnCount, RFC 3805: a fall is a restart",
    "markers.status": "prtMarkerStatus, RFC 3805: a sum; the lowest three bits 3: broken",
    "identity.serial": "prtGeneralSerialNumber, RFC 3805, or the maker's own object",
    "identity.model": "hrDeviceDescr, RFC 2790, the IEEE 1284 id, or the maker's own object",
    "identity.firmware": "the maker's own object, or sysDescr: no standard has it",
}


def find_clause(value: str) -> str:
    """Return the clause of "supplies.1.3.level" by table and column; "" where the OID says enough."""
    part, _, rest = value.partition(".")
    return CLAUSES.get(f"{part}.{rest.rpartition('.')[2]}", "")
