-- Who paused, resumed or skipped a delivery, in order; reason is the one that the delivery had by it.
CREATE TABLE IF NOT EXISTS interventions (
    workspace_id TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    deed TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (workspace_id, delivery_id, number)
);

-- What is paused, for the calendar, and when it is too late; the queue's own indexes have no entry for it.
CREATE INDEX IF NOT EXISTS deliveries_paused ON deliveries (workspace_id, next_at) WHERE state = 'paused';
CREATE INDEX IF NOT EXISTS deliveries_paused_until ON deliveries (expires_at) WHERE state = 'paused';
