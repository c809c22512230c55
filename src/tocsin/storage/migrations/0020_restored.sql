-- When the workspace was brought back from a backup last; NULL: never.
ALTER TABLE workspaces ADD COLUMN restored_at BIGINT;

-- When a person was erased from it last; NULL: never.
ALTER TABLE workspaces ADD COLUMN erased_at BIGINT;

-- For how many days the words of messages are kept; NULL: as long as the program says. Up to which end of a delivery they are gone.
ALTER TABLE workspaces ADD COLUMN messages_kept_days INTEGER;
ALTER TABLE workspaces ADD COLUMN messages_forgotten_until BIGINT;
