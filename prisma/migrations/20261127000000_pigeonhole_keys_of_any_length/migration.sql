-- Keys of any length can be parked. For the rules, see the first migration. Where a block of PL/pgSQL needs a semicolon inside,
-- \x3b stands for it.

-- An index takes no more than about 2,700 bytes of a row: a longer key could not be blocked, and its message not be parked. Both
-- indexes go by the key's SHA-256 instead. The tables keep the key itself, and the indexes their names, so that the first migration
-- makes none of them anew. A column in parked_message would have its payloads written anew.
DO E'
BEGIN
    IF EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = ''"pigeonhole"."parked_key"''::regclass AND attname = ''key_digest''
    ) THEN RETURN\x3b END IF\x3b
    ALTER TABLE "pigeonhole"."parked_key"
        DROP CONSTRAINT "parked_key_pkey",
        ADD COLUMN "key_digest" BYTEA GENERATED ALWAYS AS (sha256("key")) STORED,
        ADD CONSTRAINT "parked_key_pkey" PRIMARY KEY ("side", "scope", "topic", "key_digest")\x3b
    DROP INDEX "pigeonhole"."parked_message_side_scope_topic_key_id_idx"\x3b
    CREATE INDEX "parked_message_side_scope_topic_key_id_idx"
        ON "pigeonhole"."parked_message" ("side", "scope", "topic", (sha256("key")), "id")\x3b
END';

INSERT INTO "pigeonhole"."schema_version" ("version", "migration")
VALUES (7, '20261127000000_pigeonhole_keys_of_any_length')
ON CONFLICT ("version") DO NOTHING;
