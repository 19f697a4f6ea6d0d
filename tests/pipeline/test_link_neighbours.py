"""The system's table of neighbours: read, and never believed more than it says."""

import pytest

from agent.core.model import Address, Device, Identity, Snapshot
from agent.pipeline.polling import credential_guard, link_neighbours

TABLE = """IP address       HW type     Flags       HW address            Mask     Device
192.168.10.31    0x1         0x2         00:11:22:AA:bb:cc     *        eth0
192.168.10.32    0x1         0x0         00:00:00:00:00:00     *        eth0
192.168.10.33    0x1         0x2         00:00:00:00:00:00     *        eth0
192.168.10.34    0x1         0x0         00:11:22:33:44:55     *        eth0
192.168.10.35    0x1         0x6         00:11:22:33:44:66     *        eth1
not an address   0x1         0x2         00:11:22:33:44:77     *        eth1
192.168.10.36    0x1         0x2         zz:11:22:33:44:77     *        eth1
192.168.10.37    0x1
"""


def test_hosts_that_have_answered_are_read(tmp_path):
    table = tmp_path / "arp"
    table.write_text(TABLE)
    expected = {"192.168.10.31": "001122aabbcc", "192.168.10.35": "001122334466"}
    assert link_neighbours.read_neighbours(table) == expected


def test_without_a_table_nothing_is_known(tmp_path):
    assert link_neighbours.read_neighbours(tmp_path / "arp") == {}
    assert link_neighbours.LinkNeighbours(dict).find_mac("192.168.10.31") is None


def test_the_table_is_not_read_for_each_printer():
    reads = []

    def read():
        reads.append(1)
        return {"192.168.10.31": "001122aabbcc"}

    neighbours = link_neighbours.LinkNeighbours(read)
    assert [neighbours.find_mac("192.168.10.31") for _ in range(100)] == ["001122aabbcc"] * 100
    assert len(reads) < 50


PRINTER = Device(
    key="sn:A1", address=Address("192.168.10.31"), serial="A1", mac="001122aabbcc", last_seen=1000.0
)


@pytest.mark.parametrize(
    ("story", "verdict"),
    [
        ({"identity": Identity(serial="A1")}, "same"),
        ({"identity": Identity(serial="B2")}, "other"),
        ({"identity": Identity(serial="A1"), "link_mac": "66778899aabb"}, "other"),
        ({"identity": Identity(serial="A1"), "link_mac": "001122aabbcc"}, "same"),
        ({"identity": Identity(serial="A1"), "engine_id": b"other"}, "other"),
        ({"identity": None, "engine_id": b"known"}, "same"),
        ({"identity": Identity(model="Acme 9")}, "unknown"),
        ({"identity": None}, "unknown"),
    ],
)
def test_what_a_host_shows_is_judged(story, verdict):
    guard = credential_guard.CredentialGuard()
    guard.record_engine(PRINTER.key, b"known")
    assert guard.judge_host(PRINTER, story.pop("identity"), 0.0, **story) == verdict


def test_a_proof_that_silence_follows_counts_ever_more_rarely():
    guard, proofs, now = credential_guard.CredentialGuard(), [], 0.0
    while now < 86400.0:
        if guard.judge_host(PRINTER, Identity(serial="A1"), now) == "same":
            proofs.append(now)
            guard.record_failed_proof(PRINTER.key, now)
        now += 300.0
    assert proofs == [0.0, 300.0, 1500.0, 6300.0, 25500.0]


def test_the_mac_of_the_last_answer_counts_not_that_of_another_network_card():
    guard = credential_guard.CredentialGuard()
    assert guard.has_other_mac(PRINTER, "66778899aabb")
    guard.record_poll(
        PRINTER, Snapshot(address=PRINTER.address, at=0.0), 0.0, answered=True, link_mac="66778899aabb"
    )
    assert not guard.has_other_mac(PRINTER, "66778899aabb")
    assert guard.has_other_mac(PRINTER, "001122aabbcc")
    assert not guard.has_other_mac(PRINTER, None)
