-- private_key is encrypted under a secret that is not in the database, and empty once the key is retired.
CREATE TABLE dkim_keys (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    domain TEXT NOT NULL,
    selector TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    private_key {blob} NOT NULL,
    public_record TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    activated_at BIGINT,
    retired_at BIGINT,
    PRIMARY KEY (workspace_id, domain, selector)
);
