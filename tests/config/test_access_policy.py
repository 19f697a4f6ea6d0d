"""What may be contacted, as a table."""

import pytest

from agent import config
from agent.config import credential_advice
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
    assert [one.name for one in territory.configured_credentials("192.0.2.70")] == ["narrow"]
    assert [one.name for one in territory.configured_credentials("192.0.2.1")] == ["public", "wide"]
    assert territory.snmp_address("198.51.100.7").port == 9161


def test_a_stranger_outside_has_no_credentials(territory):
    assert territory.credentials_for("203.0.113.1") == []


def test_a_sweep_never_lists_what_is_excluded(territory):
    swept = set(territory.sweep_hosts(territory.config.network[0]))
    assert len(swept) == 254 - 1 - 16 - 64
    assert "192.0.2.9" not in swept


def test_a_narrower_network_is_swept_by_its_own_entry_alone(territory):
    wide, narrow = (set(territory.sweep_hosts(network)) for network in territory.config.network)
    assert narrow == {f"192.0.2.{n}" for n in range(65, 127)}
    assert not wide & narrow


SHARED = {
    "network": [
        {"cidr": "192.0.2.0/26", "credentials": ["office", "public", "sealed"], "share": "named"},
        {"cidr": "192.0.2.64/26", "credentials": ["office", "public", "sealed"]},
        {"cidr": "192.0.2.128/26", "credentials": ["office", "public", "sealed"], "share": "anyone"},
    ],
    "printer": [{"host": "192.0.2.7", "credentials": ["public", "office", "sealed"]}],
    "credential": [
        {"name": "office", "community": "office-community"},
        {"name": "sealed", "version": "3", "user": "mps"},
    ],
}
NAMED, KNOWN, ANYONE, BY_HAND = "192.0.2.1", "192.0.2.65", "192.0.2.129", "192.0.2.7"
SHARE_STORIES = [
    # host, answered last, trusted, given
    (NAMED, None, False, ["sealed", "public"]),
    (NAMED, "office", False, ["sealed", "public"]),
    (NAMED, "office", True, ["office"]),
    (KNOWN, None, False, ["sealed", "public"]),
    (KNOWN, None, True, ["sealed", "office", "public"]),
    (KNOWN, "office", False, ["office"]),
    (KNOWN, "public", False, ["public"]),  # who answered "public" is asked with "public"
    (KNOWN, "public", True, ["public"]),
    (KNOWN, "sealed", False, ["sealed"]),
    (KNOWN, "gone", False, ["sealed", "public"]),  # a credential that is configured no longer
    (ANYONE, None, False, ["sealed", "office", "public"]),
    (BY_HAND, None, False, ["sealed", "public", "office"]),
]


@pytest.mark.parametrize(("host", "answered", "trusted", "given"), SHARE_STORIES)
def test_a_secret_goes_only_where_it_may(tmp_path, host, answered, trusted, given):
    policy = AccessPolicy.from_config(config.build_config(SHARED, tmp_path))
    found = policy.credentials_for(host, answered=answered, trusted=trusted)
    assert [one.name for one in found] == given


def test_the_withheld_communities_are_named(tmp_path):
    policy = AccessPolicy.from_config(config.build_config(SHARED, tmp_path))
    withheld = {
        host: [one.name for one in policy.withheld_credentials(host)] for host in (KNOWN, ANYONE, BY_HAND)
    }
    assert withheld == {KNOWN: ["office"], ANYONE: [], BY_HAND: []}


def test_a_short_v3_password_is_advised_against_and_never_shown(tmp_path):
    def advise(password):
        sealed = {"name": "sealed", "version": "3", "user": "mps", "auth_protocol": "SHA256"}
        given = {"credential": [sealed | {"auth_password": password}]}
        return list(credential_advice.advise_credentials(config.build_config(given, tmp_path)))

    assert advise("twelve-chars") == []
    (sentence,) = advise("eleven-char")
    assert "auth_password has 11 characters" in sentence
    assert "eleven-char" not in sentence
