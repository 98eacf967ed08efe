-- What each worker tells of its shards, for those who look at another worker. For the rules, see the first migration.

-- No other table has columns of these names: statements of earlier releases join this one with others, and say no table with a column.

-- Messages sent as their senders have counted them: those of a worker that was killed lack its last moments.
ALTER TABLE "pigeonhole"."relay_shard" ADD COLUMN IF NOT EXISTS "reported_sent" BIGINT NOT NULL DEFAULT 0;

-- The last error of any worker at the shard, by that worker's clock.
ALTER TABLE "pigeonhole"."relay_shard" ADD COLUMN IF NOT EXISTS "reported_error_at" TIMESTAMPTZ(6);
ALTER TABLE "pigeonhole"."relay_shard" ADD COLUMN IF NOT EXISTS "reported_error_worker" TEXT;
ALTER TABLE "pigeonhole"."relay_shard" ADD COLUMN IF NOT EXISTS "reported_error_code" TEXT;
ALTER TABLE "pigeonhole"."relay_shard" ADD COLUMN IF NOT EXISTS "reported_error" TEXT;

INSERT INTO "pigeonhole"."schema_version" ("version", "migration")
VALUES (8, '20261128000000_pigeonhole_shard_reports')
ON CONFLICT ("version") DO NOTHING;
