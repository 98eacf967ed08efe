import type { ParkableMessage } from '@pigeonhole/core'
import { noRow, type Statement } from '../statement.js'
import { bindMessages, givenMessages, insertParked } from './row.js'

/** Messages whose keys the transaction has found blocked, and holds. */
export interface ParkBehindParams {
  readonly inbox: string
  readonly messages: readonly ParkableMessage[]
}

/** Parks messages behind others of their keys, by the order of the array. */
export const parkBehind: Statement<ParkBehindParams, null> = {
  name: 'parked_inbox.park_behind',
  text: (schema) => `
    WITH given AS (${givenMessages})
    ${insertParked(schema, { columns: 'error', values: "'waits behind another message of its key'" })}`,
  bind: ({ inbox, messages }) => [inbox, ...bindMessages(messages)],
  decode: noRow,
}
