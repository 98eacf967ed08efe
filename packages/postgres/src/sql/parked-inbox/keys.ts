import { base64OrNull, bytesFromBase64 } from '../base64.js'
import { text } from '../decode.js'
import type { SqlRow, SqlValue } from '../statement.js'

/** A key of a topic. */
export interface BlockedKey {
  readonly topic: string
  readonly key: Uint8Array
}

/** Keys of an inbox. */
export interface KeysParams {
  readonly inbox: string
  readonly keys: readonly BlockedKey[]
}

/** Keys as rows of two parameters, $`first` and the next. */
export function givenKeys(first: number): string {
  return `SELECT topic, decode(key, 'base64') AS key FROM unnest($${first}::text[], $${first + 1}::text[]) AS given (topic, key)`
}

/** The parameters of {@link givenKeys}. */
export function bindKeys(keys: readonly BlockedKey[]): SqlValue[] {
  return [keys.map(({ topic }) => topic), keys.map(({ key }) => base64OrNull(key))]
}

/** The columns of a blocked key called `blocked`. */
export const blockedKeyColumns = "blocked.topic, encode(blocked.key, 'base64') AS key_text"

export function decodeBlockedKey(row: SqlRow): BlockedKey {
  return { topic: text(row, 'topic'), key: bytesFromBase64(text(row, 'key_text')) }
}
