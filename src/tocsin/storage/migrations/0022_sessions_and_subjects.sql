-- By what somebody signed in, with which browser and from where, so that he can tell his sessions apart.
ALTER TABLE sessions ADD COLUMN way TEXT NOT NULL DEFAULT 'password';
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN source TEXT NOT NULL DEFAULT '';

-- Whom the sign-in service calls the owner of an account, since he came in by it first.
ALTER TABLE accounts ADD COLUMN issuer TEXT;
ALTER TABLE accounts ADD COLUMN subject TEXT;
