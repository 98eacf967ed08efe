import type { Position } from '@pigeonhole/core'
import type { SqlValue } from '../statement.js'

/** A place in a log, for an inbox. */
export interface ClaimParams {
  readonly inbox: string
  readonly position: Position
}

/** Binds `$1` to `$4`: inbox, topic, partition and offset. */
export function bindClaim({ inbox, position }: ClaimParams): readonly SqlValue[] {
  const { topic, partition, offset } = position
  return [inbox, topic, partition, String(offset)]
}
