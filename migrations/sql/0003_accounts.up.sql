-- Accounts that are connected by people, renewed in time and told about: grants with their lives, logins under way, notices.

-- The scopes that were granted, separated by spaces; empty when unknown.
ALTER TABLE accounts ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
-- Rises with every new grant: the fence of whoever renews it.
ALTER TABLE accounts ADD COLUMN grant_no BIGINT NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN granted_at BIGINT NOT NULL DEFAULT 0;
-- When the access token ends; NULL when it has no end or none is known.
ALTER TABLE accounts ADD COLUMN expires_at BIGINT;
-- When that which renews it ends.
ALTER TABLE accounts ADD COLUMN renewal_expires_at BIGINT;
-- The one job that will renew it next.
ALTER TABLE accounts ADD COLUMN refresh_job_id TEXT;
-- Who is renewing it now, until when, and since when a renewal is out whose answer is not recorded.
ALTER TABLE accounts ADD COLUMN refresh_holder TEXT;
ALTER TABLE accounts ADD COLUMN refresh_until BIGINT;
ALTER TABLE accounts ADD COLUMN refresh_sent_at BIGINT;
-- Why it must be reconnected, as JSON.
ALTER TABLE accounts ADD COLUMN problem TEXT;
-- When its owner let it go; its row stays for the posts that it published.
ALTER TABLE accounts ADD COLUMN disconnected_at BIGINT;

-- Logins that began here and have not come back. Only the hash of the state is kept; what the exchange needs is sealed.
CREATE TABLE oauth_states (
    state_hash     TEXT PRIMARY KEY,
    workspace_id   TEXT NOT NULL REFERENCES workspaces (id),
    person         TEXT NOT NULL,
    platform       TEXT NOT NULL,
    variant        TEXT NOT NULL,
    account_id     TEXT REFERENCES accounts (id),
    secret_sealed  TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    used_at        BIGINT
);
CREATE INDEX oauth_states_by_expiry ON oauth_states (expires_at);

-- Logins that came back: what may be connected with them, until somebody chooses.
CREATE TABLE connections (
    id                 TEXT PRIMARY KEY,
    workspace_id       TEXT NOT NULL REFERENCES workspaces (id),
    person             TEXT NOT NULL,
    platform           TEXT NOT NULL,
    account_id         TEXT REFERENCES accounts (id),
    candidates_sealed  TEXT NOT NULL,
    created_at         BIGINT NOT NULL,
    expires_at         BIGINT NOT NULL
);
CREATE INDEX connections_by_expiry ON connections (expires_at);

-- What a person has to know: told once for each cause, until it is over.
CREATE TABLE notices (
    id            TEXT PRIMARY KEY,
    workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
    kind          TEXT NOT NULL,
    cause         TEXT NOT NULL,
    account_id    TEXT REFERENCES accounts (id),
    post_id       TEXT REFERENCES posts (id),
    detail        TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    resolved_at   BIGINT,
    UNIQUE (workspace_id, cause)
);

-- What stands in the way of a post that is not due yet, as JSON, and how many of the looks ahead are done (24 h, 1 h).
ALTER TABLE post_targets ADD COLUMN risk TEXT;
ALTER TABLE post_targets ADD COLUMN risk_looks INTEGER NOT NULL DEFAULT 2;
CREATE INDEX post_targets_to_look_at ON post_targets (risk_looks, publish_at) WHERE risk_looks < 2;
CREATE INDEX post_targets_at_risk ON post_targets (workspace_id, post_id) WHERE risk IS NOT NULL;

-- Why a target goes out later than was asked for, as JSON.
ALTER TABLE post_targets ADD COLUMN postponed TEXT;
-- How many posts an account has had or will have in a day.
CREATE INDEX post_targets_by_account ON post_targets (account_id, publish_at);

-- Whose turn it is when a lane is full: the first due job of each workspace.
CREATE INDEX jobs_by_turn ON jobs (lane, workspace_id, wake_at) WHERE wake_at IS NOT NULL;
-- Jobs that wait for a person, of which those with a living account go on by themselves.
CREATE INDEX jobs_blocked ON jobs (id) WHERE state = 'blocked';
