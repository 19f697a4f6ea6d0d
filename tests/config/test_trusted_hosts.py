"""The list of `printwarden devices trust`, as the service reads it."""

import stat
import sys

from agent.config.trusted_hosts import FILE_NAME, TrustedHosts


def test_a_running_service_sees_what_the_command_adds(tmp_path):
    service, command = TrustedHosts.in_folder(tmp_path), TrustedHosts.in_folder(tmp_path)
    assert service.load_hosts() == frozenset()
    assert command.add_hosts(["192.0.2.1", "2001:db8::1", "192.0.2.1"], "2026-03-02T08:00:00Z")
    assert command.add_hosts(["192.0.2.1"], "2026-03-02T09:00:00Z") == []
    assert service.load_hosts() == {"192.0.2.1", "2001:db8::1"}
    service.remove_hosts(["192.0.2.1"])
    assert command.load_hosts() == {"2001:db8::1"}


def test_the_list_is_for_its_owner_and_survives_garbage(tmp_path):
    hosts = TrustedHosts.in_folder(tmp_path)
    hosts.add_hosts(["192.0.2.1"], "2026-03-02T08:00:00Z")
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    with (tmp_path / FILE_NAME).open("a") as file:
        file.write("\n\nnot an address\n")
    assert hosts.load_hosts() == {"192.0.2.1"}
