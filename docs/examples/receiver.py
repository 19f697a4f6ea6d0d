"""A receiver of one's own, from the contract alone: standard library, one file, one bearer token.

`python receiver.py 8080 receiver.db TOKEN` speaks plain http: for loopback, or behind a proxy that ends TLS.
docs/provider.md explains each rule; `printwarden conform` checks that they are kept.
"""

import hmac
import json
import sqlite3
import sys
import threading
import uuid
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BATCH, MAX_BYTES, MAX_EVENTS = "application/cloudevents-batch+json", 1 << 20, 500
NAMES = "ticket", "agent_health", "meter_read", "device_inventory", "supply_order_hint"
TYPES = [f"mps.{name}/1" for name in NAMES]
STEPS = {"open", "update", "clear", "verified", "reopen", "cancel"}
CAPABILITIES = {"types": TYPES, "formats": [BATCH], "batch": {"events": MAX_EVENTS, "bytes": MAX_BYTES}}
TABLES = """
CREATE TABLE IF NOT EXISTS request (key TEXT PRIMARY KEY, body BLOB, receipt TEXT);
CREATE TABLE IF NOT EXISTS event (site TEXT, id TEXT, data TEXT, PRIMARY KEY (site, id));
CREATE TABLE IF NOT EXISTS ticket (number INTEGER PRIMARY KEY, site TEXT, id TEXT, key TEXT, occupied INT);
CREATE UNIQUE INDEX IF NOT EXISTS one_open ON ticket (site, key) WHERE occupied;
CREATE TABLE IF NOT EXISTS alias (site TEXT, id TEXT, ticket INT, seq INT, step TEXT, PRIMARY KEY (site, id));
"""


class Problem(Exception):
    """A refusal: status, problem type and a sentence (RFC 9457)."""


class Store:
    """Everything that is kept; a request is one transaction."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.executescript(TABLES)
        self.lock = threading.Lock()

    def take(self, key, body, events):
        with self.lock, self.db:
            self.db.execute("BEGIN IMMEDIATE")
            before = self.db.execute("SELECT body, receipt FROM request WHERE key = ?", (key,)).fetchone()
            if before and before[0] != body:
                raise Problem(422, "key-reused", "this Idempotency-Key came with another body")
            if before:
                return before[1]
            receipt = json.dumps({"receipt": [self.keep(event) for event in events]})
            self.db.execute("INSERT INTO request VALUES (?, ?, ?)", (key, body, receipt))
            return receipt

    def keep(self, event):
        name = str(uuid.UUID(event["id"]))
        if kind := find_refusal(event):
            return {"id": name, "result": "rejected", "problem": f"urn:problem-type:mps:{kind}"}
        data, site = event["data"], event["data"]["agent"].get("site_id") or ""
        row = (site, name, json.dumps(data))
        new = self.db.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?)", row).rowcount
        joined = self.apply(site, data) if event["type"] == "mps.ticket/1" else None
        line = {"id": name, "result": "accepted" if new else "duplicate"}
        return line | ({"joined": joined} if joined else {})

    def apply(self, site, data):
        """Apply a ticket event; return the id of the ticket that it joined."""
        name, key, step = data["ticket_id"], data["dedupe_key"], data["event"]
        alias = self.one("SELECT ticket, seq FROM alias WHERE site = ? AND id = ?", site, name)
        holder = self.one("SELECT number FROM ticket WHERE site = ? AND key = ? AND occupied", site, key)
        ticket = (alias or holder or [None])[0]
        if alias is None or data["ticket_seq"] > alias[1]:
            if ticket is None:
                row = "INSERT INTO ticket (site, id, key, occupied) VALUES (?, ?, ?, 1)"
                ticket = self.db.execute(row, (site, name, key)).lastrowid
            elif step in {"open", "reopen"}:  # occupy the key again, or join the ticket that holds it now
                ticket = (holder or [ticket])[0]
                self.db.execute("UPDATE ticket SET occupied = 1 WHERE number = ?", (ticket,))
            row = (site, name, ticket, data["ticket_seq"], step)
            self.db.execute("REPLACE INTO alias VALUES (?, ?, ?, ?, ?)", row)
            open_ones = "SELECT 1 FROM alias WHERE ticket = ? AND step NOT IN ('verified', 'cancel')"
            if not self.one(open_ones, ticket):
                self.db.execute("UPDATE ticket SET occupied = 0 WHERE number = ?", (ticket,))
        (main,) = self.one("SELECT id FROM ticket WHERE number = ?", ticket)
        return main if main != name else None

    def one(self, query, *values):
        return self.db.execute(query, values).fetchone()


def find_refusal(event):
    """The problem type of an event that cannot be taken; None for a good one. Unknown fields are ignored."""
    data = event.get("data")
    if event.get("type") not in TYPES:
        return "event-unknown-type"
    agent = data.get("agent") if isinstance(data, dict) else None
    good = isinstance(agent, dict) and data.get("schema") == event["type"]
    if good and event["type"] == "mps.ticket/1":
        good = bool(data.get("ticket_id") and data.get("dedupe_key")) and data.get("event") in STEPS
    return None if good else "event-invalid"


class Handler(BaseHTTPRequestHandler):
    protocol_version, timeout = "HTTP/1.1", 30  # seconds that a slow connection may take

    def do_GET(self):
        self.answer(*((200, CAPABILITIES) if self.path == "/v1/capabilities" else (404, {})))

    def do_POST(self):
        try:
            self.answer(200, json.loads(self.take()))
        except Problem as why:
            status, kind, detail = why.args
            told = {"type": f"urn:problem-type:mps:{kind}", "title": kind, "status": status, "detail": detail}
            self.answer(status, told, "application/problem+json")

    def take(self):
        length = int(self.headers.get("content-length", 0))
        raw = self.rfile.read(min(length, 8 * MAX_BYTES))  # else closing would lose the answer
        given = self.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {self.server.token}".encode()):
            raise Problem(401, "credential-refused", "")
        packing = self.headers.get("content-encoding", "identity")
        if self.headers.get_content_type() != BATCH or packing not in {"gzip", "identity"}:
            raise Problem(415, "media-type", f"send {BATCH}")
        try:
            body = zlib.decompressobj(31).decompress(raw, MAX_BYTES + 1) if packing == "gzip" else raw
            if max(length, len(body)) > MAX_BYTES:
                raise Problem(413, "too-large", "more than 1 MiB")
            events = json.loads(body)
            if not events or not all(uuid.UUID(event["id"]) for event in events):
                raise ValueError  # noqa: TRY301 - translated below
        except (zlib.error, ValueError, TypeError, KeyError, AttributeError, RecursionError) as why:
            raise Problem(400, "bad-request", "no batch of CloudEvents") from why
        return self.server.store.take(self.headers.get("idempotency-key", ""), body, events)

    def answer(self, status, told, kind="application/json"):
        raw = json.dumps(told).encode()
        self.send_response(status)  # with a Date
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(raw)))
        self.send_header("connection", "keep-alive" if status == 200 else "close")  # an unread body ends it
        self.end_headers()
        self.wfile.write(raw)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    server.store, server.token = Store(sys.argv[2]), sys.argv[3]
    print(f"receiving on http://127.0.0.1:{server.server_address[1]}/v1/events", flush=True)
    server.serve_forever()
