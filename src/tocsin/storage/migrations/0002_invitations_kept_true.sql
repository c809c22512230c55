-- What keeps a sent invite true: who invited whom, what they answered, and deliveries that no event of a rule asked for.

-- id stands in the signed address that answers go to. booking_revision is the booking's when the recipient was told last.
ALTER TABLE invitations ADD COLUMN id TEXT;
ALTER TABLE invitations ADD COLUMN booking_revision INTEGER NOT NULL DEFAULT 0;
-- The answer to the entry with answered_sequence; stamp is the answer's own DTSTAMP.
ALTER TABLE invitations ADD COLUMN rsvp TEXT;
ALTER TABLE invitations ADD COLUMN answered_sequence INTEGER;
ALTER TABLE invitations ADD COLUMN answer_stamp_at BIGINT;
ALTER TABLE invitations ADD COLUMN answered_at BIGINT;
ALTER TABLE invitations ADD COLUMN answer_comment TEXT NOT NULL DEFAULT '';
-- What a counter-proposal asked for last; NULL if there was none.
ALTER TABLE invitations ADD COLUMN proposed_starts_at BIGINT;
ALTER TABLE invitations ADD COLUMN proposed_ends_at BIGINT;
ALTER TABLE invitations ADD COLUMN proposed_at BIGINT;
ALTER TABLE invitations ADD COLUMN proposal_comment TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX invitations_by_id ON invitations (workspace_id, id);

-- The actions that invited a recipient. keeps: with keep_in_sync. is_active: he was not taken off the rule since.
CREATE TABLE inviters (
    workspace_id TEXT NOT NULL,
    booking_id TEXT NOT NULL,
    recipient_key TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    rule_revision INTEGER NOT NULL,
    action_index INTEGER NOT NULL,
    keeps BOOLEAN NOT NULL,
    is_active BOOLEAN NOT NULL,
    invited_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, booking_id, recipient_key, rule_id)
);
CREATE INDEX inviters_by_rule ON inviters (workspace_id, rule_id, booking_id);

-- cause is rule_fired or keep_in_sync; about is whose answer the event was, if it was one.
ALTER TABLE deliveries ADD COLUMN cause TEXT NOT NULL DEFAULT 'rule_fired';
ALTER TABLE deliveries ADD COLUMN about TEXT NOT NULL DEFAULT '';
-- What waits of a rule about a booking is asked for each coming booking when the rule changes.
DROP INDEX deliveries_by_rule;
CREATE INDEX deliveries_by_rule ON deliveries (workspace_id, rule_id, booking_id);

-- conditions (JSON) is a list of objects.
ALTER TABLE automation_rules ADD COLUMN conditions TEXT NOT NULL DEFAULT '[]';
ALTER TABLE rule_revisions ADD COLUMN conditions TEXT NOT NULL DEFAULT '[]';

-- Several people may answer while a booking stays as it is.
CREATE TABLE events_of_bookings (
    workspace_id TEXT NOT NULL,
    booking_id TEXT NOT NULL,
    booking_revision INTEGER NOT NULL,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, booking_id, booking_revision, kind, about, occurred_at)
);
INSERT INTO events_of_bookings (workspace_id, booking_id, booking_revision, kind, about, occurred_at)
SELECT workspace_id, booking_id, booking_revision, kind, '', occurred_at FROM events;
DROP TABLE events;
ALTER TABLE events_of_bookings RENAME TO events;
