-- When a rule was deleted, at its last revision. NULL while it is there, and where a version before this one has deleted it.
ALTER TABLE rule_revisions ADD COLUMN deleted_at BIGINT;
