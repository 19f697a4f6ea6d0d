"""What may be contacted, as a table."""

import pytest

from agent import config
from agent.config.access_policy import AccessPolicy
from agent.core.model import Address

SETTINGS = {
    "network": [
        {"cidr": "192.0.2.0/24", "credentials": ["public", "wide"]},
        {"cidr": "192.0.2.64/26", "snmp_port": 1161, "credentials": ["narrow"]},
    ],
    "printer": [{"host": "198.51.100.7", "snmp_port": 9161, "credentials": ["hand"]}],
    "credential": [{"name": name, "community": f"{name}-community"} for name in ("wide", "narrow", "hand")],
    "exclude": {
        "networks": ["192.0.2.128/28"],
        "hosts": ["192.0.2.9", "198.51.100.9"],
        "macs": ["00:11:22:33:44:55"],
    },
}


@pytest.fixture
def territory(tmp_path):
    return AccessPolicy.from_config(config.build_config(SETTINGS, tmp_path))


STORIES = [
    # host, MAC, permitted
    ("192.0.2.1", None, True),
    ("192.0.2.9", None, False),  # excluded host
    ("192.0.2.130", None, False),  # excluded network
    ("192.0.2.1", "001122334455", False),  # excluded board, wherever it is
    ("192.0.2.1", "001122334456", True),
    ("198.51.100.7", None, True),  # by hand
    ("198.51.100.8", None, False),  # outside
    ("2001:db8::1", None, False),
]


@pytest.mark.parametrize(("host", "mac", "permitted"), STORIES)
def test_permits(territory, host, mac, permitted):
    assert territory.permits_host(host, mac) is permitted


def test_exclusion_is_above_a_printer_named_by_hand(tmp_path):
    settings = SETTINGS | {"printer": [{"host": "198.51.100.9"}]}
    assert not AccessPolicy.from_config(config.build_config(settings, tmp_path)).permits_host("198.51.100.9")


def test_the_narrowest_network_decides(territory):
    assert territory.snmp_address("192.0.2.70") == Address("192.0.2.70", 1161)
    assert [one.name for one in territory.credentials_for("192.0.2.70")] == ["narrow"]
    assert [one.name for one in territory.credentials_for("192.0.2.1")] == ["public", "wide"]
    assert territory.snmp_address("198.51.100.7").port == 9161


def test_a_stranger_outside_has_no_credentials(territory):
    assert territory.credentials_for("203.0.113.1") == []


def test_a_sweep_never_lists_what_is_excluded(territory):
    swept = set(territory.sweep_hosts(territory.config.network[0]))
    assert len(swept) == 254 - 1 - 16
    assert "192.0.2.9" not in swept
