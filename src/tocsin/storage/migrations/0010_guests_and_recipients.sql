-- Whom the client of a booking brings: a list of addresses in JSON.
ALTER TABLE bookings ADD COLUMN guests TEXT NOT NULL DEFAULT '[]';
-- How somebody is written to, whoever he is. recipient_key is as in deliveries; NULL: nothing is set.
CREATE TABLE recipients (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    recipient_key TEXT NOT NULL,
    address TEXT NOT NULL,
    time_zone TEXT,
    locale TEXT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, recipient_key)
);
