import type { Statement } from '../statement.js'
import {
  type BlockedKey,
  bindKeys,
  blockedKeyColumns,
  decodeBlockedKey,
  givenKeys,
  type KeysParams,
} from './keys.js'
import { isOf } from './own.js'

/** Of some keys, locks those of which nobody is about to park more. The others stay blocked. */
export const lockIdleKeys: Statement<KeysParams, BlockedKey> = {
  name: 'parked_inbox.lock_idle_keys',
  text: (schema) => `
    SELECT ${blockedKeyColumns}
    FROM ${schema}.parked_key AS blocked
    WHERE ${isOf('blocked')} AND (blocked.topic, blocked.key) IN (${givenKeys(2)})
    FOR UPDATE SKIP LOCKED`,
  bind: ({ inbox, keys }) => [inbox, ...bindKeys(keys)],
  decode: decodeBlockedKey,
}
