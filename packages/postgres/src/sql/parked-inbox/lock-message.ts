import type { DueMessage } from '@pigeonhole/core'
import { number, text } from '../decode.js'
import type { Statement } from '../statement.js'
import { isOf } from './own.js'
import { decodeParkable, parkableColumns } from './row.js'

/** Locks a parked message without a key, and reads it. */
export const lockParkedMessage: Statement<
  { readonly inbox: string; readonly id: string | null },
  DueMessage
> = {
  name: 'parked_inbox.lock_message',
  text: (schema) => `
    SELECT ${parkableColumns}, starts FROM ${schema}.parked_message AS message
    WHERE ${isOf('message')} AND message.id = $2::bigint
    FOR UPDATE`,
  bind: ({ inbox, id }) => [inbox, id],
  decode: (row) => ({
    place: text(row, 'place'),
    message: decodeParkable(row),
    attempts: number(row, 'attempts'),
    starts: number(row, 'starts'),
    isLast: true,
  }),
}
