"""Which answer means what. The table is the contract's."""

import json
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random
from uuid import UUID

import pytest

from uplink import errors
from uplink.delivery.destination_state import DestinationState
from uplink.delivery.responses import HttpAnswer, ItemOutcome, ItemResult, read_receipt
from uplink.delivery.retry import (
    PROBE_INTERVAL,
    CircuitBreaker,
    draw_backoff,
    parse_retry_after,
    pause_after_failure,
)
from uplink.errors import (
    Blocked,
    CredentialRefused,
    DeliveryError,
    InFlight,
    Poisoned,
    Refused,
    ServerFault,
    Throttled,
    TooLarge,
    Unreachable,
)

ONE, TWO = UUID(int=1), UUID(int=2)
NOW = 1_795_210_204.0


def answer(status: int, body: object = None, **headers: str) -> HttpAnswer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpAnswer(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=raw
    )


def receipt(*lines: tuple[UUID, str]) -> dict[str, object]:
    return {"receipt": [{"id": str(name), "result": result} for name, result in lines]}


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (100, Unreachable), (301, Unreachable), (302, Unreachable), (307, Unreachable), (308, Unreachable),
        (400, Poisoned), (401, CredentialRefused), (402, Blocked), (403, Blocked), (404, Blocked), (405, Blocked),
        (407, Blocked), (408, Throttled), (409, InFlight), (410, Blocked), (413, TooLarge), (415, Poisoned),
        (418, Blocked), (422, Poisoned), (425, Throttled), (429, Throttled), (451, Blocked),
        (500, ServerFault), (501, Throttled), (502, Throttled), (503, Throttled), (504, Throttled),
        (507, Throttled), (511, Throttled), (599, Throttled), (999, Throttled),
    ],
)  # fmt: skip
def test_a_status_has_one_meaning_with_or_without_a_problem(status: int, means: type[DeliveryError]) -> None:
    for body in (b"", b"<html>", b"[1]", b'{"type": 7, "title": {}}', {"type": "urn:x", "title": "No"}):
        with pytest.raises(DeliveryError) as caught:
            read_receipt(answer(status, body), [ONE], NOW)
        assert type(caught.value) is means


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<!doctype html>", b"ok", b"{}", b"[]", b"null", b"[" * 100_000, b'{"receipt": null}', b"\xff\xfe",
        {"receipt": []}, {"receipt": [{}]}, {"receipt": [7]}, {"receipt": {"id": "x"}},
        receipt((TWO, "accepted")), {"receipt": [{"id": "1", "result": "accepted"}]},
    ],
)  # fmt: skip
def test_a_200_without_a_receipt_for_us_is_no_delivery(body: object) -> None:
    for status in (200, 201, 202, 204, 207):
        with pytest.raises(Unreachable):
            read_receipt(answer(status, body, content_type="text/html"), [ONE], NOW)


def test_a_receipt_speaks_for_the_events_it_names() -> None:
    body = receipt((ONE, "accepted"), (TWO, "rejected"), (UUID(int=3), "accepted"))
    assert read_receipt(answer(200, body), [ONE, TWO], NOW) == {
        ONE: ItemResult(ItemOutcome.ACCEPTED),
        TWO: ItemResult(ItemOutcome.REJECTED),
    }


@pytest.mark.parametrize("word", ["fine", "joined", "", 7, None, ["accepted"]])
def test_a_result_that_is_not_known_yet_is_a_retry_of_that_event_alone(word: object) -> None:
    body = {"receipt": [{"id": str(ONE), "result": word}, {"id": str(TWO), "result": "accepted"}]}
    assert read_receipt(answer(200, body), [ONE, TWO], NOW) == {
        ONE: ItemResult(ItemOutcome.RETRY),
        TWO: ItemResult(ItemOutcome.ACCEPTED),
    }


def test_a_receipt_names_the_ticket_that_an_event_joined() -> None:
    body = {"receipt": [{"id": str(ONE), "result": "accepted", "joined": "T0001"}]}
    assert read_receipt(answer(200, body), [ONE], NOW)[ONE].joined == "T0001"


