import type { InboxParkedSelection } from '@pigeonhole/core'
import type { Statement } from '../statement.js'
import { type BlockedKey, blockedKeyColumns, decodeBlockedKey } from './keys.js'
import { isOf } from './own.js'
import { bindSelection, isSelected } from './selection.js'

/** Locks the keys of selected messages, as who handles one of them does, but for those that somebody is handling. */
export const lockSelectedKeys: Statement<InboxParkedSelection, BlockedKey> = {
  name: 'parked_inbox.lock_selected_keys',
  text: (schema) => `
    SELECT ${blockedKeyColumns}
    FROM ${schema}.parked_key AS blocked
    WHERE ${isOf('blocked')} AND (blocked.topic, blocked.key) IN (
        SELECT message.topic, message.key FROM ${schema}.parked_message AS message WHERE ${isSelected('message')})
    FOR NO KEY UPDATE SKIP LOCKED`,
  bind: bindSelection,
  decode: decodeBlockedKey,
}
