"""Random histories of agents, re-installed agents, restored receivers, moves, swaps and closes against a plain model:
each fault has one open ticket, none is swallowed, none is doubled."""

import copy
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from uplink.events.ticket import build_dedupe_key
from uplink.receiver.event_store import EventStore
from uplink.receiver.ticket_store import ACTIVE_STEPS, SiteScope

Key = tuple[str, str, str]  # site, device, fault
SITES, DEVICES, FAULTS = ("S-1", "S-2"), ("sn:1", "sn:2"), ("jam", "fuser|worn")
Naming = Callable[["Agent", Key], str]


class Agent:
    """One installation: what it has on disk of its tickets."""

    def __init__(self, name: str, site: str) -> None:
        self.name, self.site = name, site
        self.tickets: dict[Key, dict[str, Any]] = {}
        self.episodes: dict[Key, int] = {}


def without_counter(_: Agent, key: Key) -> str:
    return build_dedupe_key(key[0], key[1], key[2], "")


def with_counter(agent: Agent, key: Key) -> str:
    """The old key: its counter begins anew with each state file."""
    return f"{key[1]}|{key[2]}||e{agent.episodes[key]}"


class World:
    """Agents, printers and a receiver; `reported` is the plain model: which tickets say that a fault is there."""

    def __init__(self, store: EventStore, dice: Random, naming: Naming) -> None:
        self.store, self.dice, self.naming = store, dice, naming
        self.agents = [Agent(f"a{number}", SITES[number % 2]) for number in range(4)]
        self.broken: set[Key] = set()
        self.reported: dict[Key, set[str]] = {}
        self.sent: dict[
            str, tuple[SiteScope, str, dict[str, Any]]
        ] = {}  # newest event of each ticket on disk
        self.made = 0

    def send(self, agent: Agent, key: Key, event: str) -> None:
        """Send the next event of the agent's ticket on `key`, perhaps twice."""
        ticket = agent.tickets[key]
        ticket["seq"] += 1
        data = {
            "ticket_id": ticket["id"], "ticket_seq": ticket["seq"], "event": event, "dedupe_key": ticket["key"],
            "opened_at": "t", "observed_at": "t",
        }  # fmt: skip
        scope = SiteScope("", agent.site)
        self.sent[ticket["id"]] = (scope, agent.name, data)
        for _ in range(self.dice.choice((1, 1, 2))):
            self.store.tickets.apply_event(scope, agent.name, data)
        model = self.reported.setdefault(key, set())
        if event in {"open", "reopen"}:
            model.add(ticket["id"])
        elif event not in ACTIVE_STEPS:
            model.discard(ticket["id"])
        ticket["state"] = event

    def breaks(self) -> None:
        self.broken.add((self.dice.choice(SITES), self.dice.choice(DEVICES), self.dice.choice(FAULTS)))

    def polls(self) -> None:
        """An agent looks at its printers and says what is new."""
        agent = self.dice.choice(self.agents)
        for key in sorted(self.broken):
            ticket = agent.tickets.get(key)
            if key[0] != agent.site or (ticket and ticket["state"] in ACTIVE_STEPS):
                continue
            if ticket and ticket["state"] == "clear" and self.dice.random() < 0.5:
                self.send(agent, key, "reopen")
                continue
            agent.episodes[key] = agent.episodes.get(key, 0) + 1
            self.made += 1
            agent.tickets[key] = {"id": f"t{self.made}", "seq": 0, "key": self.naming(agent, key)}
            self.send(agent, key, "open")
        for key, ticket in sorted(agent.tickets.items()):
            if ticket["state"] in ACTIVE_STEPS:
                self.send(
                    agent, key, "update" if key in self.broken else self.dice.choice(("clear", "cancel"))
                )
            elif ticket["state"] == "clear" and self.dice.random() < 0.3:
                self.send(agent, key, "verified")

    def mends(self) -> None:
        """A repair, a swap: the fault is gone."""
        if self.broken:
            self.broken.discard(self.dice.choice(sorted(self.broken)))

    def moves(self) -> None:
        """A broken printer is taken to the other site."""
        if self.broken:
            site, device, fault = self.dice.choice(sorted(self.broken))
            self.broken.discard((site, device, fault))
            self.broken.add((SITES[site == SITES[0]], device, fault))

    def reinstalls(self) -> None:
        """An agent loses its state; what it has reported nobody will clear."""
        place = self.dice.randrange(len(self.agents))
        lost = self.agents[place]
        for ticket in lost.tickets.values():
            self.sent.pop(ticket["id"], None)
        self.agents[place] = Agent(lost.name, lost.site)

    def closes(self) -> None:
        """The desk closes a ticket; agents go on with theirs until they are clear."""
        rows = [row for row in self.store.list_tickets() if row["occupied"]]
        if not rows:
            return
        row = self.dice.choice(rows)
        with closing(_Words(self.store, row)) as words:
            words.close_ticket()
        for reported in self.reported.values():
            reported -= set(row["aliases"])

    def restores(self) -> None:
        """The receiver goes back to a copy from before; agents send the state of all open tickets again."""
        kept = self.store.db.fetch_rows("SELECT name FROM sqlite_master WHERE name = 'ticket_alias_copy'")
        if not kept:
            for table in ("ticket", "ticket_alias"):
                self.store.db.execute(f"CREATE TABLE {table}_copy AS SELECT * FROM {table}")  # noqa: S608 - our own names
            self.copied = copy.deepcopy(self.reported)
            return
        for table in ("ticket", "ticket_alias"):
            self.store.db.execute(f"DELETE FROM {table}")  # noqa: S608
            self.store.db.execute(f"INSERT INTO {table} SELECT * FROM {table}_copy")  # noqa: S608
            self.store.db.execute(f"DROP TABLE {table}_copy")
        self.reported = self.copied
        for agent in self.agents:
            for key, ticket in sorted(agent.tickets.items()):
                if ticket["state"] in ACTIVE_STEPS:
                    self.send(agent, key, "reopen")
                else:
                    self.reported.get(key, set()).discard(ticket["id"])
                    self.send(agent, key, ticket["state"])

    def faults(self) -> list[str]:
        """What is wrong with the receiver's tickets."""
        found = []
        open_rows = [
            row for row in self.store.list_tickets() if row["event"] in ACTIVE_STEPS and row["occupied"]
        ]
        for key, reported in self.reported.items():
            shown = [row for row in open_rows if reported & set(row["aliases"])]
            if len(shown) != bool(reported):
                found.append(f"{key}: {len(shown)} open tickets, reported by {sorted(reported)}")
        return found


