import { noRow, type Statement } from '../statement.js'
import { hasMessage } from './of-blocked.js'
import { isOutgoing } from './own.js'

/**
 * Removes parked messages of the outbox by their places, and unblocks those of their keys of which nothing else is left.
 * Of no other keys the messages are looked at, so that it costs the same however many wait behind them. Done once more it finds
 * none of them, and leaves a key that was blocked again meanwhile.
 */
export const releaseParkedMessages: Statement<readonly string[], null> = {
  name: 'parked_message.release',
  text: (schema) => `
    WITH released AS (
      DELETE FROM ${schema}.parked_message AS message
      WHERE ${isOutgoing('message')} AND id = ANY ($1::bigint[])
      RETURNING topic, sha256(key) AS key_digest
    )
    DELETE FROM ${schema}.parked_key AS blocked
    WHERE ${isOutgoing('blocked')}
      AND (topic, key_digest) IN (SELECT topic, key_digest FROM released)
      AND NOT ${hasMessage(schema, (name) => `${isOutgoing(name)} AND ${name}.id <> ALL ($1::bigint[])`)}`,
  bind: (places) => [places],
  decode: noRow,
}
