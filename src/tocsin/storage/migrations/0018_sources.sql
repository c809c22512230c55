-- Other schedulers that report their bookings. box holds their secrets, sealed for this row.
CREATE TABLE sources (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    header TEXT NOT NULL,
    api_url TEXT NOT NULL,
    user_id TEXT NOT NULL,
    host_email TEXT NOT NULL,
    box {blob} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);

-- What came from them and was genuine. box is the body, sealed; NULL once it was forgotten. The same body again is one row.
CREATE TABLE source_calls (
    workspace_id TEXT NOT NULL,
    id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    box {blob},
    received_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    times INTEGER NOT NULL,
    state TEXT NOT NULL,
    sentence TEXT NOT NULL,
    tries INTEGER NOT NULL,
    next_at BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX source_calls_by_digest ON source_calls (workspace_id, source_id, digest);
CREATE INDEX source_calls_by_arrival ON source_calls (workspace_id, source_id, last_at);
CREATE INDEX source_calls_due ON source_calls (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX source_calls_by_age ON source_calls (last_at);
CREATE INDEX source_calls_with_bodies ON source_calls (last_at) WHERE box IS NOT NULL;

-- What is known of each of their bookings (JSON), and which of ours it is. is_waiting: the other half of a reschedule may come.
CREATE TABLE source_bookings (
    workspace_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    id TEXT NOT NULL,
    known TEXT NOT NULL,
    continues TEXT NOT NULL,
    booking_id TEXT,
    waits_until BIGINT,
    is_waiting BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, source_id, id)
);
CREATE INDEX source_bookings_by_former ON source_bookings (workspace_id, source_id, continues);
CREATE INDEX source_bookings_waiting ON source_bookings (waits_until) WHERE is_waiting;

-- Which scheduling link each of their event types is here.
CREATE TABLE source_links (
    workspace_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    id TEXT NOT NULL,
    link_id TEXT NOT NULL,
    PRIMARY KEY (workspace_id, source_id, id)
);
CREATE INDEX source_links_by_link ON source_links (workspace_id, link_id);

-- What the source's own invitations call a booking; empty for bookings that have none.
ALTER TABLE bookings ADD COLUMN source_uid TEXT NOT NULL DEFAULT '';
