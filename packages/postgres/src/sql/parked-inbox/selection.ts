import type { InboxParkedSelection } from '@pigeonhole/core'
import { bindSelection as bindAmong, isAmong } from '../parked-message/selection.js'
import type { SqlValue } from '../statement.js'
import { isOf } from './own.js'

/** That a parked message called `name` is of the inbox $1 and of the selection $2, $3, $4. */
export function isSelected(name: string): string {
  return `${isOf(name)} AND ${isAmong(name, 2)}`
}

/** $1 to $4 of {@link isSelected}. */
export function bindSelection({ inbox, ...selection }: InboxParkedSelection): SqlValue[] {
  return [inbox, ...bindAmong(selection)]
}
