import { noRow, type Statement } from '../statement.js'
import { bindClaim, type ClaimParams } from './place.js'

/** Takes back one start of the message at an offset. */
export const endMessage: Statement<ClaimParams, null> = {
  name: 'inbox_claim.end',
  text: (schema) => `
    UPDATE ${schema}.inbox_claim SET starts = starts - 1
    WHERE inbox = $1::text AND topic = $2::text AND partition = $3::int AND next_offset = $4::bigint AND starts > 0
    RETURNING 1 AS ended`,
  bind: bindClaim,
  decode: noRow,
}
