-- What an inbox knows of topics, and of partitions that it does not get on with. For the rules, see the first migration.

-- Which topic the positions of an inbox are offsets of, by Kafka's id. One that is created anew has the same name.
-- from_start: it has taken the place of another one, and what the group has committed may be an offset of that.
CREATE TABLE IF NOT EXISTS "pigeonhole"."inbox_topic" (
    "inbox" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "topic_id" TEXT NOT NULL,
    "from_start" BOOLEAN NOT NULL DEFAULT FALSE,

    CONSTRAINT "inbox_topic_pkey" PRIMARY KEY ("inbox", "topic")
);

-- How often consumers have begun to handle a partition from this offset on, and how many starts of the message there have
-- had no end. A row for an offset that the inbox has passed means nothing.
CREATE TABLE IF NOT EXISTS "pigeonhole"."inbox_claim" (
    "inbox" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "partition" INTEGER NOT NULL,
    "next_offset" BIGINT NOT NULL,
    "claims" INTEGER NOT NULL DEFAULT 0,
    "starts" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "inbox_claim_pkey" PRIMARY KEY ("inbox", "topic", "partition")
);

INSERT INTO "pigeonhole"."schema_version" ("version", "migration")
VALUES (5, '20261101000000_pigeonhole_inbox_topics_and_claims')
ON CONFLICT ("version") DO NOTHING;
