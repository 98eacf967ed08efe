import type { ParkingMeasures } from '@pigeonhole/core'
import { bool, number } from '../decode.js'
import type { Statement } from '../statement.js'
import { isOutgoing } from './own.js'

/** Counts up to `limit` parked messages of the outbox, and the topics that are paused. */
export const measureParking: Statement<{ readonly limit: number }, ParkingMeasures> = {
  name: 'parked_message.measure',
  text: (schema) => `
    SELECT least(found, $1::int) AS messages, found > $1::int AS at_least,
      (SELECT count(DISTINCT topic)::int FROM ${schema}.paused_topic) AS paused_topics
    FROM (
      SELECT count(*)::int AS found
      FROM (SELECT FROM ${schema}.parked_message AS message WHERE ${isOutgoing('message')} LIMIT $1::int + 1) AS bounded
    ) AS counted`,
  bind: ({ limit }) => [limit],
  decode: (row) => ({
    messages: number(row, 'messages'),
    atLeast: bool(row, 'at_least'),
    pausedTopics: number(row, 'paused_topics'),
  }),
}
