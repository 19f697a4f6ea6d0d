"""Which objects prove that the expected printer answered, and the check of each reply. Pure.

    serial number      where an object holds it: proves the printer, also behind a print server
    MAC                at its ifIndex: proves the network card; asked once beside a serial number
    engine id          snmpEngineID, where there is neither: proves the SNMP engine, if it is no address
    object and name    sysObjectID and sysName: prove nothing, `trust: unproved`

sysUpTime rides along: within a poll it never falls, and a printer that is younger than it was has restarted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.collectors._identity import serial_numbers
from agent.core.errors import AnotherDevice
from agent.core.model import Identity, IdentityProof
from agent.snmp import engine_id
from agent.snmp.oid import format_oid, oid
from agent.snmp.reader import SnmpValue

UPTIME = oid("1.3.6.1.2.1.1.3.0")  # sysUpTime
IF_ADDRESS = oid("1.3.6.1.2.1.2.2.1.6")  # ifPhysAddress (RFC 2863)
ENGINE_ID = oid("1.3.6.1.6.3.10.2.1.1.0")  # snmpEngineID (RFC 3411)
WEAK_OBJECTS = (oid("1.3.6.1.2.1.1.2.0"), oid("1.3.6.1.2.1.1.5.0"))  # sysObjectID, sysName
MAX_PROOF_OCTETS = 40  # a longer value costs too much in every request
HALF_RANGE = 1 << 31  # a fall of TimeTicks by more than this is a wrap (497 days)


def learn_proof(
    identity: Identity,
    sources: Mapping[str, bytes],
    answers: Mapping[bytes, SnmpValue],
    *,
    uptime: int | None,
    at: float,
) -> IdentityProof:
    """Choose the objects that prove `identity`. `sources`: OID by field; `answers`: by OID."""
    serial, mac = _find_serial(identity, sources, answers), _find_mac(identity, answers)
    if serial or mac:
        objects, opening = (serial, mac) if serial else (mac, {})
        kind = "serial" if serial else "mac"
        return IdentityProof(kind=kind, objects=objects, opening=opening, uptime=uptime, at=at)
    engine = answers.get(ENGINE_ID)
    if identity.engine_id and engine is not None:
        return IdentityProof(kind="engine", objects={ENGINE_ID: engine}, uptime=uptime, at=at)
    weak = {name: answers[name] for name in WEAK_OBJECTS if answers.get(name) is not None}
    return IdentityProof(kind="unproved", objects=weak, uptime=uptime, at=at)


def find_engine_id(value: SnmpValue) -> str | None:
    """Return an engine id in hex, if it proves a device; else None."""
    return value.hex() if isinstance(value, bytes) and engine_id.proves_device(value) else None


def _find_serial(
    identity: Identity, sources: Mapping[str, bytes], answers: Mapping[bytes, SnmpValue]
) -> dict[bytes, SnmpValue]:
    source = sources.get("serial", b"")
    value = answers.get(source)
    short = isinstance(value, int) or (isinstance(value, bytes) and len(value) <= MAX_PROOF_OCTETS)
    return {source: value} if identity.serial and short else {}


def _find_mac(identity: Identity, answers: Mapping[bytes, SnmpValue]) -> dict[bytes, SnmpValue]:
    if not identity.mac:
        return {}
    rows = ((name, value) for name, value in answers.items() if name.startswith(IF_ADDRESS))
    fitting = [
        (name, value)
        for name, value in rows
        if isinstance(value, bytes) and serial_numbers.pick_mac([value]) == identity.mac
    ]
    return dict(fitting[:1])


@dataclass(slots=True)
class ProofCheck:
    """The companion of one poll (see `agent.snmp.companions`)."""

    address: str
    proof: IdentityProof = field(default_factory=IdentityProof)
    _last_uptime: int | None = None
    _opened: bool = False

    @property
    def names(self) -> tuple[bytes, ...]:
        opening = () if self._opened else self.proof.opening
        uptime = () if self.proof.objects and self.proof.uptime is None else (UPTIME,)
        return (*uptime, *self.proof.objects, *opening)

    def expect(self, proof: IdentityProof) -> None:
        """Expect this proof in the requests that follow: it was read in this poll."""
        self.proof, self._opened = proof, True

    def check_values(self, values: Mapping[bytes, SnmpValue]) -> None:
        """Compare one reply with the proof. Raises AnotherDevice."""
        expected = {**self.proof.objects, **({} if self._opened else self.proof.opening)}
        self._opened = True
        for name, value in expected.items():
            if values.get(name) != value:
                raise AnotherDevice(
                    self.address, f"another printer answers: {format_oid(name)} is not what it was"
                )
        uptime = values.get(UPTIME)
        if isinstance(uptime, int):
            before = self.proof.uptime if self._last_uptime is None else self._last_uptime
            if before is not None and 0 < before - uptime < HALF_RANGE:
                raise AnotherDevice(self.address, "the printer has restarted, or another one answers")
            self._last_uptime = uptime
