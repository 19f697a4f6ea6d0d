"""Contracts on the running line: each fault goes to its place, and edits reach it while it runs."""

import asyncio
import os
import shutil
import socket
from contextlib import closing
from pathlib import Path

from loopback import LOCALHOST, free_port, own

from agent.core.clock import Clock
from agent.runtime import jobs
from agent.runtime.demo.workspace import ASSETS, CONTRACTS
from agent.simulator import models
from uplink import events
from uplink.receiver.app import create_app
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app

PATIENCE = 60.0  # real seconds; a good line never waits for it
CAST = (
    (models.RICOH_C3000, "fuser_fails", ()),
    (models.LEXMARK_MS521, "tray_jams", ()),
    (models.HP_M507, "toner_runs_down", ()),
    (models.KONICA_C308, "cover_opened", ()),
)
PLACES = {
    # serial → queue, contract, service model, billing, priority, dispatch, profile, charged
    models.RICOH_C3000.serial: (
        "fieldtech", "D-USERS", "managed_third_party", "user_based", "P1", "auto", "third_party", False),
    models.LEXMARK_MS521.serial: (
        "dealer-dispatch", "D-TIME", "own_technicians", "time_and_materials", "P3", "await_approval", "full", True),
    models.HP_M507.serial: (
        "dealer-dispatch", "D-PAGE", "own_technicians", "cpi", "P3", "auto", "full", False),
}  # fmt: skip


def told(database: Path) -> list:
    if not database.exists():
        return []
    with closing(EventStore(database)) as store:
        return [one for one in store.list_payloads("mps.ticket/1") if one["event"] == "open"]


async def until(condition) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.05)


async def test_each_fault_goes_to_its_place(site_of, shop, tmp_path):
    shutil.copyfile(CONTRACTS, tmp_path / "contracts.toml")
    (tmp_path / "assets.csv").write_text(ASSETS)
    clock, port = Clock.scaled(14400), free_port(socket.SOCK_STREAM, LOCALHOST)
    provider = {"url": f"http://{LOCALHOST}:{port}/v1/events", "insecure_loopback": True}
    fleet, database = shop(own("0.1"), *CAST, clock=clock), tmp_path / "receiver.db"
    async with (
        serve_app(create_app(database), port=port),
        site_of(fleet, own("0.0/28"), clock, provider=provider) as site,
    ):
        await site.find()
        for _ in range(12):
            await site.live(hours=6, every=1)
            if len(told(database)) == 3:
                break
        await until(lambda: len(told(database)) == 3)
    tickets = {one["device"]["serial"]: one for one in told(database)}
    assert models.KONICA_C308.serial not in tickets, "an open cover stays on site"
    for serial, ticket in tickets.items():
        events.check_event("mps.ticket/1", ticket)
        found = (
            ticket["routing"]["queue"], ticket["contract"]["contract_id"], ticket["contract"]["service_model"],
            ticket["contract"]["billing_model"], ticket["fault"]["priority"], ticket["routing"]["dispatch"],
            ticket["routing"]["profile"], ticket["billing"]["chargeable"],
        )  # fmt: skip
        assert found == PLACES[serial]
    ricoh = tickets[models.RICOH_C3000.serial]
    assert [part["part_no"] for part in ricoh["parts"]] == ["D0CM4042"]
    assert ricoh["sla"]["clock_start"] == ricoh["opened_at"]
    assert ricoh["sla"]["resolution_due"] > ricoh["sla"]["response_due"] > ricoh["opened_at"]
    assert (ricoh["device"]["asset_tag"], ricoh["visit"]["place"]) == ("A-0003", "Floor 2")
    assert ricoh["meters"]["total"] > 0


async def test_an_edit_is_in_force_at_once_and_a_mistake_leaves_the_last_good_one(site_of, shop, tmp_path):
    fleet = shop(own("1.1"), (models.RICOH_C3000, "healthy", ()))
    async with site_of(fleet, own("1.0/28")) as site:
        agent = site.agent
        assert agent.pipeline.terms.is_empty
        shutil.copyfile(CONTRACTS, tmp_path / "contracts.toml")
        await jobs.reload_files(agent)
        assert len(agent.pipeline.terms.book.contracts) == 5
        (tmp_path / "contracts.toml").write_text("[[contract]]\nid = 7\n")
        os.utime(tmp_path / "contracts.toml", (1, 1))
        await jobs.reload_files(agent)
        assert len(agent.pipeline.terms.book.contracts) == 5, "the last good one"
        assert "contract[1].id" in jobs.collect_health(agent).contracts_complaint
        (tmp_path / "contracts.toml").unlink()
        await jobs.reload_files(agent)
        assert agent.pipeline.terms.is_empty
        assert jobs.collect_health(agent).contracts_complaint == ""
