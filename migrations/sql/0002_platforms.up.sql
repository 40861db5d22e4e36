-- Six platforms: sorts of accounts, what is told beside a published post, and the guard against the same post twice.

-- Which sort of account it is, where a platform has several: the login of Instagram. Empty elsewhere.
ALTER TABLE accounts ADD COLUMN variant TEXT NOT NULL DEFAULT '';

-- What went wrong after the post was live, as JSON; NULL when nothing did.
ALTER TABLE post_targets ADD COLUMN warnings TEXT;

-- A hash of all that people would see, and when they are to see it: the same within a day is refused.
ALTER TABLE post_targets ADD COLUMN fingerprint BIGINT NOT NULL DEFAULT 0;
ALTER TABLE post_targets ADD COLUMN publish_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX post_targets_alike ON post_targets (account_id, fingerprint, publish_at);
