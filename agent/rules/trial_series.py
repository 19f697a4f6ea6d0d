"""The series of a trial: texts unfolded into one value a step, and what a printer shows at one step."""

import re
from collections.abc import Iterator, Mapping

from agent.core import alert_codes, toml
from agent.core.model import Alert, DeviceStatus, Meter, PrinterStatus, Status, Supply, Vague
from agent.rules import value_kinds
from agent.rules.functions import _alerts
from agent.rules.trial_form import AlertForm

MAX_READINGS = 200_000  # readings of one trial

STATUS_BY_WORD = {
    "idle": (DeviceStatus.RUNNING, PrinterStatus.IDLE),
    "printing": (DeviceStatus.RUNNING, PrinterStatus.PRINTING),
    "asleep": (DeviceStatus.RUNNING, PrinterStatus.OTHER),
    "warmup": (DeviceStatus.RUNNING, PrinterStatus.WARMUP),
    "warning": (DeviceStatus.WARNING, PrinterStatus.IDLE),
    "down": (DeviceStatus.DOWN, PrinterStatus.OTHER),
}
SERIES_NAMES = (
    "status", "errors", "pages", "engine", "serial", "firmware", "address", "certificate", "answers", "site",
)  # fmt: skip
_REPEATED = re.compile(r"(.+?)(?:x(\d+))?")
_SPACED = re.compile(r"\s+x(\d+)\b")
_RAMP = re.compile(r"(-?[\d.]+)\.\.(-?[\d.]+)")


def expand_series(text: str) -> list[str]:
    """ "80x2 (9 11)x2 5..3x3" -> 80 80 9 11 9 11 5 4 3. Raises ValueError, "reason | suggestion"."""
    found: list[str] = []
    for part in re.findall(r"\([^()]*\)(?:x\d+)?|[^\s()]+", _SPACED.sub(r"x\1", text)):
        repeated = _REPEATED.fullmatch(part)
        body, times = (repeated[1], int(repeated[2] or 1)) if repeated else (part, 1)
        if times > MAX_READINGS:
            raise value_kinds.invalid_value("a series is too long", f"write at most {MAX_READINGS} readings")
        if body.startswith("("):
            found += expand_series(body[1:-1]) * times
        elif run := _RAMP.fullmatch(body):
            first, last = float(run[1]), float(run[2])
            gap = (last - first) / max(1, times - 1)
            found += [f"{first + gap * step:g}" for step in range(times)]
        else:
            found += [body] * times
        if len(found) > MAX_READINGS:
            raise value_kinds.invalid_value("a series is too long", f"write at most {MAX_READINGS} readings")
    if not found:
        raise value_kinds.invalid_value(
            f'"{text}" has no values', 'write values and repetitions: "80x4 (9 11)x24"'
        )
    return found


def read_status(now: Mapping[str, str]) -> Status:
    word = now.get("status", "idle")
    if word not in STATUS_BY_WORD:
        raise value_kinds.invalid_value(
            f'"{word}" is no status', toml.suggest_word(word, sorted(STATUS_BY_WORD))
        )
    said = now.get("errors", "none")
    errors = () if said == "none" else tuple(said.split("+"))
    return Status(device=STATUS_BY_WORD[word][0], printer=STATUS_BY_WORD[word][1], errors=errors)


def read_meters(now: Mapping[str, str]) -> tuple[Meter, ...] | None:
    """The total, and what the engine counts where the panel has a total of its own."""
    names = {"pages": "total", "engine": "life"}
    found = (
        Meter(name=name, value=int(float(now[key])), source=key) for key, name in names.items() if key in now
    )
    return tuple(found) if "pages" in now else None


def read_supplies(now: Mapping[str, str]) -> Iterator[Supply]:
    """ "level black", "level black toner", "level none wasteToner": percent, or a word of vagueness."""
    rows = sorted(name for name in now if name.startswith("level"))
    for number, name in enumerate(rows, 1):
        words = [*name.split()[1:], "black", "toner"]
        colour, kind = words[0], words[1] if len(words) > 3 else "toner"
        serial = now.get(f"serial {colour}")
        pages = int(now.get(f"capacity {colour}", "0"))
        level = _parse_level(now[name])
        yield Supply(
            index=f"1.{number}",
            type=kind,
            kind="receptacle" if kind.startswith("waste") else "consumed",
            colour=colour,
            level=level if isinstance(level, Vague) or not pages else level * pages // 100,
            max=pages or 100,
            unit="impressions" if pages else "percent",
            description=f"{colour} {kind}",
            serial=serial,
        )


def _parse_level(text: str) -> int | Vague:
    words = {str(vague): vague for vague in Vague}
    if text in words:
        return words[text]
    try:
        return int(float(text))
    except ValueError:
        raise value_kinds.invalid_value(
            f'"{text}" is no level', f"write a number or one of: {', '.join(words)}"
        ) from None


def read_alert(row: AlertForm, index: int) -> Alert:
    code = int(_alerts.CODE.parse(row.code))
    return Alert(
        index=index,
        code=code,
        name=alert_codes.CODE_NAMES.get(code, "unknown"),
        group=row.group,
        group_index=row.index,
        severity=row.severity,
        training=row.training,
        kind=row.kind,
        text=row.text,
    )
