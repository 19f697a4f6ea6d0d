"""What a sweep sends into a second: as much as all requests together may, and no more. By a clock of its own."""

from collections import Counter
from types import SimpleNamespace

import pytest

from agent.core.model import Address
from agent.snmp import rate_limiter
from agent.snmp.counters import DatagramCounters
from agent.snmp.rate_limiter import RateLimiter
from agent.snmp.sweep import AddressSweep
from agent.snmp.token_bucket import subnet_prefix

PER_SUBNET, IN_ALL = 20, 200
BURST = {"subnet": 10, "all": 20}  # packets that may leave at once after a pause


@pytest.fixture
def passing_time(monkeypatch):
    """Time passes only where the limiter sleeps."""
    time = SimpleNamespace(now=1000.0)

    async def sleep(seconds: float) -> None:
        time.now += seconds

    monkeypatch.setattr(rate_limiter, "monotonic", lambda: time.now)
    monkeypatch.setattr(rate_limiter, "asyncio", SimpleNamespace(sleep=sleep))
    return time


async def sweep_departures(time, hosts, limiter):
    """The (time, host) of each packet of a sweep."""
    sent = []

    async def wait(address):
        await limiter.wait_for_budget(subnet_prefix(address.host))

    def send(address):
        sent.append((time.now, address.host))
        return address

    sweep = AddressSweep(send, wait, DatagramCounters())
    assert [one async for one in sweep.run([Address(host) for host in hosts], 0.0)] == []
    return sent


def busiest_second(departures):
    """The most packets in any second that begins with one."""
    times = [at for at, _ in departures]
    return max(sum(start <= at < start + 1.0 for at in times) for start in times)


async def test_one_subnet_gets_20_a_second_and_ten_of_them_200(passing_time):
    hosts = [f"198.18.{net}.{host}" for host in range(1, 41) for net in range(10)]
    sent = await sweep_departures(passing_time, hosts, RateLimiter(IN_ALL, PER_SUBNET))
    assert Counter(host for _, host in sent) == Counter(hosts), "each once"
    assert busiest_second(sent) <= IN_ALL + BURST["all"]
    for net in range(10):
        into = [one for one in sent if one[1].startswith(f"198.18.{net}.")]
        assert busiest_second(into) <= PER_SUBNET + BURST["subnet"]
    assert sent[-1][0] - sent[0][0] < 40 / PER_SUBNET + 1, "ten subnets take as long as one"


async def test_without_a_budget_the_counts_break(passing_time):
    """The control."""
    hosts = [f"198.18.0.{host}" for host in range(1, 100)]
    sent = await sweep_departures(passing_time, hosts, RateLimiter(IN_ALL, None))
    assert busiest_second(sent) > PER_SUBNET + BURST["subnet"]
