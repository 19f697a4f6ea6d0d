"""The demonstration's folder, free ports, and a config.toml as customer IT would write one."""

import ipaddress
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from agent.simulator import fleets

CONTRACTS = Path(__file__).with_name("contracts.toml")
ASSETS = """serial,asset_tag,managed,location,territory,voltage,visit_hours,contact_ref
3100RC12345,A-0003,yes,Floor 2,10115,230V,Mon-Fri 08:00-17:00,site-contact-1
46001234HH56A,A-0002,yes,Floor 1,10115,230V,Mon-Fri 08:00-17:00,site-contact-1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoWorkspace:
    """The paths, addresses and ports of a demonstration."""

    folder: Path
    snmp_port: int
    base: str  # the first address of the simulated printers
    clock: str  # shared by all processes
    started: float  # the begin of the scenarios, on that clock

    @property
    def config_file(self) -> Path:
        return self.folder / "config.toml"

    @property
    def agent_database(self) -> Path:
        return self.folder / "agent" / "printwarden.db"

    @property
    def receiver_database(self) -> Path:
        return self.folder / "receiver.db"

    def write_config(self, url: str, ca_file: str) -> None:
        """The site's configuration: two networks, one found by mDNS only, a v3 user, and contracts."""
        shutil.copyfile(CONTRACTS, self.folder / "contracts.toml")
        (self.folder / "assets.csv").write_text(ASSETS, "utf-8")
        user = fleets.DEMO_USER
        near, far = _network(self.base, 27), _network(fleets.far_of(self.base), 28)
        self.config_file.touch(0o600)  # whatever the umask: only its owner writes it
        self.config_file.write_text(
            f"""# Made by `printwarden demo`: a fleet on loopback, days in a minute.
[site]
id = "demo"
name = "Demonstration"

[provider]
url = "{url}/v1/events"
ca_file = '{ca_file}'

[[network]]
cidr = "{near}"
snmp_port = {self.snmp_port}
credentials = ["public", "well-kept"]

[[network]]
cidr = "{far}"
snmp_port = {self.snmp_port}
credentials = ["public"]
sweep = false               # found by their announcements only

[[credential]]
name = "well-kept"
version = "3"
user = "{user.name}"
auth_protocol = "{user.auth_protocol}"
auth_password = "{user.auth_password}"
priv_protocol = "{user.priv_protocol}"
priv_password = "{user.priv_password}"

[schedule]
sweep = "6h"

[snmp]
timeout = "500 ms"          # days pass in a minute: patience is short, and the budget is large
retries = 1
requests_per_second = 5000.0
requests_per_second_per_subnet = 5000.0

[mdns]
interfaces = ["127.0.0.1"]

[rules]
first_days = "0 s"          # this site is not new to anybody

[storage]
folder = "agent"
""",
            "utf-8",
        )
        rules = self.folder / "rules.d"
        rules.mkdir(exist_ok=True)
        (rules / "demo.toml").write_text(DEMO_RULES, "utf-8")


DEMO_RULES = """# Somebody always prints here: the silent printer is told at any time of day.
[calendar.office]
always = true
"""


def _network(host: str, prefix: int) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(f"{host}/{prefix}", strict=False)


def free_udp_port(host: str) -> int:
    """A UDP port that nothing uses at `host` right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
