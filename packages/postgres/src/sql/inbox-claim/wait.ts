import { noRow, type Statement } from '../statement.js'
import { bindClaim, type ClaimParams } from './place.js'

/**
 * Waits for a handler that has a position, as a handler would: for its row, and where the partition has none yet for who is about to
 * insert it, whom no lock on a row finds. Its transaction is to be rolled back: a row that it has inserted says nothing.
 */
export const waitForPosition: Statement<ClaimParams, null> = {
  name: 'inbox_claim.wait',
  text: (schema) => `
    INSERT INTO ${schema}.inbox_position AS held (inbox, topic, partition, next_offset)
    VALUES ($1::text, $2::text, $3::int, $4::bigint)
    ON CONFLICT (inbox, topic, partition) DO UPDATE SET next_offset = held.next_offset WHERE false
    RETURNING 1 AS inserted`,
  bind: bindClaim,
  decode: noRow,
}
