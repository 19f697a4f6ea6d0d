"""A random model of a fleet, against the truth: no page on the wrong key, none billed twice, each border told.

Addresses move, printers are exchanged, counters reset, glitch, stall and wrap, the agent restarts. All of it goes
through the running agent over sockets. The controls take the identity from the address, and leave borders out.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import field_site
import pytest
from field_site import BEGIN, EVERYTHING, LEVEL, FieldPrinter, FieldSite, run_field_site
from loopback import free_port, own
from random_fleet import COUNTER_BORDERS, PAGES, STEP, STEPS_A_DAY, TrueFleet, TruePrinter

from agent.core.model import Tier
from agent.discovery import binding, inventory
from agent.history.meters import ledger
from agent.pipeline.pipeline import Pipeline
from agent.simulator.mib import octets

WALK = Path(__file__).parent / "addresses_exchanged" / "a.snmprec"
METERS = frozenset({Tier.METERS})
QUIET_STEPS = 3 * STEPS_A_DAY  # at the end: what is in doubt is settled, and the last borders are told
SMALL = {"printers": 4, "days": 7, "acts": 0.5}
WHOLE = {"printers": 20, "days": 60, "acts": 0.6}


@dataclass
class RandomModel:
    """The true fleet on the sockets of a site, step by step, and what the agent made of it."""

    fleet: TrueFleet
    acts: float  # a step
    shown: dict[int, FieldPrinter] = field(default_factory=dict)
    figures: dict[str, int] = field(
        default_factory=lambda: {"pages": 0, "wrong": 0, "doubled": 0, "borders": 0}
    )

    def stand(self, site: FieldSite) -> None:
        """Put every printer at its address on the site's sockets."""
        for host in self.fleet.hosts:
            site.place(host, None)
        for one in self.fleet.standing:
            if one.number not in self.shown:
                self.shown[one.number] = FieldPrinter.from_walk(WALK, site.clock)
            shown = self.shown[one.number]
            shown.clock, shown.on, shown.pages = site.clock, one.on, one.shown
            shown.show(field_site.SERIAL, one.key.removeprefix("sn:"))
            shown.show(field_site.MAC, octets(bytes.fromhex(f"001b78{one.number:04x}{one.board:02x}")))
            shown.show(LEVEL, one.level)
            if one.boots:
                one.boots = 0
                shown.reboot()
            site.place(one.host or "", shown)

    async def step(self, site: FieldSite, number: int, *, act: bool) -> None:
        moved = self.fleet.step(act=act)
        if not act:
            self.fleet.end_troubles()
        site.clock.advance(STEP)
        self.stand(site)
        await site.poll(METERS if number % STEPS_A_DAY else EVERYTHING)
        if moved:
            await site.find()
        self.look(site)

    def look(self, site: FieldSite) -> None:
        """Each printer that answers was read now, and no key has another's count."""
        at = site.clock.now()
        self.fleet.take_looks(at)
        totals = site.totals()
        for one in self.fleet.printers:
            if one.answers:
                told = totals.get(one.key)
                assert told is not None, f"{one.key}: it was not met"
                assert told["raw"] in one.has_shown, f"{one.key}: the count of another printer"
                assert (told["at"], told["raw"]) == (at, one.shown), f"{one.key}: not read at {at}: {told}"
        assert totals.keys() <= {one.key for one in self.fleet.printers}

    def compare(self, site: FieldSite) -> None:
        """The bills, borders and orders that were sent, against the truth."""
        reads: dict[str, list[dict[str, Any]]] = {}
        for read in site.events("mps.meter_read/1"):
            reads.setdefault(read["device"]["device_key"], []).append(read["meters"])
        for one in self.fleet.printers:
            if one.last is not None:
                self._compare_pages(one, reads.get(one.key, []))
                self._compare_borders(one, reads.get(one.key, []))
        low = {one.key for one in self.fleet.printers if one.level < 20}
        orders = [it for it in [*site.tickets(), *site.tickets("supply")] if it.fault.startswith("supply.")]
        wrong = [it.title for it in orders if it.device not in low]
        assert not wrong, f"an order for another printer: {wrong}"

    def _compare_pages(self, one: TruePrinter, reads: list[dict[str, Any]]) -> None:
        """At no read more pages than were printed since the first; at the last all that were certain."""
        billed = [
            (when(read["read_at"]), read["counters"]["total"])
            for read in reads
            if "total" in read["counters"]
        ]
        first = one.printed_at[billed[0][0]]
        for at, count in billed:
            printed = one.printed_at[max(seen for seen in one.printed_at if seen <= at)] - first
            assert count - billed[0][1] <= printed, f"{one.key}: {count - billed[0][1]} of {printed} pages"
        lost = 2 * PAGES * len([what for _, what in one.expected if what == "counter"])
        pages = billed[-1][1] - billed[0][1]
        printed = one.printed_at[max(seen for seen in one.printed_at if seen <= billed[-1][0])] - first
        if one.host is not None:
            assert pages >= printed - lost, f"{one.key}: only {pages} of {printed} pages were billed"
        self.figures["pages"] += pages

    def _compare_borders(self, one: TruePrinter, reads: list[dict[str, Any]]) -> None:
        told = {
            (when(border["at"]), "counter" if border["why"] in COUNTER_BORDERS else border["why"])
            for read in reads
            for border in read["borders"]
        }
        assert one.expected <= told, f"{one.key}: not told: {one.expected - told}"
        assert told <= one.expected | one.allowed, f"{one.key}: told: {told - one.expected - one.allowed}"
        self.figures["borders"] += len(one.expected)


