import type { Cursor } from '@pigeonhole/core'
import { bool } from '../decode.js'
import type { Statement } from '../statement.js'
import { bindCursor, uncoveredByCursor } from './uncovered.js'

/** Whether there are messages that no batch up to the cursor holds. A relay at rest asks nothing else: 0.3 ms. */
export const existsUncoveredMessage: Statement<Cursor, boolean> = {
  name: 'outbox_message.exists_uncovered',
  text: (schema) => `
    SELECT EXISTS (SELECT FROM ${schema}.outbox_message WHERE ${uncoveredByCursor}) AS found`,
  bind: bindCursor,
  decode: (row) => bool(row, 'found'),
}