class _Words:
    """The desk at the receiver."""

    def __init__(self, store: EventStore, row: dict[str, Any]) -> None:
        self.store, self.row = store, row

    def close_ticket(self) -> None:
        assert self.store.add_feedback(
            self.row["ticket_id"], {"schema": "mps.feedback/1", "status": "closed"}
        )

    def close(self) -> None:
        given = {word["ticket_id"] for word in self.store.list_feedback(None, 0, 100_000)}
        assert given >= set(self.row["aliases"]), "each alias gets it under its own id"


STEPS = ("breaks",) * 3 + ("polls",) * 8 + ("mends", "mends", "moves", "reinstalls", "closes", "restores")


def play(seed: int, steps: int, naming: Naming) -> list[str]:
    """One history; what was wrong first."""
    dice = Random(seed)
    with closing(EventStore(Path(":memory:"))) as store:
        world = World(store, dice, naming)
        for _ in range(steps):
            getattr(world, dice.choice(STEPS))()
            if found := world.faults():
                return found
    return []


@pytest.mark.parametrize("histories", [150, pytest.param(10_000, marks=pytest.mark.long)])
def test_each_fault_has_one_open_ticket_whatever_happens(histories: int) -> None:
    wrong = {seed: found for seed in range(histories) if (found := play(seed, 40, without_counter))}
    assert not wrong


def test_with_the_old_key_and_its_counter_tickets_are_doubled() -> None:
    """Control."""
    assert any(play(seed, 40, with_counter) for seed in range(60))


def test_the_database_itself_refuses_a_second_ticket_on_an_occupied_key(tickets: Any) -> None:
    with closing(EventStore(Path(":memory:"))) as store:
        store.tickets.apply_event(SiteScope("", "S-1"), "a", tickets(1))
        row = "SELECT 9, tenant_id, site_id, 'x', dedupe_key, 1, 1, event, 't', 't', data FROM ticket"
        with pytest.raises(sqlite3.IntegrityError):
            store.db.execute(f"INSERT INTO ticket {row}")
