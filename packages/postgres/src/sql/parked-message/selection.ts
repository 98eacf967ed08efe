import type { ParkedSelection } from '@pigeonhole/core'
import { base64OrNull } from '../base64.js'
import type { SqlValue } from '../statement.js'
import { isOutgoing } from './own.js'

/** That a parked message called `name` is the outbox's and of the selection $1, $2, $3. */
export function isSelected(name: string): string {
  return `${isOutgoing(name)} AND ${isAmong(name, 1)}`
}

/** That a parked message called `name` is of the selection whose three parameters begin with `first`. */
export function isAmong(name: string, first: number): string {
  return `($${first}::bigint[] IS NULL OR ${name}.id = ANY ($${first}::bigint[]))
      AND ($${first + 1}::text IS NULL OR ${name}.topic = $${first + 1}::text)
      AND ($${first + 2}::text IS NULL OR ${name}.key = decode($${first + 2}::text, 'base64'))`
}

/** The three parameters of {@link isAmong}. */
export function bindSelection({ ids, topic, key }: ParkedSelection): SqlValue[] {
  return [ids ?? null, topic ?? null, base64OrNull(key ?? null)]
}
