import { noRow, type Statement } from '../statement.js'
import { bindClaim, type ClaimParams } from './place.js'

/** Forgets what was noted of the message at an offset: where it comes again, by a rewind, it is a message like any other. */
export const finishMessage: Statement<ClaimParams, null> = {
  name: 'inbox_claim.finish',
  text: (schema) => `
    UPDATE ${schema}.inbox_claim SET claims = 0, starts = 0
    WHERE inbox = $1::text AND topic = $2::text AND partition = $3::int AND next_offset = $4::bigint
    RETURNING 1 AS finished`,
  bind: bindClaim,
  decode: noRow,
}
