"""Keeps the community of a found printer from the next host that gets its address.

    answers ──3 polls in vain, another printer, ──► doubtful: "public", IPP, engine id
       ▲      another MAC on the link                  │
       ├───── the same serial, MAC, UUID or engine id, and no other MAC on the link
       └───── one request, once and after a TCP port has opened; else once a day

A printer named by hand, and one that answers "public" or SNMPv3, is never doubtful. Pure; `now` is
monotonic, so that a wall clock that is set raises no doubt. What was seen on the link and the engine ids are
known since the start of the service.
"""

from dataclasses import dataclass, field
from typing import Literal

from agent.core.model import Device, Identity, Snapshot

MAX_SILENT_POLLS = 3
RETRY_INTERVAL = 86400.0  # seconds until a silent address is given one request again
FIRST_PROOF_PAUSE = 300.0  # seconds after a proof that was followed by silence; four times as long each time


Verdict = Literal["same", "paused", "other", "unknown"]
"""What a host shows without a secret: the identity of the printer, another one, or nothing. Paused: it showed
the right one before, and did not answer the community."""


@dataclass(slots=True)
class AddressDoubt:
    """A known address that must prove itself."""

    silent_polls: int = 0
    last_try: float | None = None  # when the community was sent last while in doubt
    was_awake: bool = False  # whether a TCP port was open at the last poll
    failed_proofs: int = 0  # how often it showed the right identity, and did not answer the community
    proof_from: float = 0.0  # when its identity counts as a proof again


@dataclass(slots=True)
class CredentialGuard:
    """The doubts about known printers, by the printer's key."""

    _doubts: dict[str, AddressDoubt] = field(default_factory=dict)
    _answers: dict[str, float] = field(default_factory=dict)  # when each printer answered last
    _macs: dict[str, str] = field(default_factory=dict)  # the MAC on the link when it did
    _engines: dict[str, bytes] = field(default_factory=dict)  # its SNMPv3 engine id

    def record_poll(
        self, device: Device, snapshot: Snapshot, now: float, *, answered: bool, link_mac: str | None = None
    ) -> None:
        """Count polls in vain; an answer ends every doubt, and that of another printer begins one.

        `link_mac`: the MAC that the address has on the agent's link, if it is there.
        """
        if contradicts_identity(device, snapshot.identity):
            self._doubts.setdefault(device.key, AddressDoubt()).silent_polls = MAX_SILENT_POLLS
        elif answered:
            self._doubts.pop(device.key, None)
            self._answers[device.key] = now
            if link_mac:
                self._macs[device.key] = link_mac
        else:
            self._doubts.setdefault(device.key, AddressDoubt()).silent_polls += 1

    def record_engine(self, key: str, engine_id: bytes | None) -> None:
        """Keep the engine id that a printer showed in a poll in which it answered its community."""
        if engine_id:
            self._engines[key] = engine_id

    def is_doubtful(
        self, device: Device, now: float, patience: float, *, wall: float, link_mac: str | None = None
    ) -> bool:
        """Return True if the printer was silent for too many polls or `patience` seconds, or has another MAC.

        `wall`: seconds since 1970, for what was before the start of the service.
        """
        doubt = self._doubts.get(device.key)
        answered = self._answers.get(device.key)
        silent = wall - device.last_seen if answered is None else now - answered
        if self.has_other_mac(device, link_mac) or not 0 <= silent <= patience:
            return True
        return doubt is not None and doubt.silent_polls >= MAX_SILENT_POLLS

    def has_other_mac(self, device: Device, link_mac: str | None) -> bool:
        """Return True if the MAC on the link is not that of the last answer; before one: of the printer."""
        expected = self._macs.get(device.key, device.mac)
        return link_mac is not None and expected is not None and link_mac != expected

    def knows_engine(self, key: str) -> bool:
        """Return True if the printer's engine id is known, so that asking for it tells something."""
        return key in self._engines

    def judge_host(
        self,
        device: Device,
        identity: Identity | None,
        now: float,
        *,
        engine_id: bytes | None = None,
        link_mac: str | None = None,
    ) -> Verdict:
        """Judge what an address shows without a secret."""
        known, doubt = self._engines.get(device.key), self._doubts.get(device.key)
        other_engine = known is not None and engine_id is not None and engine_id != known
        if contradicts_identity(device, identity) or other_engine or self.has_other_mac(device, link_mac):
            return "other"
        if not (proves_identity(device, identity) or (known is not None and engine_id == known)):
            return "unknown"
        return "paused" if doubt is not None and now < doubt.proof_from else "same"

    def record_failed_proof(self, key: str, now: float) -> None:
        """Note that a host showed the right identity and did not answer the community: it is asked rarely."""
        doubt = self._doubts.setdefault(key, AddressDoubt())
        doubt.silent_polls = MAX_SILENT_POLLS
        doubt.proof_from = now + min(FIRST_PROOF_PAUSE * 4.0**doubt.failed_proofs, RETRY_INTERVAL)
        doubt.failed_proofs = min(doubt.failed_proofs + 1, 8)

    def hold_back(self, key: str, now: float) -> None:
        """Begin a doubt about an address that has just had one request, and showed to be another host."""
        doubt = self._doubts.setdefault(key, AddressDoubt())
        doubt.silent_polls, doubt.last_try = MAX_SILENT_POLLS, now

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
