"""What printers and receivers say, hostile on purpose, in every output: JSON, HTML, SVG, log, terminal, e-mail.

    octets of a printer ──text.decode──► message, page, picture, log, table, mail
    answer of a receiver ──judge──────► log, table

An output is broken if it can no longer be read as what it is, or if the string became more than a string in it:
markup, another line, a colour, a header, a mark that turns the reading direction.
"""

import io
import json
import logging
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from html.parser import HTMLParser
from random import Random
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from rich.console import Console

from agent.cli import _common
from agent.core import text
from agent.core.clock import format_iso_time
from agent.core.model import SupplyForecast
from agent.forecast import plot
from agent.rules.backtest.firing import Firing
from agent.rules.backtest.html_report import render_report
from agent.rules.backtest.scoring import RuleScore
from uplink.delivery import cloudevents, responses
from uplink.errors import DeliveryError
from uplink.events import MODELS
from uplink.targets import smtp

ALPHABET = (
    *"<>&\"'`{}[]()%$#@!\\/;:,.=|~^* ABab09é漢\U0001f5a8",
    "\0", "\a", "\b", "\t", "\n", "\r", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\x9b", "\u2028", "\u2029",
    "\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad", "\U000e0041", "\ufffe", "\ud800", "\udfff", "\u0301", "\ue000",
)  # fmt: skip
CLASSICS = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</title><svg onload=x>", "]]><!--", "&#x3c;b&#62;",
    "\x1b[31mred\x1b[0m", "\x1b]0;title\a", "\x1b[2J\x1b[1;1H", "\x9b31m", "\r\nBcc: everybody@example.com\r\n\r\n",
    "\n2026-11-20 21:30:04,000 ERROR printwarden: forged", "[bold red]markup[/]", "%s%n%x", "{0.__class__}", "=1+1",
    "\u202egnp.exe", "a" * 5000, "\0\0\0", "\\u0000", '{"a":', "\ud83d", "' OR 1=1 --", "$(reboot)", "\x1b[?1049h",
)  # fmt: skip
RAW: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda said: said.encode("utf-8", "surrogatepass"),
    "utf-16": lambda said: b"\xff\xfe" + said.encode("utf-16-le", "surrogatepass"),
    "latin-1": lambda said: said.encode("latin-1", "ignore"),
}
OUTLOOK = SupplyForecast(
    at=1e9, p10=5.0, p50=10.0, p90=20.0, basis="measured", raw=10.0, sigma=0.5, left=0.5, pages_left=1000.0,
    pages_a_day=100.0, use=1e-4,
)  # fmt: skip


def hostile(count: int, seed: int) -> Iterator[bytes]:
    """Octets as printers could send them."""
    dice = Random(seed)
    for number in range(count):
        said = "".join(dice.choices(ALPHABET, k=dice.randrange(1, 40)))
        if number % 3 == 0:
            at = dice.randrange(len(said) + 1)
            said = said[:at] + dice.choice(CLASSICS) + said[at:]
        raw = RAW[dice.choice(list(RAW))](said)
        yield raw if dice.random() < 0.9 else raw + dice.randbytes(dice.randrange(20))


def tame(shown: str, *, lines: int = 1) -> bool:
    """Whether this is so many lines of nothing but characters to see."""
    forbidden = {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}
    body = shown.removesuffix("\n")
    return body.count("\n") < lines and not any(
        unicodedata.category(char) in forbidden for char in body.replace("\n", "")
    )


