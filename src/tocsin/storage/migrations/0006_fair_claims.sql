-- Whoever waits behind a crowd of another workspace is found by reading the crowd's places in the index, and not its rows.
CREATE INDEX IF NOT EXISTS deliveries_due_by_workspace ON deliveries (next_at, workspace_id) WHERE state IN ('scheduled', 'sending', 'retrying');
DROP INDEX deliveries_due;
