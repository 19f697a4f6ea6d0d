"""The fleet in memory: the known printers, the silent ones, and the uptime of each."""

from dataclasses import dataclass, field

from agent.core.model import CachedIdentity, Device, SiteFacts, Snapshot


@dataclass(slots=True)
class FleetState:
    """The printers of the site as of the last polls."""

    site_id: str = ""
    first_days: float = 0.0  # seconds in which a site is new
    devices: dict[str, Device] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    _hosts: dict[str, str] = field(default_factory=dict)  # host -> key of the printer there
    _cached: dict[str, CachedIdentity] = field(default_factory=dict)
    _uptimes: dict[str, int] = field(default_factory=dict)

    def record_poll(self, device: Device, snapshot: Snapshot) -> None:
        """Record an answer, or the lack of one."""
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
        """Add or update a printer and its address."""
        before = self.devices.get(device.key)
        if before and before.address != device.address and self._hosts.get(before.address.host) == device.key:
            del self._hosts[before.address.host]
        self.devices[device.key] = device
        if device.address.host:
            self._hosts[device.address.host] = device.key

    def find_key(self, host: str) -> str | None:
        """Return the key of the printer at this host; None without a printer there."""
        return self._hosts.get(host)

    def cached_identity(self, key: str) -> CachedIdentity | None:
        """Return the facts that the next poll need not ask again.

        None while the printer is silent: another printer may answer in its place.
        """
        return None if key in self.silent else self._cached.get(key)

    def has_restarted(self, key: str, snapshot: Snapshot) -> bool:
        """Report that the uptime fell since the last poll of this printer."""
        before = self._uptimes.get(key)
        return before is not None and snapshot.uptime is not None and snapshot.uptime < before

    @property
    def site_facts(self) -> SiteFacts:
        since = min((device.first_seen for device in self.devices.values()), default=None)
        return SiteFacts(
            id=self.site_id,
            devices=len(self.devices),
            unreachable=len(self.silent),
            watched_since=since,
            settles=since + self.first_days if since is not None and self.first_days else None,
        )
