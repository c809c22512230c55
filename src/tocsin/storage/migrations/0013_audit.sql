-- Who did what. seal is a keyed hash of the entry and of the seal of the one before; numbers have no gap.
CREATE TABLE audit (
    workspace_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    through TEXT NOT NULL,
    verb TEXT NOT NULL,
    thing TEXT NOT NULL,
    name TEXT NOT NULL,
    before_json TEXT NOT NULL,
    after_json TEXT NOT NULL,
    seal TEXT NOT NULL,
    PRIMARY KEY (workspace_id, number)
);
CREATE INDEX audit_by_age ON audit (workspace_id, at);

-- Where each log ends, and behind which entry it begins; seal is a keyed hash of that. Locked while entries are added.
CREATE TABLE audit_heads (
    workspace_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    last TEXT NOT NULL,
    since BIGINT NOT NULL,
    first TEXT NOT NULL,
    torn_at BIGINT NOT NULL,
    seal TEXT NOT NULL,
    PRIMARY KEY (workspace_id)
);
