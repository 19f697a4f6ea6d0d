"""The list of `printwarden devices trust`, as the service reads it."""

import stat
import sys
import time

from agent.config.trusted_hosts import FILE_NAME, LIFETIME, TrustedHosts
from agent.core.clock import format_iso_time

NOW = format_iso_time(time.time())


def test_a_running_service_sees_what_the_command_adds(tmp_path):
    service, command = TrustedHosts.in_folder(tmp_path), TrustedHosts.in_folder(tmp_path)
    assert service.load_hosts() == frozenset()
    assert command.add_hosts(["192.0.2.1", "2001:db8::1", "192.0.2.1"], NOW)
    assert command.add_hosts(["192.0.2.1"], NOW) == []
    assert service.load_hosts() == {"192.0.2.1", "2001:db8::1"}
    service.remove_hosts(["192.0.2.1"])
    assert command.load_hosts() == {"2001:db8::1"}


def test_the_list_is_for_its_owner_and_survives_garbage(tmp_path):
    hosts = TrustedHosts.in_folder(tmp_path)
    hosts.add_hosts(["192.0.2.1"], NOW)
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    with (tmp_path / FILE_NAME).open("a") as file:
        file.write("\n\nnot an address\n")
    assert hosts.load_hosts() == {"192.0.2.1"}


def test_trust_ends_after_a_week_and_can_be_given_again(tmp_path):
    """Its address may have another host by then."""
    hosts, now = TrustedHosts.in_folder(tmp_path), time.time()
    hosts.add_hosts(["192.0.2.1"], format_iso_time(now - LIFETIME + 60))
    hosts.add_hosts(["192.0.2.2"], format_iso_time(now - LIFETIME - 60))
    assert hosts.load_hosts() == {"192.0.2.1"}
    assert hosts.load_hosts(now + 120) == frozenset()
    assert hosts.load_hosts(0.0) == {"192.0.2.1", "192.0.2.2"}, "a clock that is set back ends nothing"
    assert hosts.add_hosts(["192.0.2.2"], format_iso_time(now)) == ["192.0.2.2"]
    assert "192.0.2.2" in hosts.load_hosts()
    with (tmp_path / FILE_NAME).open("a") as file:
        file.write("192.0.2.3\n192.0.2.4 yesterday\n192.0.2.5 9999-12-31T23:59:59+00:00\n")
    assert hosts.load_hosts() >= {"192.0.2.1", "192.0.2.3"}
    assert "192.0.2.4" not in hosts.load_hosts()
