"""prtAlertTable (1.3.6.1.2.1.43.18.1, RFC 3805): every row that stands, not the newest alone."""

from collections.abc import Iterable

from agent.collectors._printer_mib import labels
from agent.collectors._printer_mib.alert_kinds import kind_of
from agent.collectors._printer_mib.mib_reader import Row, Table
from agent.core import alert_codes
from agent.core.model import Alert, Status

ALERTS = Table.of(
    "alerts", "1.3.6.1.2.1.43.18.1.1",
    severity=2, training=3, group=4, group_index=5, location=6, code=7, text=8, ticks=9,
)  # fmt: skip


def alerts(rows: Iterable[Row], status: Status | None) -> tuple[Alert, ...]:
    """All rows, in the order of prtAlertIndex. `status` tells a resting printer from a broken one."""
    return tuple(_alert(row, status) for row in rows)


def _alert(row: Row, status: Status | None) -> Alert:
    code = row.number("code")
    group = row.label("group", labels.ALERT_GROUP)
    severity = row.label("severity", labels.SEVERITY)
    training = row.label("training", labels.TRAINING)
    text = row.text("text")
    return Alert(
        index=row.own,
        unit=row.unit,
        code=code,
        name=alert_codes.name(code),
        low_confidence=alert_codes.is_draft(code),
        group=group,
        group_index=row.signed("group_index"),
        location=row.signed("location"),
        severity=severity,
        training=training,
        text=text,
        raw=row.raw_text("text"),
        ticks=row.number("ticks"),
        kind=kind_of(code, severity=severity, training=training, text=text, status=status),
    )
