import type { ParkedSelection } from '@pigeonhole/core'
import type { SqlValue } from '../statement.js'
import { isOutgoing } from './own.js'

/** That a parked message called `name` is the outbox's and of the selection $1, $2, $3. */
export function isSelected(name: string): string {
  return `${isOutgoing(name)}
      AND ($1::bigint[] IS NULL OR ${name}.id = ANY ($1::bigint[]))
      AND ($2::text IS NULL OR ${name}.topic = $2::text)
      AND ($3::text IS NULL OR ${name}.key = decode($3::text, 'base64'))`
}

/** $1, $2 and $3 of {@link isSelected}. */
export function bindSelection({ ids, topic, key }: ParkedSelection): SqlValue[] {
  return [ids ?? null, topic ?? null, key === undefined ? null : Buffer.from(key).toString('base64')]
}
