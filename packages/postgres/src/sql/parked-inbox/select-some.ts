import type { InboxParkedMessage, InboxParkedSelection } from '@pigeonhole/core'
import type { Statement } from '../statement.js'
import { bindSelection, isSelected } from './selection.js'
import { decodeShown, shownColumns } from './shown.js'

/** Which parked messages are listed, and how many at most. */
export interface SelectSomeParams {
  readonly selection: InboxParkedSelection
  readonly limit: number
}

/** Parked messages of an inbox by their age, without their payloads. */
export const selectParkedOfInbox: Statement<SelectSomeParams, InboxParkedMessage> = {
  name: 'parked_inbox.select_some',
  text: (schema) => `
    SELECT ${shownColumns}
    FROM ${schema}.parked_message AS message
    WHERE ${isSelected('message')}
    ORDER BY message.id
    LIMIT $5::int`,
  bind: ({ selection, limit }) => [...bindSelection(selection), limit],
  decode: decodeShown,
}
