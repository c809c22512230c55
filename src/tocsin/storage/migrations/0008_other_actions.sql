-- Which action of its rule a delivery is of: an invite, a mail, or the call of a webhook, whose recipient is its URL.
ALTER TABLE deliveries ADD COLUMN action TEXT NOT NULL DEFAULT 'send_calendar_invite_to_anyone';
-- Mail and calls are claimed apart: a crowd of calls to a program that does not answer must not be in the way of mail.
CREATE INDEX IF NOT EXISTS deliveries_due_mail ON deliveries (next_at, workspace_id) WHERE state IN ('scheduled', 'sending', 'retrying') AND action <> 'call_webhook';
CREATE INDEX IF NOT EXISTS deliveries_due_calls ON deliveries (next_at, recipient_key) WHERE state IN ('scheduled', 'sending', 'retrying') AND action = 'call_webhook';
DROP INDEX deliveries_due_by_workspace;

-- The secrets with which calls of a URL are signed are made from the server's own, and from this number.
CREATE TABLE webhook_secrets (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    url TEXT NOT NULL,
    generation INTEGER NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, url, generation)
);
