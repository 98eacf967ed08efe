import { isPigeonholeError } from '../errors/pigeonhole-error.js'
import { type HeaderValue, isReservedHeader } from '../message/headers.js'
import type { RawMessage } from '../outbox/compose-row.js'
import type { Outbox } from '../outbox/outbox.js'
import type { InboxFailure, ParkableMessage } from '../ports/inbox-parking.js'
import type { ResolvedInboxOptions } from './inbox-options.js'
import { deliveryOf } from './parkable-message.js'

/** Where dead letters go, and through what. */
export interface DeadLetters<Tx> {
  readonly outbox: Outbox<Tx>
  readonly topic: string
}

/** A message that has failed, and why. */
export interface FailedMessage {
  readonly message: ParkableMessage
  readonly failure: InboxFailure
}

/**
 * Publishes a message that has failed to the inbox's dead letters, if it has any, in the transaction that parks it. One that
 * has no room beside its headers is announced without its bytes, which are parked: it must not hold up its partition.
 */
export async function publishDeadLetter<Tx>(
  { deadLetters, name }: Pick<ResolvedInboxOptions<Tx>, 'deadLetters' | 'name'>,
  tx: Tx,
  { message, failure }: FailedMessage,
): Promise<void> {
  if (!deadLetters) return
  const { outbox, topic } = deadLetters
  const about = describe(name, message, failure)
  const { key, value, headers } = deliveryOf(message)
  try {
    const all = [...about, ...headers.map(([header, bytes]) => [nameOf(header), bytes] as const)]
    await outbox.publishRaw(tx, [{ topic, key, value, headers: all }])
  } catch (error) {
    if (!isPigeonholeError(error, 'MESSAGE_TOO_LARGE')) throw error
    const left: Pick<RawMessage, 'value' | 'headers'> = {
      value: value && Buffer.alloc(0),
      headers: [...about, ['dead-letter-left-out-bytes', String(value?.length ?? 0)]],
    }
    await outbox.publishRaw(tx, [{ topic, key, ...left }])
  }
}

// Ours come first: of several headers with one name the first counts.
function describe(
  inbox: string,
  { topic, partition, offset, id }: ParkableMessage,
  { code, error, attempts }: InboxFailure,
): (readonly [string, HeaderValue])[] {
  const known: (readonly [string, string | number | bigint | null | undefined])[] = [
    ['inbox', inbox],
    ['topic', topic],
    ['partition', partition],
    ['offset', offset],
    ['message-id', id?.id],
    ['attempts', attempts],
    ['error-code', code],
    ['error', error],
  ]
  return known.flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [[`dead-letter-${name}`, String(value)] as const],
  )
}

// The dead letter has an id and a trace of its own.
function nameOf(header: string): string {
  return header === '' || isReservedHeader(header) ? `original-${header}` : header
}
