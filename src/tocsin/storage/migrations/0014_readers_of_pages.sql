-- In which zone and language an account reads the pages; NULL: in the workspace's.
ALTER TABLE accounts ADD COLUMN time_zone TEXT;
ALTER TABLE accounts ADD COLUMN locale TEXT;
