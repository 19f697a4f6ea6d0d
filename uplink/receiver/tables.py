"""The receiver's tables, and the migration of a database of the first version.

Every row belongs to a tenant (a provider who shares the receiver with others; "" where there is one) and to a
site. What an agent names (event ids, idempotency keys, ticket ids, dedupe keys) is unique within them only.

    ticket        one row for each ticket of the desk
    ticket_alias  one row for each ticket id as agents send it; the ticket that it belongs to
    ticket_key    at most one ticket that occupies a dedupe key
"""

from collections.abc import Iterator, Mapping

TABLES = """
    CREATE TABLE IF NOT EXISTS request (
        sender TEXT NOT NULL, key TEXT NOT NULL,
        fingerprint {bytes} NOT NULL, receipt TEXT NOT NULL, at {real} NOT NULL,
        CONSTRAINT request_once PRIMARY KEY (sender, key)
    );
    CREATE TABLE IF NOT EXISTS event (
        arrival {number}, tenant_id TEXT NOT NULL, site_id TEXT NOT NULL, agent_id TEXT NOT NULL,
        id TEXT NOT NULL, source TEXT NOT NULL, type TEXT NOT NULL,
        subject TEXT NOT NULL, sequence BIGINT NOT NULL, time TEXT NOT NULL,
        data TEXT NOT NULL, at {real} NOT NULL,
        CONSTRAINT event_once UNIQUE (id, agent_id, site_id, tenant_id)
    );
    CREATE INDEX IF NOT EXISTS event_site ON event (tenant_id, site_id, type);
    CREATE TABLE IF NOT EXISTS ticket (
        number {number}, tenant_id TEXT NOT NULL, site_id TEXT NOT NULL, ticket_id TEXT NOT NULL,
        dedupe_key TEXT NOT NULL, occupied INTEGER NOT NULL, ticket_seq INTEGER NOT NULL,
        event TEXT NOT NULL, opened_at TEXT NOT NULL, observed_at TEXT NOT NULL, data TEXT NOT NULL,
        CONSTRAINT ticket_once UNIQUE (ticket_id, site_id, tenant_id)
    );
    CREATE UNIQUE INDEX IF NOT EXISTS ticket_key ON ticket (tenant_id, site_id, dedupe_key)
        WHERE occupied = 1;
    CREATE TABLE IF NOT EXISTS ticket_alias (
        tenant_id TEXT NOT NULL, site_id TEXT NOT NULL, ticket_id TEXT NOT NULL,
        ticket BIGINT NOT NULL, agent_id TEXT NOT NULL, ticket_seq INTEGER NOT NULL, event TEXT NOT NULL,
        CONSTRAINT ticket_alias_once PRIMARY KEY (ticket_id, site_id, tenant_id)
    );
    CREATE INDEX IF NOT EXISTS ticket_alias_ticket ON ticket_alias (ticket);
    CREATE TABLE IF NOT EXISTS agent (
        number {number}, agent_id TEXT NOT NULL UNIQUE, tenant_id TEXT NOT NULL, site_id TEXT NOT NULL,
        enrolled_at {real}, last_contact {real} NOT NULL, keys TEXT NOT NULL,
        silences INTEGER NOT NULL DEFAULT 0, silent INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS credential (
        hash TEXT PRIMARY KEY, agent_id TEXT NOT NULL, expires_at {real} NOT NULL
    );
    CREATE INDEX IF NOT EXISTS credential_agent ON credential (agent_id);
    CREATE TABLE IF NOT EXISTS enrolment_token (
        hash TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, site_id TEXT NOT NULL,
        expires_at {real} NOT NULL, used_by TEXT
    );
    CREATE TABLE IF NOT EXISTS feedback (
        number {number}, tenant_id TEXT NOT NULL, site_id TEXT NOT NULL, data TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS desk (
        hash TEXT PRIMARY KEY, name TEXT NOT NULL, tenant_id TEXT NOT NULL,
        every_site INTEGER NOT NULL, created_at {real} NOT NULL
    );
    CREATE TABLE IF NOT EXISTS desk_site (
        hash TEXT NOT NULL, site_id TEXT NOT NULL, PRIMARY KEY (hash, site_id)
    )
"""

