-- Parking of an inbox. For the rules, see the first migration.

-- The scope of the id in message_id. Both are remembered in inbox_message when the message is handled, or discarded.
ALTER TABLE "pigeonhole"."parked_message" ADD COLUMN IF NOT EXISTS "message_scope" TEXT;

-- The place of a message among those of its key, from 1. The newest less the oldest says how many there are, at no cost.
ALTER TABLE "pigeonhole"."parked_message" ADD COLUMN IF NOT EXISTS "ordinal" BIGINT;

CREATE INDEX IF NOT EXISTS "parked_key_side_scope_retry_at_idx"
    ON "pigeonhole"."parked_key" ("side", "scope", "retry_at");

INSERT INTO "pigeonhole"."schema_version" ("version", "migration")
VALUES (3, '20260930000000_pigeonhole_inbox_parking')
ON CONFLICT ("version") DO NOTHING;
