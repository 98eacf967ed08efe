import type { BoundTopic } from '@pigeonhole/core'
import { bool, text } from '../decode.js'
import type { Statement } from '../statement.js'

/** A topic as Kafka tells it from others of its name. */
export interface BindTopicParams {
  readonly inbox: string
  readonly topic: string
  readonly topicId: string
}

/**
 * Remembers which topic an inbox's positions are offsets of. The id that is known stays while there are such positions.
 * A row that another transaction has just inserted is seen by the conflict, not by the statement's snapshot.
 */
export const bindInboxTopic: Statement<BindTopicParams, BoundTopic> = {
  name: 'inbox_topic.bind',
  text: (schema) => `
    INSERT INTO ${schema}.inbox_topic AS known (inbox, topic, topic_id)
    VALUES ($1::text, $2::text, $3::text)
    ON CONFLICT (inbox, topic) DO UPDATE SET (topic_id, from_start) = (
      SELECT CASE WHEN held THEN known.topic_id ELSE excluded.topic_id END,
        known.from_start OR (NOT held AND known.topic_id <> excluded.topic_id)
      FROM (SELECT EXISTS (
        SELECT FROM ${schema}.inbox_position AS held WHERE held.inbox = known.inbox AND held.topic = known.topic
      ) AS held) AS positions)
    RETURNING topic_id, from_start`,
  bind: ({ inbox, topic, topicId }) => [inbox, topic, topicId],
  decode: (row) => ({ topicId: text(row, 'topic_id'), fromStart: bool(row, 'from_start') }),
}
