DROP INDEX post_targets_alike;
ALTER TABLE post_targets DROP COLUMN publish_at;
ALTER TABLE post_targets DROP COLUMN fingerprint;
ALTER TABLE post_targets DROP COLUMN warnings;
ALTER TABLE accounts DROP COLUMN variant;
