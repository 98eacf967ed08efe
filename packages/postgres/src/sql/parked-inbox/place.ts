import type { ParkedPlace } from '@pigeonhole/core'
import { base64OrNull } from '../base64.js'
import type { SqlValue } from '../statement.js'

/** What is parked together, of one inbox. */
export interface PlaceParams {
  readonly inbox: string
  readonly place: ParkedPlace
}

/** $1, $2 and $3: inbox, topic and key. */
export function bindKey({ inbox, place: { topic, key } }: PlaceParams): SqlValue[] {
  return [inbox, topic, base64OrNull(key)]
}
