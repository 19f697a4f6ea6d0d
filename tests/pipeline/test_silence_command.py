"""`printwarden silence` beside a running service: tickets wait, the provider is told, what still holds opens."""

import json
from contextlib import closing

from loopback import own
from typer.testing import CliRunner

from agent import cli
from agent.core import audit
from agent.core.clock import Clock
from agent.core.store import open_reader
from agent.runtime import jobs
from agent.simulator import models

CONFIG = """[storage]
folder = "{folder}"
"""


def run(folder, clock, *words):
    config = folder / "config.toml"
    config.touch(0o600)
    config.write_text(CONFIG.format(folder=folder))
    options = ["--config", str(config), "--clock", str(clock)]
    return CliRunner().invoke(cli.build_cli(), ["silence", *words, *options], env={"COLUMNS": "200"})


def heartbeats(site):
    with closing(open_reader(site.agent.config.database_path)) as db:
        rows = db.execute("SELECT data FROM outbox_event WHERE type = 'mps.agent_health/1' ORDER BY seq")
        return [json.loads(row["data"]) for row in rows]


async def test_tickets_wait_and_what_still_holds_opens_when_the_silence_ends(site_of, shop, tmp_path):
    clock = Clock.scaled(7200)
    fleet = shop(own("0.1"), (models.RICOH_C3000, "fuser_fails", ()), clock=clock)
    async with site_of(fleet, own("0.0/28"), clock, storage={"folder": str(tmp_path)}) as site:
        await site.find()
        serial, folder = models.RICOH_C3000.serial, site.agent.config.state_folder
        words = ["--for", "3 days", "--reason", "roof works", "--by", "it-desk", "--also-critical"]
        done = run(folder, clock, serial, *words)
        assert done.exit_code == 0, done.output
        await jobs.reload_files(site.agent)
        await site.live(hours=10)
        assert site.tickets() == set()
        (told,) = heartbeats(site)[-1]["silences"]
        assert (told["target"], told["reason"], told["by"]) == (f"sn:{serial}", "roof works", "it-desk")
        assert "roof works" in run(folder, clock).output
        done = run(folder, clock, serial, "--end")
        assert done.exit_code == 0, done.output
        await jobs.reload_files(site.agent)
        await site.live(hours=1)
        assert {fault for _, fault, _ in site.tickets()} == {"fuser.failure"}
        with closing(open_reader(site.agent.config.database_path)) as db:
            rows = db.execute("SELECT data FROM outbox_event WHERE type = 'mps.ticket/1'").fetchall()
        (ticket,) = [json.loads(row["data"]) for row in rows]
        assert ticket["evidence"]["silenced_for_s"] > 3600
        assert not heartbeats(site)[-1].get("silences")
        actions = [one["action"] for one in audit.read_entries(folder)]
        assert actions.count("silence") == actions.count("silence ended") == 1


def test_wrong_words_are_told_with_what_to_write(tmp_path):
    clock = Clock()
    (tmp_path / "state").mkdir()
    whole = ["--reason", "r", "--by", "b"]
    for words, said in (
        (["site", *whole], 'say how long: --for "2h"'),
        (["site", "--for", "2h"], "say why, and who you are"),
        (["site", "--for", "31 days", *whole], "up to 30 days"),
        (["site", "--for", "soon", *whole], "is not a number with a unit"),
        (["10.0.0.0/99", "--for", "2h", *whole], "is not a network"),
        (["site", "--for", "2h", "--from", "2020-01-01", *whole], "over already"),
        (["site", "--for", "2h", "--from", "noon", *whole], "is no time"),
    ):
        done = run(tmp_path, clock, *words)
        assert done.exit_code == 2, (words, done.output)
        assert said in done.output.replace("\n", " "), (words, done.output)
    assert run(tmp_path, clock).output.strip() == "nothing is silenced"
    assert run(tmp_path, clock, "site", "--end").exit_code == 1
