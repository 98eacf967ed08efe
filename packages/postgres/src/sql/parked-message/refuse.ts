import type { ParkingReason } from '@pigeonhole/core'
import { blockKey } from '../parked-key/block.js'
import { noRow, type Statement } from '../statement.js'
import { isOutgoing } from './own.js'

/** Which message was refused again, and why. */
export interface RefuseParams {
  readonly place: string
  readonly reason: ParkingReason
}

/** Notes that a parked message was refused again, and blocks its key until an operator decides. */
export const refuseParkedMessage: Statement<RefuseParams, null> = {
  name: 'parked_message.refuse',
  text: (schema) => `
    WITH refused AS (
      UPDATE ${schema}.parked_message AS message
      SET error_code = $2::text, error = $3::text, attempts = attempts + 1, retry_at = NULL
      WHERE id = $1::bigint AND ${isOutgoing('message')}
      RETURNING topic, key, bucket
    ), ${blockKey(schema, 'refused')}
    SELECT 1 AS refused FROM refused`,
  bind: ({ place, reason }) => [place, reason.code, reason.error],
  decode: noRow,
}
