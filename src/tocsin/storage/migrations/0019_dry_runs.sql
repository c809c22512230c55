-- Dry runs that somebody started on the pages: how far each is, and what it found (JSON). seen_at is the last sign of life of
-- whoever works on it. bookings is NULL until they are found.
CREATE TABLE dry_runs (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    id TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    name TEXT NOT NULL,
    is_draft BOOLEAN NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    began_at BIGINT,
    ended_at BIGINT,
    bookings INTEGER,
    lived INTEGER NOT NULL,
    part INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    sentence TEXT NOT NULL,
    report TEXT,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX dry_runs_by_rule ON dry_runs (workspace_id, rule_id, made_at);
CREATE INDEX dry_runs_by_age ON dry_runs (made_at);
