-- What a booking was at each revision (booking is JSON: the columns of its row, and the ids of its hosts), so that it can be
-- told what a rule would have done.
CREATE TABLE IF NOT EXISTS booking_revisions (
    workspace_id TEXT NOT NULL,
    booking_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    changed_at BIGINT NOT NULL,
    booking TEXT NOT NULL,
    PRIMARY KEY (workspace_id, booking_id, revision)
);

-- What a recipient answered, each answer that changed anything; the ledger only has the last. number counts from 0.
CREATE TABLE IF NOT EXISTS rsvps (
    workspace_id TEXT NOT NULL,
    booking_id TEXT NOT NULL,
    recipient_key TEXT NOT NULL,
    number INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    rsvp TEXT NOT NULL,
    answered_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, booking_id, recipient_key, number)
);
CREATE INDEX IF NOT EXISTS rsvps_by_moment ON rsvps (workspace_id, answered_at);

-- The bookings that changed since a moment.
CREATE INDEX IF NOT EXISTS bookings_by_change ON bookings (workspace_id, updated_at);
