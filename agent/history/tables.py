"""The tables of history, one script per version, appended and never edited."""

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE latest (
        device TEXT PRIMARY KEY, last_answer REAL, answers_in_a_row INTEGER NOT NULL DEFAULT 0,
        uptime INTEGER, reboots INTEGER NOT NULL DEFAULT 0,
        status TEXT, status_at REAL, errors_since TEXT NOT NULL DEFAULT '{}',
        alerts_at REAL, supplies TEXT, supplies_at REAL
    );
    CREATE TABLE episode (
        id INTEGER PRIMARY KEY, device TEXT NOT NULL, began REAL NOT NULL, ended REAL, alert TEXT NOT NULL
    );
    CREATE INDEX episode_open ON episode (device) WHERE ended IS NULL;
    CREATE INDEX episode_began ON episode (device, began);
    CREATE TABLE series (
        device TEXT NOT NULL, name TEXT NOT NULL, at REAL NOT NULL, value,
        PRIMARY KEY (device, name, at)
    ) WITHOUT ROWID
    """,
    # A name is written once and a row of a series costs 20 bytes; so do the texts of alerts.
    """
    ALTER TABLE latest ADD COLUMN answering_since REAL;
    ALTER TABLE latest ADD COLUMN all_events INTEGER;
    CREATE TABLE track (
        id INTEGER PRIMARY KEY, device TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (device, name)
    );
    INSERT INTO track (device, name) SELECT DISTINCT device, name FROM series;
    CREATE TABLE reading (track INTEGER NOT NULL, at REAL NOT NULL, value, PRIMARY KEY (track, at))
        WITHOUT ROWID;
    INSERT INTO reading SELECT track.id, at, value FROM series JOIN track USING (device, name);
    DROP TABLE series;
    CREATE TABLE said (id INTEGER PRIMARY KEY, alert TEXT NOT NULL UNIQUE);
    INSERT OR IGNORE INTO said (alert) SELECT json_remove(alert, '$.index', '$.ticks') FROM episode;
    CREATE TABLE occurrence (
        id INTEGER PRIMARY KEY, device TEXT NOT NULL, began REAL NOT NULL, ended REAL,
        said INTEGER NOT NULL REFERENCES said, row INTEGER NOT NULL, ticks INTEGER
    );
    INSERT INTO occurrence SELECT episode.id, device, began, ended, said.id,
        json_extract(episode.alert, '$.index'), json_extract(episode.alert, '$.ticks')
        FROM episode JOIN said ON said.alert = json_remove(episode.alert, '$.index', '$.ticks');
    DROP TABLE episode;
    CREATE INDEX occurrence_open ON occurrence (device) WHERE ended IS NULL;
    CREATE INDEX occurrence_began ON occurrence (device, began);
    CREATE TABLE silence (device TEXT NOT NULL, began REAL NOT NULL, ended REAL, PRIMARY KEY (device, began))
        WITHOUT ROWID;
    CREATE TABLE happening (
        device TEXT NOT NULL, at REAL NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL, count REAL NOT NULL,
        PRIMARY KEY (device, at, what, detail)
    ) WITHOUT ROWID;
    CREATE TABLE supply_life (
        device TEXT NOT NULL, supply TEXT NOT NULL, serial TEXT, level INTEGER, renewed REAL,
        rose_at REAL, rose_from INTEGER, rose_seen INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (device, supply)
    ) WITHOUT ROWID;
    CREATE TABLE kept_until (what TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID
    """,
    """
    ALTER TABLE latest ADD COLUMN serial TEXT;
    ALTER TABLE latest ADD COLUMN speed INTEGER;
    ALTER TABLE latest ADD COLUMN meters_at REAL;
    ALTER TABLE latest ADD COLUMN epoch INTEGER;
    ALTER TABLE latest ADD COLUMN epoch_since REAL
    """,
    """
    ALTER TABLE track RENAME TO series;
    ALTER TABLE reading RENAME TO series_value;
    ALTER TABLE series_value RENAME COLUMN track TO series;
    ALTER TABLE said RENAME TO alert_text;
    ALTER TABLE occurrence RENAME TO alert_episode;
    ALTER TABLE alert_episode RENAME COLUMN said TO text;
    ALTER TABLE alert_episode RENAME COLUMN row TO alert_index;
    DROP INDEX occurrence_open;
    DROP INDEX occurrence_began;
    CREATE INDEX alert_episode_open ON alert_episode (device) WHERE ended IS NULL;
    CREATE INDEX alert_episode_began ON alert_episode (device, began);
    ALTER TABLE silence RENAME TO unreachable_period;
    ALTER TABLE happening RENAME TO device_event;
    ALTER TABLE device_event RENAME COLUMN what TO kind;
    ALTER TABLE supply_life RENAME TO supply_install;
    ALTER TABLE kept_until RENAME TO retention_progress;
    ALTER TABLE retention_progress RENAME COLUMN what TO kind;
    ALTER TABLE retention_progress RENAME COLUMN at TO done_until
    """,
    """
    ALTER TABLE device_event ADD COLUMN noted_at REAL
    """,
    """
    ALTER TABLE latest ADD COLUMN certificate_until REAL
    """,
)