class Tags(HTMLParser):
    """The elements of a page, with the names of their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: Counter[tuple[str, ...]] = Counter()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[(tag, *(name for name, _ in attrs))] += 1


def ticket(said: str) -> dict[str, Any]:
    return {
        "schema": "mps.ticket/1", "event": "open", "ticket_id": "T1", "ticket_seq": 1, "idempotency_key": "T1:1",
        "dedupe_key": "sn:1|fuser.failure|fuser:1|e1", "kind": "break_fix", "observed_at": format_iso_time(1e9),
        "opened_at": format_iso_time(1e9), "agent": {"agent_id": "a", "version": "1"}, "rule": {"rule_id": "r"},
        "device": {"device_key": "sn:1", "model": said, "location": said}, "evidence": {"alert": said},
        "fault": {"fault_key": "fuser.failure", "title": said, "impact": "device_down"},
    }  # fmt: skip


def in_json(said: str) -> bool:
    """The message on the wire."""
    raw = cloudevents.encode_event(
        uuid4(), source="/a", kind="mps.ticket/1", subject=said or "T", time=1e9, sequence=1,
        data=cloudevents.encode_payload(ticket(said)),
    )  # fmt: skip
    told = json.loads(raw.decode("utf-8"))
    MODELS["mps.ticket/1"].model_validate(told["data"])
    return bool(told["data"] == ticket(said) and tame(told["data"]["fault"]["title"]))


def in_html(said: str) -> bool:
    """The page of a backtest."""

    def tags(word: str) -> Counter[tuple[str, ...]]:
        firing = Firing(device=word, name=word, subject=word, opened=1e9, title=word)
        score = RuleScore(rule=word, device_months=1.0, firings=(firing,), false=(firing,))
        made = render_report([score], since=1e9, until=1e9, sweep=[(word, score)])
        assert tame(made, lines=made.count("\n") + 1)
        return Tags(made).found

    return tags(said) == tags("harmless")


def in_a_picture(said: str) -> bool:
    """The plot of a forecast, as SVG: well-formed XML with the words in one text."""
    made = plot.draw_svg(said, [(1e9 - 86400, 0.6), (1e9, 0.5)], OUTLOOK)
    texts = [element.text or "" for element in ElementTree.fromstring(made)]  # noqa: S314 - our own
    return tame(made, lines=made.count("\n") + 1) and any(said in words for words in texts)


def in_log(said: str) -> bool:
    """A line of the log, as the command line sets it up."""
    made = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    record = logging.LogRecord("printwarden", logging.WARNING, "f", 1, "%s says %s", ("HP M507", said), None)
    return tame(made.format(record))


def in_a_table(said: str) -> bool:
    """A table of the command line."""
    out = io.StringIO()
    was, _common.out = _common.out, Console(file=out, width=400, highlight=False)
    try:
        _common.print_table("Printers", ("printer", "says"), [("HP M507", said)])
    finally:
        _common.out = was
    shown = out.getvalue()
    return tame(shown, lines=3) and shown.splitlines()[-1].split("HP M507", 1)[1].strip() == (
        said.strip() or "–"
    )


def in_json_of_a_verb(said: str) -> bool:
    """What `--json` prints, to a pipe that takes UTF-8."""
    printed = json.dumps({"says": said}, ensure_ascii=False, indent=2).encode("utf-8")
    return bool(json.loads(printed)["says"] == said)


def in_mail(said: str) -> bool:
    """A ticket as an e-mail."""
    settings = smtp.Settings(host="mail.example.com", sender="a@example.com", recipient="b@example.com")
    event = {"id": str(uuid4()), "subject": "T1", "type": "mps.ticket/1", "data": ticket(said)}
    read = message_from_bytes(bytes(smtp.build_message(event, settings)), policy=policy.default)
    expected = ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]
    body = read.get_body()
    return [*read.keys()] == expected and body is not None and tame(body.get_content(), lines=12)


OUTPUTS = (in_json, in_html, in_a_picture, in_log, in_a_table, in_json_of_a_verb, in_mail)


def holds(output: Callable[[str], bool], said: str) -> bool:
    try:
        return output(said)
    except Exception:  # noqa: BLE001 - an output that cannot even be made is broken
        return False


def broken(count: int, seed: int, shown: Callable[[bytes], str]) -> Counter[str]:
    """How many strings broke each output, and how many broke any."""
    found: Counter[str] = Counter()
    for raw in hostile(count, seed):
        bad = [output.__name__ for output in OUTPUTS if not holds(output, shown(raw))]
        found.update([*bad, *(["any"] if bad else [])])
    return found


@pytest.mark.claim("strings")
@pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=pytest.mark.long)])
def test_what_a_printer_says_stays_a_string_in_every_output(count: int, figure: Any) -> None:
    found = broken(count, count, text.decode_octets)
    figure(strings=count, outputs=len(OUTPUTS), broken=found["any"])
    assert not found


@pytest.mark.control("strings")
def test_shown_as_it_came_it_would_not(figure: Any) -> None:
    """Broken: nothing between the octets and the outputs."""
    found = broken(400, 400, lambda raw: raw.decode("utf-8", "surrogateescape"))
    figure(strings=400, broken=found["any"])
    assert all(found[output.__name__] for output in OUTPUTS if output is not in_html)
    assert found["any"] > 300


@pytest.mark.parametrize("status", [200, 400, 401, 403, 503])
def test_what_a_receiver_says_is_one_line_in_log_and_dead_letter(status: int) -> None:
    for raw in hostile(200, status):
        said = raw.decode("utf-8", "replace")
        problem = {"type": said, "title": said, "detail": said}
        line = {"id": str(ONE), "result": "rejected", "problem": said, "detail": said}
        body = json.dumps({"receipt": [line]} if status == 200 else problem).encode()
        answer = responses.HttpAnswer(status=status, headers={"content-type": said}, body=body)
        try:
            verdict = responses.read_receipt(answer, [ONE], 0.0)[ONE]
            told = f"{verdict.problem} {verdict.detail}"
        except DeliveryError as why:
            told = f"{why} {getattr(why, 'problem', '')}"
        assert in_log(told)


ONE = uuid4()
