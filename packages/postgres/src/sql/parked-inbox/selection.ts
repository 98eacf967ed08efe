import type { InboxParkedSelection } from '@pigeonhole/core'
import { base64OrNull } from '../base64.js'
import type { SqlValue } from '../statement.js'
import { isOf } from './own.js'

/** That a parked message called `name` is of the inbox $1 and of the selection $2, $3, $4. */
export function isSelected(name: string): string {
  return `${isOf(name)}
      AND ($2::bigint[] IS NULL OR ${name}.id = ANY ($2::bigint[]))
      AND ($3::text IS NULL OR ${name}.topic = $3::text)
      AND ($4::text IS NULL OR ${name}.key = decode($4::text, 'base64'))`
}

/** $1 to $4 of {@link isSelected}. */
export function bindSelection({ inbox, ids, topic, key }: InboxParkedSelection): SqlValue[] {
  return [inbox, ids ?? null, topic ?? null, base64OrNull(key ?? null)]
}
