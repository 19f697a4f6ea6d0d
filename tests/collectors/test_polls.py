"""One poll: what each tier asks for, what happens when the printer stops answering, where values are from."""

from pathlib import Path

import pytest

from agent.core.errors import NoAnswer
from agent.core.model import CachedIdentity, Identity, Tier

CASES = Path(__file__).parent / "cases"
RICH = CASES / "every-open-alert-stands" / "walk.snmprec"
ROWS = CASES / "levels-below-zero" / "walk.snmprec"
PARTS = {
    Tier.ALERTS: {"alerts", "covers"},
    Tier.SUPPLIES: {"supplies", "inputs", "outputs"},
    Tier.METERS: {"markers", "meters"},
    Tier.INVENTORY: {"identity", "media_paths", "lights"},
}


@pytest.mark.parametrize("tier", list(Tier))
def test_a_tier_brings_its_parts_and_leaves_the_others_unasked(tier, walked, taken):
    snapshot = taken(walked(ROWS), tiers={tier})
    for owner, parts in PARTS.items():
        for part in parts:
            assert (getattr(snapshot, part) is not None) == (owner is tier), part


def test_status_and_counters_come_with_every_poll(walked, taken):
    for tier in Tier:
        snapshot = taken(walked(RICH), tiers={tier})
        assert snapshot.status is not None
        assert (snapshot.critical_events, snapshot.all_events, snapshot.config_changes) == (3, 19, 7)


def test_a_status_read_of_a_known_printer_takes_two_requests(walked, taken):
    known = CachedIdentity.from_snapshot(taken(walked(RICH)))
    reader = walked(RICH)
    taken(reader, tiers={Tier.ALERTS}, known=known)
    assert reader.requests == 2


def test_what_is_known_is_not_asked_again(walked, taken):
    known = CachedIdentity.from_snapshot(taken(walked(ROWS)))
    reader = walked(ROWS)
    again = taken(reader, tiers={Tier.INVENTORY}, known=known)
    assert again.identity == known.identity
    assert reader.requests == 1


def test_meters_of_a_known_printer_are_read_without_finding_out_who_it_is(walked, taken):
    known = CachedIdentity.from_snapshot(taken(walked(ROWS)))
    stranger, acquaintance = walked(ROWS), walked(ROWS)
    taken(stranger, tiers={Tier.METERS}, known=CachedIdentity(units=known.units, charset=known.charset))
    taken(acquaintance, tiers={Tier.METERS}, known=known)
    assert acquaintance.requests < stranger.requests


def test_a_printer_whose_identity_was_not_read_yet_is_asked_though_nothing_changed(walked, taken):
    met = taken(walked(ROWS), tiers={Tier.ALERTS})
    again = taken(walked(ROWS), tiers={Tier.INVENTORY}, known=CachedIdentity.from_snapshot(met))
    assert again.config_changes == met.config_changes is not None
    assert again.identity is not None


def test_a_changed_configuration_asks_again(walked, taken):
    old = Identity(serial="OLD")
    known = CachedIdentity(units=(1,), config_changes=6, identity=old)
    assert taken(walked(ROWS), tiers={Tier.INVENTORY}, known=known).identity != old


def test_a_printer_without_the_counter_is_asked_every_time(walked, taken):
    path = CASES / "scanner-is-no-printer" / "walk.snmprec"
    known = CachedIdentity(config_changes=None, identity=Identity(serial="OLD"))
    assert taken(walked(path), tiers={Tier.INVENTORY}, known=known).identity.serial == "EP000001"


def test_no_answer_to_the_first_question_is_the_callers_business(walked, taken):
    with pytest.raises(NoAnswer):
        taken(walked(ROWS, answers=0))


@pytest.mark.parametrize("answers", range(1, 14))
def test_a_printer_that_falls_silent_keeps_what_it_said_and_is_asked_no_more(answers, walked, taken):
    reader = walked(ROWS, answers=answers)
    snapshot = taken(reader)
    assert snapshot.reachable
    assert snapshot.uptime == 360000
    assert reader.requests == answers + 1, "one question into the silence, not one for each part"
    assert any("no answer" in problem for problem in snapshot.problems)
    assert snapshot.identity is None, "the last part: not read, and not empty"


def test_parts_not_reached_are_none_and_not_empty(walked, taken):
    snapshot = taken(walked(ROWS, answers=1))
    assert (snapshot.alerts, snapshot.supplies, snapshot.inputs, snapshot.meters) == (None, None, None, None)


def test_each_value_names_its_oid(walked, taken):
    sources = taken(walked(RICH)).sources
    assert sources["alerts.1.11.code"] == "1.3.6.1.2.1.43.18.1.1.7.1.11"
    assert sources["status.errors"] == "1.3.6.1.2.1.25.3.5.1.2.1"
    assert sources["identity.serial"] == "1.3.6.1.2.1.43.5.1.1.17.1"
    assert len(sources) == len(dict(sources))


def test_rows_that_share_a_text_are_rows_of_their_own(walked, taken):
    supplies = taken(walked(CASES / "parts-inside-descriptions" / "walk.snmprec")).supplies
    assert len({supply.index for supply in supplies}) == len(supplies) == 5


def test_the_bytes_of_a_text_are_kept_where_it_is_not_plain(walked, taken):
    supplies = taken(walked(CASES / "texts-in-many-encodings" / "walk.snmprec")).supplies
    assert bytes.fromhex(supplies[0].raw) == "Tóner negro".encode()
    assert all(supply.raw is None for supply in taken(walked(ROWS)).supplies)
