import { noRow, type Statement } from '../statement.js'
import { bindClaim, type ClaimParams } from './place.js'

/** Waits for a handler that has a position's row, as a handler would. */
export const waitForPosition: Statement<ClaimParams, null> = {
  name: 'inbox_claim.wait',
  text: (schema) => `
    SELECT $4::bigint AS waited_at FROM ${schema}.inbox_position
    WHERE inbox = $1::text AND topic = $2::text AND partition = $3::int
    FOR NO KEY UPDATE`,
  bind: bindClaim,
  decode: noRow,
}
