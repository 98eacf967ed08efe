import type { ParkedGroup } from '@pigeonhole/core'
import { decodeGroup, failedGroups, listGroups } from '../parked-message/groups.js'
import type { Statement } from '../statement.js'
import { isOf } from './own.js'

/** Blocked keys of an inbox, and its parked messages without a key: the oldest first. */
export const selectGroupsOfInbox: Statement<{ readonly inbox: string }, ParkedGroup> = {
  name: 'parked_inbox.select_groups',
  text: (schema) => listGroups(failedGroups(schema, isOf)),
  bind: ({ inbox }) => [inbox],
  decode: decodeGroup,
}
