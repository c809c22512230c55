-- What makes the codes of an account's second factor, as a box; since when it is on; the step of the code that was used last;
-- and keyed hashes of the codes that are left for who has lost it, a line each.
ALTER TABLE accounts ADD COLUMN factor_box {blob};
ALTER TABLE accounts ADD COLUMN factor_since BIGINT;
ALTER TABLE accounts ADD COLUMN factor_step BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN factor_recovery TEXT NOT NULL DEFAULT '';