SET_ASIDE = """
    DROP INDEX IF EXISTS event_type;
    DROP INDEX IF EXISTS credential_agent;
    ALTER TABLE request RENAME TO request_v1;
    ALTER TABLE event RENAME TO event_v1;
    ALTER TABLE ticket RENAME TO ticket_v1;
    ALTER TABLE agent RENAME TO agent_v1;
    ALTER TABLE credential RENAME TO credential_v1;
    ALTER TABLE enrolment_token RENAME TO enrolment_token_v1;
    ALTER TABLE feedback RENAME TO feedback_v1
"""
"""Renames the tables of the first version, before the new ones are made."""

BRING_OVER = """
    INSERT INTO request SELECT '', key, fingerprint, receipt, at FROM request_v1;
    INSERT INTO event (arrival, tenant_id, site_id, agent_id,
            id, source, type, subject, sequence, time, data, at)
        SELECT arrival, '', {data:site_id}, {data:agent_id},
            id, source, type, subject, sequence, time, data, at
        FROM event_v1;
    INSERT INTO ticket (tenant_id, site_id, ticket_id, dedupe_key, occupied, ticket_seq, event, opened_at,
            observed_at, data)
        SELECT '', {data:site_id}, ticket_id, dedupe_key,
            CASE WHEN event IN ('verified', 'cancel') OR {closed} THEN 0 ELSE 1 END,
            ticket_seq, event, opened_at, observed_at, data
        FROM ticket_v1 ORDER BY opened_at, ticket_id;
    INSERT INTO ticket_alias SELECT tenant_id, site_id, ticket_id, number, {data:agent_id}, ticket_seq, event
        FROM ticket;
    INSERT INTO agent (agent_id, tenant_id, site_id, enrolled_at, last_contact, keys, silences, silent)
        SELECT agent_id, '', site_id, enrolled_at, last_contact, keys, silences, silent FROM agent_v1;
    INSERT INTO credential SELECT hash, agent_id, expires_at FROM credential_v1;
    INSERT INTO enrolment_token SELECT hash, '', site_id, expires_at, used_by FROM enrolment_token_v1;
    INSERT INTO feedback (number, tenant_id, site_id, data) SELECT number, '', site_id, data FROM feedback_v1;
    DROP TABLE request_v1; DROP TABLE event_v1; DROP TABLE ticket_v1; DROP TABLE agent_v1;
    DROP TABLE credential_v1; DROP TABLE enrolment_token_v1; DROP TABLE feedback_v1
"""
"""Copies the rows: they belong to the tenant "", and each to the site that its data names.
A ticket occupies its key, unless it has ended or the desk has closed it."""

NEXT_NUMBERS = """
    SELECT setval(pg_get_serial_sequence('event', 'arrival'),
        (SELECT COALESCE(MAX(arrival), 0) + 1 FROM event), false);
    SELECT setval(pg_get_serial_sequence('feedback', 'number'),
        (SELECT COALESCE(MAX(number), 0) + 1 FROM feedback), false)
"""
"""PostgreSQL: numbers go on after those that were copied."""


def list_statements(words: Mapping[str, str], *, first_version: bool) -> Iterator[str]:
    """Yield the statements that bring a database to the current version, in the words of its kind."""
    parts = [SET_ASIDE, TABLES, BRING_OVER] if first_version else [TABLES]
    if first_version and words["{bytes}"] == "BYTEA":
        parts.append(NEXT_NUMBERS)
    for statement in filter(str.strip, ";".join(parts).split(";")):
        translated = statement
        for mark, word in words.items():
            translated = translated.replace(mark, word)
        yield translated
