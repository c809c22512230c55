-- The bookings of one client, for the condition client.is_new.
CREATE INDEX IF NOT EXISTS bookings_by_client ON bookings (workspace_id, client_email, created_at);
-- All of a rule at each revision, so that a change can be undone. NULL where a version before this one has written.
ALTER TABLE rule_revisions ADD COLUMN name TEXT;
ALTER TABLE rule_revisions ADD COLUMN event TEXT;
ALTER TABLE rule_revisions ADD COLUMN enabled BOOLEAN;
ALTER TABLE rule_revisions ADD COLUMN offset_s BIGINT;
ALTER TABLE rule_revisions ADD COLUMN more_offsets_s TEXT NOT NULL DEFAULT '[]';
ALTER TABLE rule_revisions ADD COLUMN link_ids TEXT;
ALTER TABLE rule_revisions ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
-- The moments of a timed rule after its first, a list of seconds in JSON.
ALTER TABLE automation_rules ADD COLUMN more_offsets_s TEXT NOT NULL DEFAULT '[]';
