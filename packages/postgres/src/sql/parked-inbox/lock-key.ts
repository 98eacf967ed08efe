import { noRow, type Statement } from '../statement.js'
import { isKey } from './own.js'
import { bindKey, type PlaceParams } from './place.js'

/**
 * Locks a blocked key for who handles a message of it: workers and operators take turns. A consumer that parks more behind
 * it holds a weaker lock, and neither waits for the other.
 */
export const lockParkedKey: Statement<PlaceParams, null> = {
  name: 'parked_inbox.lock_key',
  text: (schema) => `
    SELECT 1 AS locked FROM ${schema}.parked_key AS blocked WHERE ${isKey('blocked')} FOR NO KEY UPDATE`,
  bind: bindKey,
  decode: noRow,
}
