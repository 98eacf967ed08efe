import type { InboxMessageId, ReceivedRow } from '../sql/inbox-message/receive.js'

/** Whether each of `ids` is among the `received` ones: of two that are equal, the first. */
export function areNew(ids: readonly InboxMessageId[], received: readonly ReceivedRow[]): boolean[] {
  const left = new Set(received.map(nameOf))
  return ids.map((id) => left.delete(nameOf(id)))
}

// A zero character is in no text of PostgreSQL's.
function nameOf({ scope, id }: ReceivedRow): string {
  return `${scope}\0${id}`
}
