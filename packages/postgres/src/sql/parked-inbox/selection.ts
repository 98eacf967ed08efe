import type { InboxParkedSelection } from '@pigeonhole/core'
import { bindSelection as bindAmong, isAmong, isAmongOfKey, isKeyAmong } from '../parked-message/selection.js'
import type { SqlValue } from '../statement.js'
import { isOf } from './own.js'

/** That a parked message called `name` is of the inbox $1 and of the selection $2, $3, $4. */
export function isSelected(name: string): string {
  return `${isOf(name)} AND ${isAmong(name, 2)}`
}

/** That a key called `blocked` is of the inbox and has a message of the selection. */
export function isKeySelected(schema: string): string {
  return `${isOf('blocked')} AND ${isKeyAmong(schema, isOf, 2)}`
}

/** That a parked message called `name`, of a key that {@link isKeySelected} has found, is of the selection. */
export function isSelectedOfKey(name: string): string {
  return `${isOf(name)} AND ${isAmongOfKey(name, 2)}`
}

/** $1 to $4 of {@link isSelected}. */
export function bindSelection({ inbox, ...selection }: InboxParkedSelection): SqlValue[] {
  return [inbox, ...bindAmong(selection)]
}
