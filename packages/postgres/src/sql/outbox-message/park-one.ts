import type { ParkingReason } from '@pigeonhole/core'
import { blockKey } from '../parked-key/block.js'
import { movedColumns, movedValues } from '../parked-message/insert.js'
import { noRow, type Statement } from '../statement.js'

/** Which message is parked, and why. */
export interface ParkOneParams {
  readonly seq: string
  readonly reason: ParkingReason
}

/**
 * Moves one message from the outbox to the parked ones and blocks its key. One row if it was there, none if not: then no key
 * is blocked either.
 */
export const parkOneMessage: Statement<ParkOneParams, null> = {
  name: 'outbox_message.park_one',
  text: (schema) => `
    WITH moved AS (
      DELETE FROM ${schema}.outbox_message WHERE seq = $1::bigint RETURNING *
    ), parked AS (
      INSERT INTO ${schema}.parked_message (${movedColumns}, error_code, error, attempts)
      SELECT ${movedValues('moved')}, $2::text, $3::text, 1 FROM moved
    ), ${blockKey(schema, 'moved')}
    SELECT 1 AS moved FROM moved`,
  bind: ({ seq, reason }) => [seq, reason.code, reason.error],
  decode: noRow,
}
