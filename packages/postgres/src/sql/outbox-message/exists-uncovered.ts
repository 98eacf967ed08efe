import type { Cursor } from '@pigeonhole/core'
import { bool } from '../decode.js'
import type { Statement } from '../statement.js'
import { existsBeyondSnapshot1 } from './exists-beyond.js'
import { bindCursor, unreadByCursor } from './uncovered.js'

/** Whether there are messages that no batch up to the cursor holds. */
export const existsUncoveredMessage: Statement<Cursor, boolean> = {
  name: 'outbox_message.exists_uncovered',
  text: (schema) => existsBeyondSnapshot1(schema, unreadByCursor),
  bind: bindCursor,
  decode: (row) => bool(row, 'found'),
}
