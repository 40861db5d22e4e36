-- The spine: tenants, accounts, posts, jobs with their journal and timeline, idempotency keys.
-- Instants are milliseconds since the Unix epoch. {serial} is the database's own counting primary key.

-- A tenant: everything else carries its id.
CREATE TABLE workspaces (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    created_at  BIGINT NOT NULL
);

-- Keys of our own API; only the SHA-256 of a key is kept.
CREATE TABLE api_keys (
    id            TEXT PRIMARY KEY,
    workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
    name          TEXT NOT NULL,
    key_hash      TEXT NOT NULL UNIQUE,
    scopes        TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT,
    revoked_at    BIGINT
);
CREATE INDEX api_keys_by_workspace ON api_keys (workspace_id);

-- Connected platform accounts; the grant is sealed for its row.
CREATE TABLE accounts (
    id            TEXT PRIMARY KEY,
    workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
    platform      TEXT NOT NULL,
    external_id   TEXT NOT NULL,
    name          TEXT NOT NULL,
    username      TEXT,
    state         TEXT NOT NULL CHECK (state IN ('connected', 'needs_reconnect')),
    grant_sealed  TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    UNIQUE (workspace_id, platform, external_id)
);

-- Posts as their authors see them; the status is derived from the targets' jobs.
CREATE TABLE posts (
    id            TEXT PRIMARY KEY,
    workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
    content       TEXT NOT NULL,
    publish_at    BIGINT NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE INDEX posts_by_workspace ON posts (workspace_id, id);

-- Units of work: the truth of which Redis carries only ids.
CREATE TABLE jobs (
    id                TEXT PRIMARY KEY,
    workspace_id      TEXT NOT NULL REFERENCES workspaces (id),
    lane              TEXT NOT NULL,
    kind              TEXT NOT NULL,
    payload           TEXT NOT NULL,
    post_id           TEXT REFERENCES posts (id),
    target_id         TEXT,
    state             TEXT NOT NULL CHECK (state IN ('scheduled', 'queued', 'in_progress', 'completed', 'failed', 'cancelled', 'blocked')),
    attempt           INTEGER NOT NULL,
    max_attempts      INTEGER NOT NULL,
    claim_no          BIGINT NOT NULL,
    progress          INTEGER NOT NULL,
    run_at            BIGINT NOT NULL,
    wake_at           BIGINT,
    cancel_requested  BOOLEAN NOT NULL,
    error             TEXT,
    worker            TEXT,
    version           BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    started_at        BIGINT,
    finished_at       BIGINT
);
-- What the scheduler must look at next; settled jobs are not in it, so its size is the backlog's.
CREATE INDEX jobs_to_wake ON jobs (lane, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX jobs_by_workspace ON jobs (workspace_id, id);
CREATE INDEX jobs_by_post ON jobs (post_id) WHERE post_id IS NOT NULL;

-- One row per post and account. The published post's id is unique on its account: no two targets can claim one post.
CREATE TABLE post_targets (
    id            TEXT PRIMARY KEY,
    workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
    post_id       TEXT NOT NULL REFERENCES posts (id),
    position      INTEGER NOT NULL,
    account_id    TEXT NOT NULL REFERENCES accounts (id),
    platform      TEXT NOT NULL,
    kind          TEXT NOT NULL,
    overrides     TEXT NOT NULL,
    job_id        TEXT NOT NULL REFERENCES jobs (id),
    external_id   TEXT,
    url           TEXT,
    published_at  BIGINT,
    UNIQUE (post_id, position)
);
CREATE UNIQUE INDEX post_targets_published ON post_targets (account_id, external_id) WHERE external_id IS NOT NULL;

-- The journal: an intent without output means that the call may have been made.
CREATE TABLE job_steps (
    job_id    TEXT NOT NULL REFERENCES jobs (id),
    name      TEXT NOT NULL,
    output    TEXT,
    first_at  BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    sends     INTEGER NOT NULL,
    looks     INTEGER NOT NULL,
    PRIMARY KEY (job_id, name)
);

-- The timeline that people follow.
CREATE TABLE job_events (
    id            {serial},
    job_id        TEXT NOT NULL REFERENCES jobs (id),
    workspace_id  TEXT NOT NULL,
    at            BIGINT NOT NULL,
    kind          TEXT NOT NULL,
    detail        TEXT NOT NULL
);
CREATE INDEX job_events_by_job ON job_events (job_id, id);

-- The first answer to a creating request, kept for 24 hours. Written with what it created, never before.
CREATE TABLE idempotency_keys (
    workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
    route         TEXT NOT NULL,
    key           TEXT NOT NULL,
    request_hash  TEXT NOT NULL,
    status        INTEGER NOT NULL,
    location      TEXT NOT NULL,
    body          TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, route, key)
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
