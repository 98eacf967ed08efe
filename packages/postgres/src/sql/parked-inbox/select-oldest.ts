import type { DueMessage } from '@pigeonhole/core'
import { bool, number, text } from '../decode.js'
import type { Statement } from '../statement.js'
import { isOfKey } from './own.js'
import { bindKey, type PlaceParams } from './place.js'
import { decodeParkable, parkableColumns } from './row.js'

/** The oldest message of a key, and whether it is the only one. */
export const selectOldestParked: Statement<PlaceParams, Omit<DueMessage, 'starts'>> = {
  name: 'parked_inbox.select_oldest',
  text: (schema) => `
    SELECT ${parkableColumns}, NOT EXISTS (
        SELECT FROM ${schema}.parked_message AS newer
        WHERE ${isOfKey('newer')} AND newer.id > message.id
      ) AS is_last
    FROM ${schema}.parked_message AS message
    WHERE ${isOfKey('message')}
    ORDER BY message.id
    LIMIT 1`,
  bind: bindKey,
  decode: (row) => ({
    place: text(row, 'place'),
    message: decodeParkable(row),
    attempts: number(row, 'attempts'),
    isLast: bool(row, 'is_last'),
  }),
}
