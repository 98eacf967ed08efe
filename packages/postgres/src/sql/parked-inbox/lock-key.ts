import type { DueMessage } from '@pigeonhole/core'
import { number } from '../decode.js'
import type { Statement } from '../statement.js'
import { isKey } from './own.js'
import { bindKey, type PlaceParams } from './place.js'

/**
 * Locks a blocked key for who handles a message of it: workers and operators take turns. A consumer that parks more behind
 * it holds a weaker lock, and neither waits for the other. The starts are those of its oldest message.
 */
export const lockParkedKey: Statement<PlaceParams, Pick<DueMessage, 'starts'>> = {
  name: 'parked_inbox.lock_key',
  text: (schema) => `
    SELECT starts FROM ${schema}.parked_key AS blocked WHERE ${isKey('blocked')} FOR NO KEY UPDATE`,
  bind: bindKey,
  decode: (row) => ({ starts: number(row, 'starts') }),
}
