-- An open delivery is one without settled_at. A list of three states or more in the condition of an index is made into a table of
-- its own by SQLite, for each index whenever a row is written; a column that is NULL costs nothing.
CREATE INDEX IF NOT EXISTS deliveries_unsettled ON deliveries (workspace_id, booking_id, recipient_key) WHERE settled_at IS NULL;
CREATE INDEX IF NOT EXISTS deliveries_mail_due ON deliveries (next_at, workspace_id) WHERE settled_at IS NULL AND state <> 'paused' AND action <> 'call_webhook';
CREATE INDEX IF NOT EXISTS deliveries_calls_due ON deliveries (next_at, recipient_key) WHERE settled_at IS NULL AND state <> 'paused' AND action = 'call_webhook';
CREATE INDEX IF NOT EXISTS deliveries_suspects_due ON deliveries (next_at) WHERE crashes > 0 AND settled_at IS NULL AND state <> 'paused';
DROP INDEX deliveries_open;
DROP INDEX deliveries_due_mail;
DROP INDEX deliveries_due_calls;
DROP INDEX deliveries_suspect;
