import type { ReceivedMessage, Verdict } from '@pigeonhole/core'
import type { ReceivedRow } from '../sql/inbox-message/receive.js'

/** What each of `messages` is, by the rows that were `received`: of two with the same id, the first is new. */
export function verdictsOf(
  messages: readonly ReceivedMessage[],
  received: readonly ReceivedRow[],
): Verdict[] {
  const left = new Set(received.flatMap((row) => (row.found === 'id' ? [nameOf(row)] : [])))
  const blocked = new Map(
    received.flatMap((row) => (row.found === 'key' ? [[hex(row.key), { parked: row.parked }] as const] : [])),
  )
  return messages.map(({ id, key }) => {
    const held = key === null ? undefined : blocked.get(hex(key))
    if (held) return held
    return id === null || left.delete(nameOf(id)) ? 'new' : 'known'
  })
}

// A zero character is in no text of PostgreSQL's.
function nameOf({ scope, id }: { readonly scope: string; readonly id: string }): string {
  return `${scope}\0${id}`
}

function hex(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('hex')
}