def test_a_refusal_carries_the_problem_type_and_what_it_says() -> None:
    told = {"type": "urn:bad", "title": "Bad event", "detail": "fault.title: missing"}
    with pytest.raises(Refused) as caught:
        read_receipt(answer(422, told), [ONE], NOW)
    assert (caught.value.problem, str(caught.value)) == (
        "urn:bad",
        "answered 422: Bad event: fault.title: missing",
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0), ("0", 1.0), ("999999999999", 3600.0), (" 7 ", 7.0),
        ("-5", None), ("1.5", None), ("soon", None), ("", None), ("٣", None),
        (format_datetime(datetime.fromtimestamp(NOW + 90, UTC), usegmt=True), 90.0),
        (format_datetime(datetime.fromtimestamp(NOW - 90, UTC), usegmt=True), 1.0),
        ("Fri, 99 Foo 2026 25:61:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_within_reason(value: str, seconds: float | None) -> None:
    assert parse_retry_after({"retry-after": value}, NOW) == seconds


def test_a_retry_after_date_is_read_on_the_receivers_own_clock() -> None:
    wrong = NOW + 86400
    headers = {
        "date": format_datetime(datetime.fromtimestamp(wrong, UTC), usegmt=True),
        "retry-after": format_datetime(datetime.fromtimestamp(wrong + 60, UTC), usegmt=True),
    }
    assert parse_retry_after(headers, NOW) == 60.0


def test_the_pause_doubles_up_to_five_minutes_and_is_drawn_from_zero() -> None:
    dice = Random(7)
    drawn = {
        failures: [draw_backoff(failures, dice) for _ in range(2000)] for failures in (1, 2, 5, 9, 50, 10_000)
    }
    most = {failures: round(max(values)) for failures, values in drawn.items()}
    assert most == {1: 2, 2: 4, 5: 32, 9: 300, 50: 300, 10_000: 300}
    assert all(min(values) < 0.01 * most[failures] for failures, values in drawn.items())


def test_no_pause_is_shorter_than_the_receiver_asked_for_and_agents_do_not_come_back_in_step() -> None:
    dice = Random(7)
    pauses = sorted(pause_after_failure(Throttled("busy", 30.0), 1, dice) for _ in range(2000))
    assert pauses[0] >= 30
    in_the_same_second = max(sum(at <= other < at + 1 for other in pauses) for at in pauses)
    assert in_the_same_second < 0.02 * len(pauses), "a herd"


def test_a_destination_that_refuses_us_is_probed_every_quarter_of_an_hour() -> None:
    assert pause_after_failure(Blocked("answered 403"), 9, Random(1)) == PROBE_INTERVAL == 900


@pytest.mark.parametrize(
    ("story", "opens"),
    [
        ("....U", False),
        ("UUUU", False),
        ("UUUUU", True),
        ("UUTUT", True),
        ("UUUU.U", False),
        ("UUUUPU", False),  # poison is an answer: the line works
        ("UUUUIIII", False),  # 409 says nothing either way
        ("UUUUHHHH", False),
        ("UUUUIU", True),
        ("UUUUUU.", False),
    ],
)
def test_the_breaker_opens_after_five_transient_failures_in_a_row(story: str, opens: bool) -> None:
    kinds = {
        "U": Unreachable("-"), "T": Throttled("-"), "P": Poisoned("-"), "I": InFlight("-"), "H": Blocked("-"),
    }  # fmt: skip
    breaker = CircuitBreaker()
    for letter in story:
        breaker = breaker.after_attempt(kinds.get(letter))
    assert breaker.is_open is opens


def test_only_an_open_breaker_or_a_locked_door_calls_for_a_trial() -> None:
    fresh, dice = DestinationState(name="x"), Random(1)
    assert not fresh.needs_trial
    assert not fresh.after_attempt(InFlight("409"), NOW, dice).needs_trial, "a 409 wants the same bytes again"
    assert not fresh.after_attempt(Unreachable("-"), NOW, dice).needs_trial
    assert fresh.after_attempt(Blocked("403"), NOW, dice).needs_trial
    assert not fresh.after_attempt(Blocked("403"), NOW, dice).after_attempt(None, NOW, dice).needs_trial


def test_a_clock_that_was_set_back_prolongs_no_pause() -> None:
    waiting = DestinationState(name="x").after_attempt(Blocked("403"), NOW, Random(1))
    assert waiting.remaining_pause(NOW) == 900
    assert waiting.remaining_pause(NOW - 365 * 86400) == 0
    assert waiting.remaining_pause(NOW + 365 * 86400) == 0


def test_the_error_tree_is_drawn_as_it_is() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([│├└─ ]*)([A-Z][A-Za-z]+)(\s{2,}|$)", line)
        if found and (found[2] == "DeliveryError" or found[1]):
            path[len(found[1]) // 4 :] = [found[2]]
            drawn[found[2]] = path[-2] if len(path) > 1 else "Exception"
    classes = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert drawn == {name: kind.__base__.__name__ for name, kind in classes.items() if kind.__base__}
