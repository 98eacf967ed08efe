import type { InboxPosition } from '@pigeonhole/core'
import { number, text } from '../decode.js'
import { noParams, type Statement } from '../statement.js'

/** Where each inbox goes on in each partition that it has handled. */
export const selectAllInboxPositions: Statement<null, InboxPosition> = {
  name: 'inbox_position.select_all',
  text: (schema) => `
    SELECT inbox, topic, partition, next_offset::text AS next_offset
    FROM ${schema}.inbox_position
    ORDER BY inbox, topic, partition`,
  bind: noParams,
  decode: (row) => ({
    inbox: text(row, 'inbox'),
    topic: text(row, 'topic'),
    partition: number(row, 'partition'),
    nextOffset: BigInt(text(row, 'next_offset')),
  }),
}
