-- Ids of messages are forgotten by their age, and starts of parked messages counted. For the rules, see the first migration.
-- Where a block of PL/pgSQL needs a semicolon inside, \x3b stands for it.

-- Inboxes wait while an index is built. A large table is to get it beforehand, CONCURRENTLY, which no migration can do: it runs
-- in a transaction.
DO E'
DECLARE
    ids CONSTANT regclass := ''"pigeonhole"."inbox_message"''::regclass\x3b
    usable boolean\x3b
BEGIN
    SELECT indisvalid INTO usable FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE indrelid = ids AND relname = ''inbox_message_inbox_received_at_idx''\x3b
    IF usable THEN RETURN\x3b END IF\x3b
    IF NOT usable THEN
        RAISE EXCEPTION ''The index inbox_message_inbox_received_at_idx is not valid: its building was given up''
            USING HINT = ''DROP INDEX CONCURRENTLY "pigeonhole"."inbox_message_inbox_received_at_idx", build it again, and migrate.''\x3b
    END IF\x3b
    IF (SELECT greatest(reltuples, pg_relation_size(ids) / 128) FROM pg_class WHERE oid = ids) > 1000000 THEN
        RAISE EXCEPTION ''inbox_message is large: inboxes would wait while its index is built''
            USING HINT = ''CREATE INDEX CONCURRENTLY "inbox_message_inbox_received_at_idx" ON "pigeonhole"."inbox_message" ("inbox", "received_at"), then migrate.''\x3b
    END IF\x3b
END';

CREATE INDEX IF NOT EXISTS "inbox_message_inbox_received_at_idx"
    ON "pigeonhole"."inbox_message" ("inbox", "received_at");

-- An inbox that was rewound forgets no id before it is back where it was: at this offset.
ALTER TABLE "pigeonhole"."inbox_position" ADD COLUMN IF NOT EXISTS "replayed_until" BIGINT;

-- Up to when an inbox has forgotten what it had received. Who forgets ids, or rewinds the inbox, locks its row.
CREATE TABLE IF NOT EXISTS "pigeonhole"."inbox_retention" (
    "inbox" TEXT NOT NULL,
    "forgotten_until" TIMESTAMPTZ(6),

    CONSTRAINT "inbox_retention_pkey" PRIMARY KEY ("inbox")
);

-- How many claims of it in a row have had no end: a parked message that kills its process is found by that.
ALTER TABLE "pigeonhole"."parked_key" ADD COLUMN IF NOT EXISTS "starts" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "pigeonhole"."parked_message" ADD COLUMN IF NOT EXISTS "starts" INTEGER NOT NULL DEFAULT 0;

INSERT INTO "pigeonhole"."schema_version" ("version", "migration")
VALUES (6, '20261115000000_pigeonhole_ids_by_age')
ON CONFLICT ("version") DO NOTHING;
