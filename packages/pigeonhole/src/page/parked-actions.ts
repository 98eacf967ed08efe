import type { ParkedSelection } from '@pigeonhole/core'
import type { PostgresStore } from '@pigeonhole/postgres'
import { formatKey } from '../commands/parked/format-parked.js'
import { inboxSide, type ListedMessage, outboxSide, type ParkedSide } from '../commands/parked/side.js'
import type { ParkedLot, ParkedRef } from './browser/parked-lot.js'

/** Most messages that are decided on at once. */
const lotSize = 1_000

/** What the page does with what is parked, as the commands `pigeonhole parked` do it. */
export interface ParkedActions {
  /** What is parked with this message: those of its key, or itself alone; null where it is not parked any more. */
  readonly readLot: (ref: ParkedRef) => Promise<ParkedLot | null>
  /** Its payload as text; null where it is not parked any more. */
  readonly readPayload: (ref: ParkedRef) => Promise<string | null>
  /** Has those messages sent, or handled, again. Resolves to what was done, in a sentence. */
  readonly retry: (ref: ParkedRef) => Promise<string>
  /** Deletes no others than these. Resolves to what was done, in a sentence. */
  readonly discard: (inbox: string | null, ids: readonly string[]) => Promise<string>
}

/** Actions on the parked messages of a store. */
export function parkedActions(store: PostgresStore): ParkedActions {
  const sideOf = (inbox: string | null) => (inbox === null ? outboxSide(store) : inboxSide(store, inbox))
  return {
    async readLot({ inbox, id }) {
      const side = sideOf(inbox)
      const selection = await lotOf(side, id)
      if (!selection) return null
      const messages = await side.listMessages(selection, lotSize)
      return { messages: messages.map(messageOf) }
    },
    async readPayload({ inbox, id }) {
      const message = await sideOf(inbox).readMessage(id)
      if (!message) return null
      return message.payload === null
        ? 'A tombstone: no payload.'
        : Buffer.from(message.payload).toString('utf8')
    },
    async retry({ inbox, id }) {
      const side = sideOf(inbox)
      const selection = await lotOf(side, id)
      if (!selection) return `Nothing is left of it: it was ${side.done} or discarded meanwhile.`
      return (await side.retry(selection)).text.trim()
    },
    async discard(inbox, ids) {
      return (await sideOf(inbox).discard({ ids })).text.trim()
    },
  }
}

async function lotOf(side: ParkedSide, id: string): Promise<ParkedSelection | null> {
  const message = await side.readMessage(id)
  if (!message) return null
  return message.key === null ? { ids: [id] } : { topic: message.topic, key: message.key }
}

function messageOf({ id, messageId, topic, key, bytes, parkedAt, errorCode, error }: ListedMessage) {
  const why = errorCode === null ? error : `${errorCode}: ${error}`
  return { id, messageId: messageId ?? '-', topic, key: formatKey(key), bytes, parkedAt, why }
}
