-- When an API key stops to open anything by itself; NULL: never.
ALTER TABLE api_keys ADD COLUMN expires_at BIGINT;
