-- How the looks of each source go: its product is asked what it knows, because a call may have been lost. next_at is NULL while held.
CREATE TABLE source_looks (
    workspace_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    position TEXT NOT NULL,
    began_at BIGINT,
    steps INTEGER NOT NULL,
    found INTEGER NOT NULL,
    looked_at BIGINT,
    trouble TEXT NOT NULL,
    failures INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    next_at BIGINT,
    PRIMARY KEY (workspace_id, source_id)
);
CREATE INDEX source_looks_due ON source_looks (next_at) WHERE next_at IS NOT NULL;

-- When something was told of it last; NULL: before there were looks.
ALTER TABLE source_bookings ADD COLUMN told_at BIGINT;
