"""Subjects of rules: the printer, one of its supplies, one of its alerts, or one of its parts.

A subject has a key that survives a restart, a reboot and a renumbered alert table:

    device   ""
    supply   "1.3 toner black"       `Supply.key`: another colour in the slot is another supply
    alert    "1003 marker 1"         code, group and group index, never prtAlertIndex (restarts at 1)
    part     "input 2"               group and group index: what alerts speak of, here tray 2
    site     ""                      judged with the facts of the site, by a stand-in for a printer

`recall` brings a subject back from its key when the printer no longer shows it, so that a state on
disk always finds what it is about.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from agent.core.model import Alert, AlertKind, Episode, Facts, Supply

SUBJECT_KINDS = ("device", "supply", "alert", "part", "site")

PART_KINDS: Mapping[str, str] = {  # PrtAlertGroupTC -> the trade's word
    "input": "tray",
    "output": "bin",
    "marker": "marker",
    "mediaPath": "path",
    "finDevice": "finisher",
    "cover": "cover",
}
WEARING_PARTS = ("roller", "fuser", "transfer", "drum")  # what forecasts of wear speak of


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing that a rule judges."""

    per: str
    key: str = ""
    supply: Supply | None = None
    episodes: tuple[Episode, ...] = ()  # open alerts that it stands for; all open ones for a device
    group: str = ""
    index: str = ""
    gone: bool = False  # the printer answered, and shows it no more
    renewed: float | None = None  # when it was last replaced by another of its kind

    @property
    def part_kind(self) -> str:
        return PART_KINDS.get(self.group, self.group)

    @property
    def alert(self) -> Alert | None:
        """The alert to name: a critical one before others, then the oldest."""
        order = sorted(self.episodes, key=lambda it: (it.alert.severity != "critical", it.began))
        return order[0].alert if order else None


def list_subjects(per: str, facts: Facts) -> Iterator[Subject]:
    """Every subject that the printer shows now."""
    episodes = tuple(skip_state_alerts(facts.open_alerts or ()))
    if per in {"device", "site"}:
        yield Subject(per=per, episodes=episodes)
    elif per == "supply":
        for supply in facts.supplies or ():
            renewed = facts.renewed.get(supply.index)
            yield Subject(per=per, key=supply.key, supply=supply, renewed=renewed)
    elif per == "alert":
        yield from _alert_subjects(episodes)
    else:
        yield from _part_subjects((*episodes, *skip_state_alerts(facts.recent_alerts)), facts.foresight.parts)


def recall_subject(per: str, key: str, facts: Facts) -> Subject:
    """Restore a subject that the printer does not show now: gone if the printer answered, else unknown."""
    if per == "supply":
        # An empty table is no answer: some firmware hides its supplies while it wakes (CUPS #3610).
        return Subject(per=per, key=key, gone=bool(facts.supplies))
    if per == "alert":
        return Subject(per=per, key=key, gone=facts.open_alerts is not None)
    if per == "part":
        group, _, index = key.rpartition(" ")
        return Subject(per=per, key=key, group=group, index=index)
    return Subject(per=per, key=key, episodes=tuple(skip_state_alerts(facts.open_alerts or ())))


def skip_state_alerts(episodes: Iterable[Episode]) -> Iterator[Episode]:
    """Without the permanent rows of healthy printers: asleep, warming up, ready, idle."""
    return (episode for episode in episodes if episode.alert.kind is not AlertKind.STATE)


def locate_alert(alert: Alert) -> tuple[str, str]:
    """Return the alert's place in the printer: (group, group index), "unknown" where it is not given."""
    index = alert.group_index
    return alert.group or "unknown", "unknown" if index is None or index < 0 else str(index)


def _alert_subjects(episodes: tuple[Episode, ...]) -> Iterator[Subject]:
    """Rows with the same code at the same place are one (Kyocera lists some twice)."""
    found: dict[str, Subject] = {}
    for episode in episodes:
        group, index = locate_alert(episode.alert)
        key = f"{episode.alert.code or 0} {group} {index}"
        same = (*found[key].episodes, episode) if key in found else (episode,)
        found[key] = Subject(per="alert", key=key, group=group, index=index, episodes=same)
    yield from found.values()


def _part_subjects(episodes: tuple[Episode, ...], foreseen: Iterable[str]) -> Iterator[Subject]:
    """Parts with alerts, and parts with a wear forecast: "fuser 1", "roller 2"."""
    wearing = {(name.partition(" ")[0], name.partition(" ")[2]) for name in foreseen}
    for group, index in sorted({locate_alert(episode.alert) for episode in episodes} | wearing):
        yield Subject(per="part", key=f"{group} {index}", group=group, index=index)
