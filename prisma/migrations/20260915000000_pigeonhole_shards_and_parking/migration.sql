-- Several shards, and parking on the way out. For the rules, see the first migration.

-- Shards ------------------------------------------------------------------------------------------------------------

-- Which buckets a shard owns, both ends included. Null when it is retired: its row and its last batch stay, since its
-- numbers go on where they ended if the shard comes back.
ALTER TABLE "pigeonhole"."relay_shard" ADD COLUMN IF NOT EXISTS "first_bucket" SMALLINT DEFAULT 0;
ALTER TABLE "pigeonhole"."relay_shard" ADD COLUMN IF NOT EXISTS "last_bucket" SMALLINT DEFAULT 255;

-- The snapshot behind which a shard that was added later begins. Null: it begins before every transaction.
ALTER TABLE "pigeonhole"."relay_shard" ADD COLUMN IF NOT EXISTS "origin" PG_SNAPSHOT;

-- Parking -----------------------------------------------------------------------------------------------------------

-- Why a key is blocked, on the side of the outbox, and when its messages are to be sent again.
ALTER TABLE "pigeonhole"."parked_key" ADD COLUMN IF NOT EXISTS "bucket" SMALLINT;
ALTER TABLE "pigeonhole"."parked_key" ADD COLUMN IF NOT EXISTS "error_code" TEXT;
ALTER TABLE "pigeonhole"."parked_key" ADD COLUMN IF NOT EXISTS "error" TEXT;
ALTER TABLE "pigeonhole"."parked_key" ADD COLUMN IF NOT EXISTS "attempts" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "pigeonhole"."parked_key" ADD COLUMN IF NOT EXISTS "retry_at" TIMESTAMPTZ(6);

-- A message without a key blocks nothing: when it is to be sent again stands with itself.
ALTER TABLE "pigeonhole"."parked_message" ADD COLUMN IF NOT EXISTS "retry_at" TIMESTAMPTZ(6);

CREATE INDEX IF NOT EXISTS "parked_message_retry_at_idx" ON "pigeonhole"."parked_message" ("retry_at");

-- Topics that take nothing at the moment (unknown, no permission). A shard finds out for itself, and goes on by itself.
CREATE TABLE IF NOT EXISTS "pigeonhole"."paused_topic" (
    "shard" SMALLINT NOT NULL,
    "topic" TEXT NOT NULL,
    "error_code" TEXT NOT NULL,
    "error" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "paused_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "retry_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "paused_topic_pkey" PRIMARY KEY ("shard", "topic")
);

INSERT INTO "pigeonhole"."schema_version" ("version", "migration")
VALUES (2, '20260915000000_pigeonhole_shards_and_parking')
ON CONFLICT ("version") DO NOTHING;
