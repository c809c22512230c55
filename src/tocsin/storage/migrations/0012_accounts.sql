-- Who may sign in to the pages. password_hash holds its salt and cost (argon2id).
CREATE TABLE accounts (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX accounts_by_email ON accounts (workspace_id, email);

-- Who is signed in. token_hash is a keyed hash of what the cookie holds; a session whose account is gone is none.
CREATE TABLE sessions (
    workspace_id TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    account_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, token_hash)
);
CREATE INDEX sessions_by_account ON sessions (workspace_id, account_id);

-- How often signing in was tried since since_at. name is a keyed hash of an account's address (kind account) or a network's.
CREATE TABLE sign_ins (
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    tries INTEGER NOT NULL,
    since_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, kind, name)
);
CREATE INDEX sign_ins_by_age ON sign_ins (workspace_id, since_at);

-- What ended when, for the overview.
CREATE INDEX IF NOT EXISTS deliveries_by_end ON deliveries (workspace_id, settled_at) WHERE settled_at IS NOT NULL;
