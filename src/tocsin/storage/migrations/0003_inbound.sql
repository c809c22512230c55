-- Mail that comes back: answers, bounces, complaints.

-- How many mails came on a day (in UTC, as 2026-11-24), by what became of them. workspace_id is '' where nobody could tell
-- whose a mail was, so it refers to no workspace.
CREATE TABLE inbound_counts (
    workspace_id TEXT NOT NULL,
    day TEXT NOT NULL,
    verdict TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, day, verdict)
);

-- bounced_at: a server said for good that nobody is at the recipient's address. complained_at: he called the message spam.
ALTER TABLE deliveries ADD COLUMN bounced_at BIGINT;
ALTER TABLE deliveries ADD COLUMN complained_at BIGINT;
CREATE INDEX deliveries_bounced ON deliveries (workspace_id, recipient_key) WHERE bounced_at IS NOT NULL;
