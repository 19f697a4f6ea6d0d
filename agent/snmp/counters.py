"""Counters of the datagrams sent and received, for the agent's health report."""

from dataclasses import dataclass


@dataclass(slots=True)
class DatagramCounters:
    """Datagrams by their outcome, since the start."""

    sent: int = 0
    answered: int = 0
    timeouts: int = 0  # one attempt without an answer; the printer may still answer the next
    late: int = 0  # from a printer that was asked, but after the deadline
    duplicate: int = 0  # a second copy of the answer that was taken last
    foreign: int = 0  # from an address or port that was not asked
    malformed: int = 0
    unreachable: int = 0  # refused by the network: ICMP, or no route
    rearmed: int = 0  # sockets replaced because they had stopped reading
