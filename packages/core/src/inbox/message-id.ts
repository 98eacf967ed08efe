import { createHash } from 'node:crypto'
import { messageIdHeader } from '../message/headers.js'
import { type Delivery, headerText } from './delivery.js'

/** A message's identity. Ids are compared within one scope only. */
export interface MessageId {
  readonly scope: string
  readonly id: string
}

/** Finds the id of a message; undefined where it has none, and its position alone tells it from others. */
export type MessageIdResolver = (delivery: Delivery) => MessageId | string | undefined

/**
 * The id by the conventions in use: CloudEvents' `ce_source` and `ce_id`, then the headers `message-id`, `id` and
 * `MessageId`. The scope is the source of a CloudEvent, else the topic.
 */
export function conventionalMessageId(delivery: Delivery): MessageId | undefined {
  const source = headerText(delivery, 'ce_source')
  const eventId = headerText(delivery, 'ce_id')
  if (source && eventId) return { scope: source, id: eventId }
  const id = [messageIdHeader, 'id', 'MessageId'].map((name) => headerText(delivery, name)).find(Boolean)
  return id ? { scope: delivery.topic, id } : undefined
}

/**
 * What `resolver` says of `delivery`, with the topic as the default scope. An empty id is none. Of an id or scope of more
 * than 1,000 bytes its SHA-256 is taken, and so it is of one with U+0000 or half of a surrogate pair.
 */
export function resolveMessageId(resolver: MessageIdResolver, delivery: Delivery): MessageId | undefined {
  const found = resolver(delivery)
  const named = typeof found === 'string' ? { scope: delivery.topic, id: found } : found
  return named?.id ? { scope: shortened(named.scope), id: shortened(named.id) } : undefined
}

// Ids are keys of an index, which takes 2,704 bytes for inbox, scope and id together. One careless producer would hold its
// partition for ever.
const longestBytes = 1_000

function shortened(text: string): string {
  if (Buffer.byteLength(text) <= longestBytes && isStorable(text)) return text
  // With U+FFFD in the place of half a pair, different ids would become one.
  const bytes = Buffer.from(text, text.isWellFormed() ? 'utf8' : 'utf16le')
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

// PostgreSQL refuses U+0000: neither could the message be handled then, nor be parked with its id.
function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
