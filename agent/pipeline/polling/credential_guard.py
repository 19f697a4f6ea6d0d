"""Keeps the community of a found printer from the next host that gets its address.

    answers ──3 polls in vain, or another printer there──► doubtful: asked with "public" and by IPP only
       ▲                                                      │
       ├──────────────────────── the same serial, MAC or UUID ┤
       └── one request, once and after a TCP port has opened ─┘   else once a day

A printer named by hand, and one that answers "public" or SNMPv3, is never doubtful. Pure; `now` is
monotonic, so that a wall clock that is set raises no doubt.
"""

from dataclasses import dataclass, field

from agent.core.model import Device, Identity, Snapshot

MAX_SILENT_POLLS = 3
RETRY_INTERVAL = 86400.0  # seconds until a silent address is given one request again


@dataclass(slots=True)
class AddressDoubt:
    """A known address that must prove itself."""

    silent_polls: int = 0
    last_try: float | None = None  # when the community was sent last while in doubt
    was_awake: bool = False  # whether a TCP port was open at the last poll


@dataclass(slots=True)
class CredentialGuard:
    """The doubts about known printers, by the printer's key."""

    _doubts: dict[str, AddressDoubt] = field(default_factory=dict)
    _answers: dict[str, float] = field(default_factory=dict)  # when each printer answered last

    def record_poll(self, device: Device, snapshot: Snapshot, now: float, *, answered: bool) -> None:
        """Count polls in vain; an answer ends every doubt, and that of another printer begins one."""
        if contradicts_identity(device, snapshot.identity):
            self._doubts.setdefault(device.key, AddressDoubt()).silent_polls = MAX_SILENT_POLLS
        elif answered:
            self._doubts.pop(device.key, None)
            self._answers[device.key] = now
        else:
            self._doubts.setdefault(device.key, AddressDoubt()).silent_polls += 1

    def is_doubtful(self, device: Device, now: float, patience: float, *, wall: float) -> bool:
        """Return True if the printer has been silent for too many polls, or for `patience` seconds.

        `wall`: seconds since 1970, for what was before the start of the service.
        """
        doubt = self._doubts.get(device.key)
        answered = self._answers.get(device.key)
        silent = wall - device.last_seen if answered is None else now - answered
        return not 0 <= silent <= patience or (doubt is not None and doubt.silent_polls >= MAX_SILENT_POLLS)

    def may_try(self, key: str, now: float, *, awake: bool) -> bool:
        """Return True if one request with the community may go to an address without proof, and count it."""
        doubt = self._doubts.setdefault(key, AddressDoubt())
        woke, doubt.was_awake = awake and not doubt.was_awake, awake
        waited = doubt.last_try is None or now - doubt.last_try >= RETRY_INTERVAL
        if not (woke or waited):
            return False
        doubt.last_try = now
        return True


def proves_identity(device: Device, identity: Identity | None) -> bool:
    """Return True if a reading without a secret shows that the same printer is at the address."""
    return identity is not None and any(
        mine is not None and mine == theirs
        for mine, theirs in (
            (device.serial, identity.serial),
            (device.mac, identity.mac),
            (device.uuid, identity.uuid),
        )
    )


def contradicts_identity(device: Device, identity: Identity | None) -> bool:
    """Return True if serial, MAC or UUID differ and none agrees."""
    if identity is None or proves_identity(device, identity):
        return False
    return any(
        mine is not None and theirs is not None
        for mine, theirs in (
            (device.serial, identity.serial),
            (device.mac, identity.mac),
            (device.uuid, identity.uuid),
        )
    )
