"""Trials: what a rule should do, written as readings and what is to come of them.

    [[trial]]
    name = "a wobble between 9 and 11 % gives one order in a day"
    rules = ["supply-low"]                       only these are looked at; without it: all
    step = "30 min"                              between two readings
    [trial.series]
    "level black" = "80x2 (9 11)x24"             a value a step; xN repeats, a..bxN runs from a to b
    [[trial.alert]]                              an alert of the table, from when to when
    code = "jam"
    from = "2h"
    [[trial.expect]]
    at = "3h"
    firing = ["supply-low"]

`tells` is the whole of what the rules say, `tickets` the whole of what the provider is sent, `titles` how
what opens is called; in the words in which a failed trial shows what came instead.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent import alert_codes, toml
from agent.errors import Complaint, ConfigError
from agent.model import (
    Address,
    Alert,
    AlertKind,
    Device,
    DeviceStatus,
    Identity,
    Meter,
    PrinterStatus,
    SiteFacts,
    Snapshot,
    Status,
    Supply,
    Vague,
)
from agent.rules import kinds
from agent.rules.functions import _alerts
from agent.rules.terms import Duration

LONGEST = 200_000  # readings of one trial

STATUS = {
    "idle": (DeviceStatus.RUNNING, PrinterStatus.IDLE),
    "printing": (DeviceStatus.RUNNING, PrinterStatus.PRINTING),
    "asleep": (DeviceStatus.RUNNING, PrinterStatus.OTHER),
    "warmup": (DeviceStatus.RUNNING, PrinterStatus.WARMUP),
    "warning": (DeviceStatus.WARNING, PrinterStatus.IDLE),
    "down": (DeviceStatus.DOWN, PrinterStatus.OTHER),
}
SERIES = ("status", "errors", "pages", "engine", "serial", "answers", "site")
_REPEATED = re.compile(r"(.+?)(?:x(\d+))?")
_SPACED = re.compile(r"\s+x(\d+)\b")
_RUN = re.compile(r"(-?[\d.]+)\.\.(-?[\d.]+)")


class _Form(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


Names = Annotated[tuple[str, ...], Field(strict=False)]


class AlertForm(_Form):
    """A row of the alert table, from `from` to `to`; with `every`, again and again."""

    code: str | int
    group: str = "marker"
    index: int = 1
    severity: Literal["other", "critical", "warning", "warningBinaryChangeEvent"] = "critical"
    training: str = "fieldService"
    kind: Annotated[AlertKind, Field(strict=False)] = AlertKind.CONDITION
    text: str = ""
    from_: Duration = Field(default=0.0, alias="from")
    to: Duration | None = None
    every: Duration | None = None
    """It comes again so long after it came, `times` in all."""
    times: int = 1


class PrinterForm(_Form):
    """The printer that the trial is about."""

    vendor: str = "Example"
    model: str = "Printer 1"
    location: str = ""
    tags: Names = ()
    contract: str = ""


class ExpectForm(_Form):
    """Where rules must stand at a time. Every firing and pending rule of the trial is to be named."""

    at: Duration
    firing: Names = ()
    pending: Names = ()


class TrialForm(_Form):
    """One trial."""

    name: str = Field(min_length=1)
    rules: Names = ()
    start: str = "2026-03-02T07:00:00+00:00"
    step: Duration = Field(default=300.0, gt=0)
    printer: PrinterForm = PrinterForm()
    series: dict[str, str] = {}
    alert: Annotated[tuple[AlertForm, ...], Field(strict=False)] = ()
    restarts: Annotated[tuple[Duration, ...], Field(strict=False)] = ()
    """When the printer restarts: its clock and its alert numbers begin again."""
    lasts: Duration = 0.0
    """How long it is watched, if longer than its series."""
    first_days: Duration = 0.0
    """The site is new for so long: see the day-one digest."""
    expect: Annotated[tuple[ExpectForm, ...], Field(strict=False)] = ()
    tells: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    tickets: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    titles: Annotated[tuple[str, ...] | None, Field(strict=False)] = None


class TrialFile(_Form):
    """A file of trials."""

    trial: Annotated[tuple[TrialForm, ...], Field(strict=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One step of a trial: what is read of the printer, and how the site is."""

    at: float  # seconds since the trial began
    snapshot: Snapshot
    site: SiteFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A trial, ready to be played."""

    form: TrialForm
    file: str
    line: int | None
    device: Device
    start: float
    series: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.form.name

    def moments(self) -> Iterator[Moment]:
        """Every step, in order."""
        for number in range(self._steps()):
            since = number * self.form.step
            now = {name: values[min(number, len(values) - 1)] for name, values in self.series.items()}
            yield Moment(at=since, snapshot=self._snapshot(since, now), site=self._site(now))

    def _steps(self) -> int:
        ends = (it.at for it in self.form.expect)
        length = max(chain(map(len, self.series.values()), (0,)))
        seconds = max(chain(ends, (self.form.lasts,)))
        return max(length, int(seconds // self.form.step) + 1)

    def _site(self, now: Mapping[str, str]) -> SiteFacts:
        share = float(now.get("site", "0"))
        settles = self.start + self.form.first_days if self.form.first_days else None
        return SiteFacts(id="trial", devices=200, unreachable=round(2 * share), settles=settles)

    def _snapshot(self, since: float, now: Mapping[str, str]) -> Snapshot:
        at = self.start + since
        if now.get("answers", "yes") == "no":
            return Snapshot(address=self.device.address, at=at, reachable=False)
        restarts = [time for time in self.form.restarts if time <= since]
        booted = max(restarts, default=-86400.0)
        return Snapshot(
            address=self.device.address,
            at=at,
            uptime=int((since - booted) * 100),
            status=_status(now),
            alerts=tuple(self._alerts(since, restarted=bool(restarts))),
            supplies=tuple(_supplies(now)),
            meters=_meters(now),
            identity=Identity(serial=now["serial"], is_printer=True) if "serial" in now else None,
        )

    def _alerts(self, since: float, *, restarted: bool) -> Iterator[Alert]:
        number = 0 if restarted else 40
        for row in self.form.alert:
            for time in range(row.times):
                begin = row.from_ + time * (row.every or 0.0)
                length = (row.to if row.to is not None else float("inf")) - row.from_
                if begin <= since < begin + length:
                    yield _alert(row, number + 1 + (0 if restarted else time))
            number += row.times


def read(path: Path) -> list[Trial]:
    """The trials of a file. Raises ConfigError with every complaint."""
    document = toml.read(path)
    forms = toml.validate(document, TrialFile).trial
    complaints: list[Complaint] = []
    found = []
    for number, form in enumerate(forms):
        try:
            found.append(_trial(form, str(path), document.line(("trial", number))))
        except ValueError as why:
            reason, _, suggestion = str(why).partition(" | ")
            complaints.append(document.complaint(("trial", number), reason, suggestion))
    if complaints:
        raise ConfigError(complaints)
    return found


def _trial(form: TrialForm, file: str, line: int | None) -> Trial:
    start = datetime.fromisoformat(form.start)
    device = Device(
        key="sn:TRIAL",
        address=Address("192.0.2.1"),
        vendor=form.printer.vendor,
        model=form.printer.model,
        location=form.printer.location or None,
        serial="TRIAL",
        tags=form.printer.tags,
        contract=form.printer.contract or None,
        first_seen=start.timestamp(),
    )
    for row in form.alert:
        _alerts.CODE.parse(row.code)
        _alerts.GROUP.parse(row.group)
        _alerts.TRAINING.parse(row.training)
    for name in form.series:
        if name.split()[:1] not in (["level"], ["serial"]) and name not in SERIES:
            raise kinds.misfit(f'"{name}" is no series', toml.nearest(name, (*SERIES, "level black")))
    series = {name: unfold(text) for name, text in form.series.items()}
    trial = Trial(form=form, file=file, line=line, device=device, start=start.timestamp(), series=series)
    for moment in trial.moments():  # a value that cannot be read is told before anything is judged
        del moment
    return trial


def unfold(text: str) -> list[str]:
    """ "80x2 (9 11)x2 5..3x3" -> 80 80 9 11 9 11 5 4 3. Raises ValueError, "reason | suggestion"."""
    found: list[str] = []
    for part in re.findall(r"\([^()]*\)(?:x\d+)?|[^\s()]+", _SPACED.sub(r"x\1", text)):
        repeated = _REPEATED.fullmatch(part)
        body, times = (repeated[1], int(repeated[2] or 1)) if repeated else (part, 1)
        if times > LONGEST:
            raise kinds.misfit("a series is too long", f"write at most {LONGEST} readings")
        if body.startswith("("):
            found += unfold(body[1:-1]) * times
        elif run := _RUN.fullmatch(body):
            first, last = float(run[1]), float(run[2])
            gap = (last - first) / max(1, times - 1)
            found += [f"{first + gap * step:g}" for step in range(times)]
        else:
            found += [body] * times
        if len(found) > LONGEST:
            raise kinds.misfit("a series is too long", f"write at most {LONGEST} readings")
    if not found:
        raise kinds.misfit(f'"{text}" has no values', 'write values and repetitions: "80x4 (9 11)x24"')
    return found


def _status(now: Mapping[str, str]) -> Status:
    word = now.get("status", "idle")
    if word not in STATUS:
        raise kinds.misfit(f'"{word}" is no status', toml.nearest(word, sorted(STATUS)))
    said = now.get("errors", "none")
    errors = () if said == "none" else tuple(said.split("+"))
    return Status(device=STATUS[word][0], printer=STATUS[word][1], errors=errors)


def _meters(now: Mapping[str, str]) -> tuple[Meter, ...] | None:
    """The total, and what the engine counts where the panel has a total of its own."""
    names = {"pages": "total", "engine": "life"}
    found = (
        Meter(name=name, value=int(float(now[key])), source=key) for key, name in names.items() if key in now
    )
    return tuple(found) if "pages" in now else None


def _supplies(now: Mapping[str, str]) -> Iterator[Supply]:
    """ "level black", "level black toner", "level none wasteToner": percent, or a word of vagueness."""
    rows = sorted(name for name in now if name.startswith("level"))
    for number, name in enumerate(rows, 1):
        words = [*name.split()[1:], "black", "toner"]
        colour, kind = words[0], words[1] if len(words) > 3 else "toner"
        serial = now.get(f"serial {colour}")
        yield Supply(
            index=f"1.{number}",
            type=kind,
            kind="receptacle" if kind.startswith("waste") else "consumed",
            colour=colour,
            level=_level(now[name]),
            max=100,
            description=f"{colour} {kind}",
            serial=serial,
        )


def _level(text: str) -> int | Vague:
    words = {str(vague): vague for vague in Vague}
    if text in words:
        return words[text]
    try:
        return int(float(text))
    except ValueError:
        raise kinds.misfit(f'"{text}" is no level', f"write a number or one of: {', '.join(words)}") from None


def _alert(row: AlertForm, index: int) -> Alert:
    code = int(_alerts.CODE.parse(row.code))
    return Alert(
        index=index,
        code=code,
        name=alert_codes.NAMES.get(code, "unknown"),
        group=row.group,
        group_index=row.index,
        severity=row.severity,
        training=row.training,
        kind=row.kind,
        text=row.text,
    )
