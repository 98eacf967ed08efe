import type { ParkedMessage, ParkedSelection } from '@pigeonhole/core'
import type { Statement } from '../statement.js'
import { decodeParkedMessage, parkedMessageColumns } from './row.js'
import { bindSelection, isSelected } from './selection.js'

/** Which parked messages are listed, and how many at most. */
export interface SelectSomeParams {
  readonly selection: ParkedSelection
  readonly limit: number
}

/** Parked messages by their age, without their payloads. */
export const selectParkedMessages: Statement<SelectSomeParams, ParkedMessage> = {
  name: 'parked_message.select_some',
  text: (schema) => `
    SELECT ${parkedMessageColumns}
    FROM ${schema}.parked_message AS message
    WHERE ${isSelected('message')}
    ORDER BY message.id
    LIMIT $4::int`,
  bind: ({ selection, limit }) => [...bindSelection(selection), limit],
  decode: decodeParkedMessage,
}
