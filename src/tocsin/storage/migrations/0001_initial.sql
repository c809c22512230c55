-- Every table's key begins with the workspace, so that it can be distributed by workspace.
-- Columns named _at hold microseconds since 1970 in UTC; _s holds seconds; columns described as JSON hold JSON text.

CREATE TABLE workspaces (
    workspace_id TEXT NOT NULL PRIMARY KEY,
    subdomain TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    locale TEXT NOT NULL,
    mail_from TEXT,
    created_at BIGINT NOT NULL
);

-- secret_hash is HMAC-SHA-256 under a key that is not in the database.
CREATE TABLE api_keys (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX api_keys_by_id ON api_keys (id);

CREATE TABLE members (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX members_by_email ON members (workspace_id, email);

-- extras (JSON) keeps wire fields that mean nothing here but that clients read back.
CREATE TABLE scheduling_links (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    id TEXT NOT NULL,
    sid TEXT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    kind TEXT NOT NULL,
    duration_s INTEGER NOT NULL,
    spot TEXT NOT NULL,
    spot_details TEXT NOT NULL,
    scheduling_url TEXT NOT NULL,
    is_template BOOLEAN NOT NULL,
    is_disabled BOOLEAN NOT NULL,
    requires_approval BOOLEAN NOT NULL,
    extras TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX scheduling_links_by_sid ON scheduling_links (workspace_id, sid);
CREATE UNIQUE INDEX scheduling_links_by_slug ON scheduling_links (workspace_id, slug) WHERE deleted_at IS NULL;

CREATE TABLE link_hosts (
    workspace_id TEXT NOT NULL,
    link_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    member_id TEXT NOT NULL,
    PRIMARY KEY (workspace_id, link_id, place)
);

CREATE TABLE meeting_outcomes (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX meeting_outcomes_by_name ON meeting_outcomes (workspace_id, name);

-- uid is what calendars call the booking. form_responses (JSON) is a list of pairs.
CREATE TABLE bookings (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    id TEXT NOT NULL,
    sid TEXT NOT NULL,
    uid TEXT NOT NULL,
    link_id TEXT NOT NULL,
    client_name TEXT NOT NULL,
    client_email TEXT NOT NULL,
    client_time_zone TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    place_spot TEXT NOT NULL,
    place_details TEXT NOT NULL,
    place_join_url TEXT NOT NULL,
    revision INTEGER NOT NULL,
    is_no_show BOOLEAN NOT NULL,
    outcome_id TEXT,
    cancel_reason TEXT NOT NULL,
    cancelled_by TEXT NOT NULL,
    cancelled_at BIGINT,
    reschedule_reason TEXT NOT NULL,
    form_responses TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX bookings_by_sid ON bookings (workspace_id, sid);
CREATE INDEX bookings_by_link ON bookings (workspace_id, link_id, starts_at, id);
CREATE INDEX bookings_by_creation ON bookings (workspace_id, created_at);

CREATE TABLE booking_hosts (
    workspace_id TEXT NOT NULL,
    booking_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    member_id TEXT NOT NULL,
    PRIMARY KEY (workspace_id, booking_id, place)
);
CREATE INDEX booking_hosts_by_member ON booking_hosts (workspace_id, member_id);

CREATE TABLE events (
    workspace_id TEXT NOT NULL,
    booking_id TEXT NOT NULL,
    booking_revision INTEGER NOT NULL,
    kind TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, booking_id, booking_revision, kind)
);

-- actions (JSON) is a list of objects; offset_s is NULL unless the event is timed.
CREATE TABLE automation_rules (
    workspace_id TEXT NOT NULL REFERENCES workspaces,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    name TEXT NOT NULL,
    event TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    offset_s BIGINT,
    actions TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);

-- Matching reads only the rules of a booking's link, whatever their number in the system.
CREATE TABLE rule_links (
    workspace_id TEXT NOT NULL,
    link_id TEXT NOT NULL,
    event TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, link_id, event, rule_id)
);
CREATE INDEX rule_links_by_rule ON rule_links (workspace_id, rule_id, place);

-- What a rule's actions were at each revision: deliveries name theirs, and outlive the rule.
CREATE TABLE rule_revisions (
    workspace_id TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    actions TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, rule_id, revision)
);

-- Timed rules with more coming bookings than one request may plan: where the planning has got to.
CREATE TABLE rule_plans (
    workspace_id TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    after_id TEXT NOT NULL,
    PRIMARY KEY (workspace_id, rule_id)
);

-- The queue. key makes planning idempotent; attempts fences the settlement; leased_by is the worker in hand.
CREATE TABLE deliveries (
    workspace_id TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    rule_revision INTEGER NOT NULL,
    action_index INTEGER NOT NULL,
    booking_id TEXT NOT NULL,
    booking_revision INTEGER NOT NULL,
    event TEXT NOT NULL,
    recipient TEXT NOT NULL,
    recipient_key TEXT NOT NULL,
    rank INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    leased_by TEXT,
    created_at BIGINT NOT NULL,
    settled_at BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX deliveries_by_key ON deliveries (workspace_id, key);
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state IN ('scheduled', 'sending', 'retrying');
-- Two workers that claim at the same moment must not have two messages to one recipient about one booking on their way.
CREATE UNIQUE INDEX deliveries_one_in_flight ON deliveries (workspace_id, booking_id, recipient_key) WHERE state = 'sending';
CREATE INDEX deliveries_suspect ON deliveries (next_at) WHERE crashes > 0 AND state IN ('scheduled', 'sending', 'retrying');
CREATE INDEX deliveries_leased ON deliveries (leased_by) WHERE state = 'sending';
CREATE INDEX deliveries_open ON deliveries (workspace_id, booking_id, recipient_key) WHERE state IN ('scheduled', 'sending', 'retrying', 'paused');
CREATE INDEX deliveries_by_booking ON deliveries (workspace_id, booking_id);
CREATE INDEX deliveries_by_rule ON deliveries (workspace_id, rule_id);
CREATE INDEX deliveries_by_creation ON deliveries (workspace_id, created_at);

-- One SMTP dialogue. result is NULL while it runs, and for ever if its worker died.
CREATE TABLE attempts (
    workspace_id TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    result TEXT,
    code INTEGER,
    enhanced_code TEXT NOT NULL,
    reply TEXT NOT NULL,
    PRIMARY KEY (workspace_id, delivery_id, number)
);

-- The bytes of a message, frozen before it is first sent, so that a repeat is the same message.
CREATE TABLE messages (
    workspace_id TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    booking_revision INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    message {blob} NOT NULL,
    frozen_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, delivery_id)
);

-- The ledger: what each recipient's calendar was told last (calendar is that very object), and what it is known to hold.
CREATE TABLE invitations (
    workspace_id TEXT NOT NULL,
    booking_id TEXT NOT NULL,
    recipient_key TEXT NOT NULL,
    recipient TEXT NOT NULL,
    uid TEXT NOT NULL,
    organizer_email TEXT NOT NULL,
    method TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    stamp_at BIGINT NOT NULL,
    digest TEXT NOT NULL,
    calendar TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    held_method TEXT,
    held_sequence INTEGER,
    PRIMARY KEY (workspace_id, booking_id, recipient_key)
);

-- The answers to requests with an Idempotency-Key, written in the transaction of what they answer.
CREATE TABLE answers (
    workspace_id TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    answered_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, key)
);
CREATE INDEX answers_by_age ON answers (answered_at);
