import type { ParkingReason, PauseDelays } from '@pigeonhole/core'
import { number } from '../decode.js'
import type { Statement } from '../statement.js'

/** Which topic is paused, why, and for how long. */
export interface PauseTopicParams {
  readonly shard: number
  readonly topic: string
  readonly reason: ParkingReason
  readonly delays: PauseDelays
}

/** Pauses a topic, or prolongs its pause. Returns how long it rests from now on, in milliseconds. */
export const upsertPausedTopic: Statement<PauseTopicParams, number> = {
  name: 'paused_topic.upsert',
  text: (schema) => `
    INSERT INTO ${schema}.paused_topic AS paused (shard, topic, error_code, error, attempts, retry_at)
    VALUES ($1::smallint, $2::text, $3::text, $4::text, 1, statement_timestamp() + least($5::float8, $6::float8) * interval '1 ms')
    ON CONFLICT (shard, topic) DO UPDATE
    SET error_code = excluded.error_code, error = excluded.error, attempts = paused.attempts + 1,
      retry_at = statement_timestamp() + least($5::float8 * 2 ^ least(paused.attempts, 60), $6::float8) * interval '1 ms'
    RETURNING extract(epoch FROM retry_at - statement_timestamp())::float8 * 1000 AS rest_ms`,
  bind: ({ shard, topic, reason, delays }) => [
    shard,
    topic,
    reason.code,
    reason.error,
    delays.initialMs,
    delays.maxMs,
  ],
  decode: (row) => number(row, 'rest_ms'),
}
