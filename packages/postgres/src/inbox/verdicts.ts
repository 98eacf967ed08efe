import type { ReceivedMessage, Verdict } from '@pigeonhole/core'
import type { InboxMessageId } from '../sql/inbox-message/receive.js'
import type { ParkedCount } from '../sql/parked-inbox/count.js'

/** What is told of messages that were received: the ids that are new, the keys that are blocked, and ids that are known of those. */
export interface Told {
  readonly ids: readonly InboxMessageId[]
  readonly parked: readonly ParkedCount[]
  readonly known: readonly InboxMessageId[]
}

/** What each of `messages` is, by what is `told`: of two with the same id, the first is new. */
export function verdictsOf(messages: readonly ReceivedMessage[], { ids, parked, known }: Told): Verdict[] {
  const left = new Set(ids.map(nameOf))
  const repeats = new Set(known.map(nameOf))
  const blocked = new Map(parked.map((key) => [hex(key.key), { parked: key.parked }] as const))
  return messages.map(({ id, key }) => {
    const held = key === null || blocked.size === 0 ? undefined : blocked.get(hex(key))
    if (held) return id !== null && repeats.has(nameOf(id)) ? 'known' : held
    return id === null || left.delete(nameOf(id)) ? 'new' : 'known'
  })
}

// A zero character is in no text of PostgreSQL's.
function nameOf({ scope, id }: InboxMessageId): string {
  return `${scope}\0${id}`
}

function hex(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('hex')
}
