import type { ParkedSelection, WaitingKey } from '@pigeonhole/core'
import { number } from '../decode.js'
import type { Statement } from '../statement.js'
import { decodeBehind, keysBegunAnew, waitingKeys } from './behind.js'
import { isOutgoing } from './own.js'
import { bindSelection, isSelected } from './selection.js'

/** What was deleted, and what stays. */
export interface DiscardedMessages {
  readonly messages: number
  readonly inFlight: number
  readonly behind: readonly WaitingKey[]
}

/**
 * Deletes parked messages, but for those of an intent that Kafka may yet commit, or has committed unknown to us: a message
 * that is said to be discarded must not be read afterwards.
 */
export const discardParkedMessages: Statement<ParkedSelection, DiscardedMessages> = {
  name: 'parked_message.discard',
  text: (schema) => `
    WITH in_flight AS (
      SELECT unnest(batch.releases) AS id
      FROM ${schema}.relay_batch AS batch
      JOIN ${schema}.relay_shard AS shard USING (shard)
      WHERE batch.number > shard.confirmed
    ), selected AS (
      SELECT id, topic, sha256(key) AS key_digest, id IN (SELECT id FROM in_flight) AS stays
      FROM ${schema}.parked_message AS message
      WHERE ${isSelected('message')}
    ), deleted AS (
      DELETE FROM ${schema}.parked_message WHERE id IN (SELECT id FROM selected WHERE NOT stays) RETURNING 1
    ), meant AS (
      SELECT topic, key_digest, min(id) AS first, count(*) AS messages FROM selected
      WHERE NOT stays
      GROUP BY topic, key_digest
    ), begun AS (${keysBegunAnew(schema, isOutgoing)}
    )
    SELECT (SELECT count(*)::int FROM deleted) AS messages,
      (SELECT count(*)::int FROM selected WHERE stays) AS in_flight,
      ${waitingKeys(schema, isOutgoing)} AS behind`,
  bind: bindSelection,
  decode: (row) => ({
    messages: number(row, 'messages'),
    inFlight: number(row, 'in_flight'),
    behind: decodeBehind(row),
  }),
}
