"""The roll call: which printers are known, which of them are silent, and how long each has been up."""

from dataclasses import dataclass, field

from agent.core.model import CachedIdentity, Device, SiteFacts, Snapshot


@dataclass(slots=True)
class FleetState:
    site_id: str = ""
    first_days: float = 0.0  # seconds in which a site is new
    devices: dict[str, Device] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    _hosts: dict[str, str] = field(default_factory=dict)  # where each printer answers
    _cached: dict[str, CachedIdentity] = field(default_factory=dict)
    _uptimes: dict[str, int] = field(default_factory=dict)

    def record_poll(self, device: Device, snapshot: Snapshot) -> None:
        """Note who answered, and who did not."""
        self.add_device(device)
        if not snapshot.reachable:
            self.silent.add(device.key)
            return
        self.silent.discard(device.key)
        if snapshot.uptime is not None:
            self._uptimes[device.key] = snapshot.uptime
        if snapshot.identity is not None:
            self._cached[device.key] = CachedIdentity.from_snapshot(snapshot)

    def add_device(self, device: Device) -> None:
        """Know this printer, and where it answers."""
        before = self.devices.get(device.key)
        if before and before.address != device.address:
            self._hosts.pop(before.address.host, None)
        self.devices[device.key] = device
        self._hosts[device.address.host] = device.key

    def find_key(self, host: str) -> str | None:
        """The key of the printer at this address."""
        return self._hosts.get(host)

    def cached_identity(self, key: str) -> CachedIdentity | None:
        """What earlier snapshots of the printer spare the next poll from asking again.

        Nothing while it is silent: who answers then may be another printer.
        """
        return None if key in self.silent else self._cached.get(key)

    def has_restarted(self, key: str, snapshot: Snapshot) -> bool:
        """Whether who answered under this key has started afresh since it was last called."""
        before = self._uptimes.get(key)
        return before is not None and snapshot.uptime is not None and snapshot.uptime < before

    @property
    def site_facts(self) -> SiteFacts:
        since = min((device.first_seen for device in self.devices.values()), default=None)
        return SiteFacts(
            id=self.site_id,
            devices=len(self.devices),
            unreachable=len(self.silent),
            settles=since + self.first_days if since is not None and self.first_days else None,
        )
