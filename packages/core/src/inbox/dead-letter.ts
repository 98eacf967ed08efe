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
 * Publishes a message that has failed to the inbox's dead letters, if it has any, in the transaction that parks it. What has no room
 * is left out, and told of: the bytes and headers of the message, then its key, id and error too. All of it is parked, and must not
 * hold up its partition.
 * @throws MESSAGE_TOO_LARGE where the outbox takes less than 1 KB.
 */
export async function publishDeadLetter<Tx>(
  { deadLetters, name }: Pick<ResolvedInboxOptions<Tx>, 'deadLetters' | 'name'>,
  tx: Tx,
  failed: FailedMessage,
): Promise<void> {
  if (!deadLetters) return
  const { outbox, topic } = deadLetters
  const [whole, ...shorter] = lettersOf(name, failed)
  const publish = (letter: Letter) => outbox.publishRaw(tx, [{ topic, ...letter }])
  await shorter.reduce(
    (publishing, letter) =>
      publishing.catch((error: unknown) => {
        if (!isPigeonholeError(error, 'MESSAGE_TOO_LARGE')) throw error
        return publish(letter)
      }),
    publish(whole),
  )
}

type Letter = Pick<RawMessage, 'value' | 'headers' | 'key'>

// From all of it to the least.
function lettersOf(inbox: string, { message, failure }: FailedMessage): readonly [Letter, Letter, Letter] {
  const { key, value, headers } = deliveryOf(message)
  const about = describe(inbox, message, failure)
  const own = headers.map(([header, bytes]) => [nameOf(header), bytes] as const)
  const empty = value && Buffer.alloc(0)
  const leftOut = (what: string, bytes: Uint8Array | null) =>
    [`dead-letter-left-out-${what}`, String(bytes?.length ?? 0)] as const
  const short = about.filter(([header]) => !unbounded.has(header))
  const bytes = leftOut('bytes', value)
  return [
    { key, value, headers: [...about, ...own] },
    { key, value: empty, headers: [...about, bytes] },
    { key: null, value: empty, headers: [...short, bytes, leftOut('key-bytes', key)] },
  ]
}

/** What others say, at any length. */
const unbounded: ReadonlySet<string> = new Set(['dead-letter-message-id', 'dead-letter-error'])

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
