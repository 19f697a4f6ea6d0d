"""prtAlertTable (1.3.6.1.2.1.43.18.1, RFC 3805): every row that stands, not the newest alone."""

from collections.abc import Iterable

from agent.collectors._printer_mib import labels
from agent.collectors._printer_mib.alert_kinds import classify_alert
from agent.collectors._printer_mib.mib_reader import MibRow, MibTable
from agent.core import alert_codes
from agent.core.model import Alert, Status

ALERTS = MibTable.from_columns(
    "alerts", "1.3.6.1.2.1.43.18.1.1",
    severity=2, training=3, group=4, group_index=5, location=6, code=7, text=8, ticks=9,
)  # fmt: skip


def build_alerts(rows: Iterable[MibRow], status: Status | None) -> tuple[Alert, ...]:
    """Build the alerts, in the order of prtAlertIndex. `status` tells a resting printer from a broken one."""
    return tuple(_build_alert(row, status) for row in rows)


def _build_alert(row: MibRow, status: Status | None) -> Alert:
    code = row.read_number("code")
    group = row.read_label("group", labels.ALERT_GROUP)
    severity = row.read_label("severity", labels.SEVERITY)
    training = row.read_label("training", labels.TRAINING)
    text = row.read_text("text")
    return Alert(
        index=row.row_number,
        unit=row.unit,
        code=code,
        name=alert_codes.code_name(code),
        low_confidence=alert_codes.is_draft(code),
        group=group,
        group_index=row.read_signed("group_index"),
        location=row.read_signed("location"),
        severity=severity,
        training=training,
        text=text,
        raw=row.read_raw_text("text"),
        ticks=row.read_number("ticks"),
        kind=classify_alert(code, severity=severity, training=training, text=text, status=status),
    )