def when(text: str) -> float:
    """The time of a text in the events."""
    return datetime.fromisoformat(text).timestamp()


async def live(tmp_path, monkeypatch, cidr, spare, seed, *, printers, days, acts) -> dict[str, int]:
    """Let the model live, with a new agent every few days, and compare with the truth."""
    subnet, _, first = cidr.split("/", maxsplit=1)[0].rpartition(".")
    hosts = [own(f"{subnet}.{int(first) + number}") for number in range(1, printers + spare + 1)]
    fleet, port = TrueFleet(random.Random(seed), hosts), free_port()
    model, left, begin = RandomModel(fleet, acts), days * STEPS_A_DAY, BEGIN
    for host in hosts[:printers]:
        fleet.add_printer(host)
    while left > 0:
        monkeypatch.setattr(field_site, "BEGIN", begin)
        async with run_field_site(tmp_path, own(cidr), hosts, port, {"ipp": {"enabled": False}}) as site:
            model.stand(site)
            await site.find()
            if begin == BEGIN:
                model.look(site)
            for _ in range(min(left, fleet.luck.randrange(6, 40))):
                left -= 1
                await model.step(site, left, act=left >= QUIET_STEPS and fleet.luck.random() < acts)
            begin = site.clock.now()
            if left <= 0:
                model.compare(site)
    return model.figures


async def test_no_page_is_billed_to_the_wrong_key_and_none_twice(tmp_path, monkeypatch):
    figures = await live(tmp_path, monkeypatch, "9.0/29", 2, 1, **SMALL)
    assert figures["pages"] > 0
    assert figures["borders"] > 0


@pytest.mark.long
@pytest.mark.claim("who-is-who")
@pytest.mark.parametrize("seed", range(5))
async def test_twenty_printers_for_sixty_days(tmp_path, monkeypatch, figure, seed):
    figure(days=WHOLE["days"], **await live(tmp_path, monkeypatch, "9.0/27", 10, seed, **WHOLE))


def bind_by_address(self, tx, reading):
    """The control: the device that was at an address is the one that answers there."""
    known = inventory.find_device_at(tx, reading.snapshot.address)
    return binding.Binding(device=known) if known else IDENTIFY(self, tx, reading)


IDENTIFY = Pipeline._identify_device


@pytest.mark.control("who-is-who")
async def test_identity_from_the_address_fails_the_model(tmp_path, monkeypatch, figure):
    monkeypatch.setattr(Pipeline, "_identify_device", bind_by_address)
    with pytest.raises(AssertionError, match=r"it was not met|the count of another printer"):
        await live(tmp_path, monkeypatch, "9.0/29", 2, 1, **SMALL)
    figure(failed=1)


@pytest.mark.long
@pytest.mark.control("who-is-who")
async def test_a_border_that_is_not_told_fails_the_model(tmp_path, monkeypatch, figure):
    monkeypatch.setattr(ledger, "record_place", lambda *_: False)
    with pytest.raises(AssertionError, match="not told"):
        await live(tmp_path, monkeypatch, "9.0/29", 2, 1, **SMALL)
    figure(failed=1)
