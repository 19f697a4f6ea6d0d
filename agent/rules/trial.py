"""Trials: what a rule should do, written as readings (`trial_form`) and what is to come of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path

from agent.core import toml
from agent.core.errors import Complaint, ConfigError
from agent.core.model import Address, Alert, Device, Identity, SiteFacts, Snapshot
from agent.rules import value_kinds
from agent.rules.functions import _alerts
from agent.rules.trial_form import TrialFile, TrialForm
from agent.rules.trial_series import (
    SERIES_NAMES,
    expand_series,
    read_alert,
    read_meters,
    read_status,
    read_supplies,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialStep:
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

    def iterate_steps(self) -> Iterator[TrialStep]:
        """Every step, in order."""
        for number in range(self._count_steps()):
            since = number * self.form.step
            now = {name: values[min(number, len(values) - 1)] for name, values in self.series.items()}
            yield TrialStep(at=since, snapshot=self._build_snapshot(since, now), site=self._build_site(now))

    def _count_steps(self) -> int:
        ends = (it.at for it in self.form.expect)
        length = max(chain(map(len, self.series.values()), (0,)))
        seconds = max(chain(ends, (self.form.lasts,)))
        return max(length, int(seconds // self.form.step) + 1)

    def _build_site(self, now: Mapping[str, str]) -> SiteFacts:
        share = float(now.get("site", "0"))
        settles = self.start + self.form.first_days if self.form.first_days else None
        watched = self.start - self.form.site_known if self.form.site_known else None
        silent = round(2 * share)
        return SiteFacts(id="trial", devices=200, unreachable=silent, settles=settles, watched_since=watched)

    def _build_snapshot(self, since: float, now: Mapping[str, str]) -> Snapshot:
        at = self.start + since
        if now.get("answers", "yes") == "no":
            return Snapshot(address=self.device.address, at=at, reachable=False)
        address = Address(now.get("address", self.device.address.host))
        restarts = [time for time in self.form.restarts if time <= since]
        booted = max(restarts, default=-86400.0)
        days = now.get("certificate")
        return Snapshot(
            address=address,
            at=at,
            certificate_until=at + float(days) * 86400.0 if days is not None else None,
            uptime=int((since - booted) * 100),
            status=read_status(now),
            alerts=tuple(self._build_alerts(since, restarted=bool(restarts))),
            supplies=tuple(read_supplies(now)),
            meters=read_meters(now),
            identity=_build_identity(now),
        )

    def _build_alerts(self, since: float, *, restarted: bool) -> Iterator[Alert]:
        number = 0 if restarted else 40
        for row in self.form.alert:
            for time in range(row.times):
                begin = row.from_ + time * (row.every or 0.0)
                length = (row.to if row.to is not None else float("inf")) - row.from_
                if begin <= since < begin + length:
                    yield read_alert(row, number + 1 + (0 if restarted else time))
            number += row.times


def _build_identity(now: Mapping[str, str]) -> Identity | None:
    """The identity, in trials that say something of it."""
    if not {"serial", "firmware", "address"} & now.keys():
        return None
    return Identity(serial=now.get("serial"), firmware=now.get("firmware"), is_printer=True)


def load_trials(path: Path) -> list[Trial]:
    """The trials of a file. Raises ConfigError with every complaint."""
    document = toml.load_document(path)
    forms = toml.validate_document(document, TrialFile).trial
    complaints: list[Complaint] = []
    found = []
    for number, form in enumerate(forms):
        try:
            found.append(_build_trial(form, str(path), document.find_line(("trial", number))))
        except ValueError as why:
            reason, _, suggestion = str(why).partition(" | ")
            complaints.append(document.build_complaint(("trial", number), reason, suggestion))
    if complaints:
        raise ConfigError(complaints)
    return found


def _build_trial(form: TrialForm, file: str, line: int | None) -> Trial:
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
        if name.split()[:1] not in (["level"], ["serial"], ["capacity"]) and name not in SERIES_NAMES:
            raise value_kinds.invalid_value(
                f'"{name}" is no series', toml.suggest_word(name, (*SERIES_NAMES, "level black"))
            )
    series = {name: expand_series(text) for name, text in form.series.items()}
    trial = Trial(form=form, file=file, line=line, device=device, start=start.timestamp(), series=series)
    for (
        moment
    ) in trial.iterate_steps():  # a value that cannot be read is reported before anything is evaluated
        del moment
    return trial
