import { number } from '../decode.js'
import { noParams, type Statement } from '../statement.js'
import { isOutgoing } from './own.js'

/** How much is parked. */
export interface ParkedCounts {
  readonly keys: number
  readonly messages: number
}

/** Counts blocked keys and parked messages of the outbox. */
export const countParked: Statement<null, ParkedCounts> = {
  name: 'parked_message.count',
  text: (schema) => `
    SELECT
      (SELECT count(*)::int FROM ${schema}.parked_key AS blocked WHERE ${isOutgoing('blocked')}) AS keys,
      (SELECT count(*)::int FROM ${schema}.parked_message AS message WHERE ${isOutgoing('message')}) AS messages`,
  bind: noParams,
  decode: (row) => ({ keys: number(row, 'keys'), messages: number(row, 'messages') }),
}
