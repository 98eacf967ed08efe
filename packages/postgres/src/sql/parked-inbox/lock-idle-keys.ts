import { text } from '../decode.js'
import type { Statement } from '../statement.js'

/** Of keys that the transaction has locked, locks those anew of which nobody is about to park more. The others stay blocked. */
export const lockIdleKeys: Statement<readonly string[], string> = {
  name: 'parked_inbox.lock_idle_keys',
  text: (schema) => `
    SELECT ctid::text AS place FROM ${schema}.parked_key
    WHERE ctid = ANY ($1::tid[])
    FOR UPDATE SKIP LOCKED`,
  bind: (places) => [places],
  decode: (row) => text(row, 'place'),
}
