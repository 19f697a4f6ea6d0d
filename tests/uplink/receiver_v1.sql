    CREATE TABLE IF NOT EXISTS request (
        key TEXT PRIMARY KEY, fingerprint {bytes} NOT NULL, receipt TEXT NOT NULL, at {real} NOT NULL
    );
    CREATE TABLE IF NOT EXISTS event (
        arrival {number}, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, type TEXT NOT NULL,
        subject TEXT NOT NULL, sequence BIGINT NOT NULL, time TEXT NOT NULL,
        data TEXT NOT NULL, at {real} NOT NULL
    );
    CREATE INDEX IF NOT EXISTS event_type ON event (type);
    CREATE TABLE IF NOT EXISTS ticket (
        ticket_id TEXT PRIMARY KEY, dedupe_key TEXT NOT NULL UNIQUE, ticket_seq INTEGER NOT NULL,
        event TEXT NOT NULL, opened_at TEXT NOT NULL, observed_at TEXT NOT NULL, data TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS agent (
        agent_id TEXT PRIMARY KEY, site_id TEXT NOT NULL, enrolled_at {real}, last_contact {real} NOT NULL,
        keys TEXT NOT NULL, silences INTEGER NOT NULL DEFAULT 0,
        silent INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS credential (
        hash TEXT PRIMARY KEY, agent_id TEXT NOT NULL, expires_at {real} NOT NULL
    );
    CREATE INDEX IF NOT EXISTS credential_agent ON credential (agent_id);
    CREATE TABLE IF NOT EXISTS enrolment_token (
        hash TEXT PRIMARY KEY, site_id TEXT NOT NULL, expires_at {real} NOT NULL, used_by TEXT
    );
    CREATE TABLE IF NOT EXISTS feedback (number {number}, site_id TEXT NOT NULL, data TEXT NOT NULL)
