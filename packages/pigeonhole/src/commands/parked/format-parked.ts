import type { ParkedGroup } from '@pigeonhole/core'
import { isPrintable, table } from '../table.js'
import type { ListedMessage, ListedMessageContent } from './side.js'

// With no space at an end or beside another, which nobody sees in a table.
const words = /^\S+( \S+)*$/u

/** A key as an operator can give it back: as text where it is printable UTF-8, else as `hex:` and its digits. */
export function formatKey(key: Uint8Array | null): string {
  if (key === null) return '-'
  const bytes = Buffer.from(key)
  const text = bytes.toString('utf8')
  const isText = words.test(text) && isPrintable(text) && !text.includes('\ufffd')
  const isTaken = text === '-' || text.startsWith('hex:')
  return isText && !isTaken ? text : `hex:${bytes.toString('hex')}`
}

/** What is parked or paused, a line each. */
export function formatGroups(groups: readonly ParkedGroup[]): string {
  if (groups.length === 0) return 'Nothing is parked, and no topic is paused.\n'
  const head = ['what', 'topic', 'key', 'id', 'messages', 'attempts', 'since', 'again', 'why']
  const rows = groups.map(({ kind, topic, key, id, messages, attempts, since, retryAt, ...why }) => [
    kind,
    topic,
    formatKey(key),
    id ?? '-',
    String(messages),
    String(attempts),
    since,
    retryAt ?? 'when told',
    why.errorCode ?? why.error,
  ])
  return `${table(head, rows).join('\n')}\n`
}

/** Parked messages, a line each, the oldest first. */
export function formatMessages(messages: readonly ListedMessage[]): string {
  if (messages.length === 0) return 'Nothing is parked that matches.\n'
  const head = ['id', 'message-id', 'topic', 'key', 'bytes', 'parked', 'why']
  const rows = messages.map(({ id, messageId, topic, key, bytes, parkedAt, errorCode, error }) => [
    id,
    messageId ?? '-',
    topic,
    formatKey(key),
    String(bytes),
    parkedAt,
    errorCode ?? error,
  ])
  return `${table(head, rows).join('\n')}\n`
}

/** One parked message, without its payload. */
export function formatMessage({ payload, headers, ...message }: ListedMessageContent): string {
  const fields = [
    ...Object.entries({ ...message, key: formatKey(message.key) }),
    ['headers', headers.map(([name]) => name).join(', ') || '-'],
    ['payload', payload === null ? 'none: a tombstone' : `${payload.length} bytes, shown by --payload`],
  ]
  return `${table(
    ['field', 'value'],
    fields.map(([name, value]) => [String(name), String(value ?? '-')]),
  ).join('\n')}\n`
}

/** One parked message for JSON, without what is shown only when it is asked for: its payload, and what its headers say. */
export function withoutPayload({ payload, headers, ...message }: ListedMessageContent): object {
  const payloadBytes = payload?.length ?? null
  return { ...message, headers: headers.map(([name]) => name), payloadBytes }
}

/** A value for JSON: bytes as base64, and numbers that it cannot hold as text. */
export function toJson(value: unknown): string {
  const bytesAsText = (_: string, member: unknown): unknown => {
    if (typeof member === 'bigint') return String(member)
    const buffer = member as { readonly type?: unknown; readonly data?: unknown } | null
    if (buffer?.type === 'Buffer') return { base64: Buffer.from(buffer.data as number[]).toString('base64') }
    return member instanceof Uint8Array ? { base64: Buffer.from(member).toString('base64') } : member
  }
  return `${JSON.stringify(value, bytesAsText, 2)}\n`
}
