import { noRow, type Statement } from '../statement.js'
import { isKey } from './own.js'
import { bindKey, type PlaceParams } from './place.js'

/**
 * Locks a blocked key, so that nobody parks anything more of it. No row where someone holds it: a consumer that is about to
 * do so, another worker or an operator. They are not waited for, and it stays blocked.
 */
export const lockIdleKey: Statement<PlaceParams, null> = {
  name: 'parked_inbox.lock_idle_key',
  text: (schema) => `
    SELECT 1 AS locked FROM ${schema}.parked_key AS blocked WHERE ${isKey('blocked')} FOR UPDATE SKIP LOCKED`,
  bind: bindKey,
  decode: noRow,
}
