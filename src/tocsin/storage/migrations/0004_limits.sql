-- Consent and limits: who is not to be written to, and how much a workspace may send.

-- recipient_key is the address without its case; rule_id is '' where it holds for the whole workspace. An opt-out and a bounce
-- of one address are two rows, because one can be taken back and the other not.
CREATE TABLE suppressions (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    recipient_key TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    recipient TEXT NOT NULL,
    since_at BIGINT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (workspace_id, recipient_key, rule_id, reason)
);
CREATE INDEX suppressions_by_age ON suppressions (workspace_id, since_at);

-- What an operator has set for a workspace: NULL is the installation's default, '' is no limit. Whoever counts locks this row
-- first, so that two workers can neither both take the last place nor wait for each other.
CREATE TABLE workspace_limits (
    workspace_id TEXT NOT NULL PRIMARY KEY REFERENCES workspaces,
    workspace_limit TEXT,
    recipient_limit TEXT,
    domain_limit TEXT,
    sending_paused_at BIGINT,
    sending_paused_because TEXT NOT NULL
);

-- What was counted in the last window_s seconds, and a little before. buckets (JSON) is a list of pairs: the number of the
-- bucket, each a 24th of the window, counted from 1970, and how many. From ends_at on the row counts nothing.
CREATE TABLE usage (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    window_s BIGINT NOT NULL,
    buckets TEXT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, kind, name, window_s)
);

-- Whether a delivery was counted, so that its next try is not counted again.
ALTER TABLE deliveries ADD COLUMN charged BOOLEAN NOT NULL DEFAULT FALSE;
