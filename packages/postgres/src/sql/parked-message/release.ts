import { noRow, type Statement } from '../statement.js'
import { isOutgoing } from './own.js'

/**
 * Removes parked messages of the outbox by their places, and unblocks those of their keys of which nothing else is left.
 * Only their own keys are looked at, so that it costs the same however many others are blocked. Done once more it finds
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
    USING (SELECT DISTINCT topic, key_digest FROM released WHERE key_digest IS NOT NULL) AS done
    WHERE ${isOutgoing('blocked')} AND blocked.topic = done.topic AND blocked.key_digest = done.key_digest
      AND NOT EXISTS (
        SELECT FROM ${schema}.parked_message AS message
        WHERE ${isOutgoing('message')} AND message.topic = done.topic AND sha256(message.key) = done.key_digest
          AND message.id <> ALL ($1::bigint[]))`,
  bind: (places) => [places],
  decode: noRow,
}
