import type {
  ClaimTerms,
  DueMessage,
  InboxFailure,
  ParkableMessage,
  ParkedPlace,
  ParkTerms,
  Verdict,
} from '@pigeonhole/core'
import type { OpenStore } from '../store-subject.js'

/** Whose messages are parked. */
export const inbox = 'inbox'

/** Bytes that are no text. */
export const key: Uint8Array = Uint8Array.of(0x6b, 0xff, 0x00)

/** Why a message is parked. */
export const failure: InboxFailure = { code: 'NO_CUSTOMER', error: 'no such customer', attempts: 5 }

/** Claims that outlast their test. */
export const terms: ClaimTerms = {
  topics: ['orders'],
  leaseMs: 3_600_000,
  backoff: { initialMs: 1, maxMs: 3_600_000 },
  alone: true,
}

/** Where messages of {@link key} are parked. */
export const place: ParkedPlace = { topic: 'orders', key, id: null }

const atOnce: ParkTerms = { failure, retryMs: 0 }

/** A message of {@link key}. */
export function message(given: Partial<ParkableMessage> = {}): ParkableMessage {
  return {
    topic: 'orders',
    partition: 3,
    offset: 2n ** 60n,
    key,
    id: { scope: '/shop', id: 'id-1' },
    headers: [
      ['twice', 'a'],
      ['twice', { base64: '/w==' }],
    ],
    payload: Uint8Array.of(0, 255, 10),
    createdAt: new Date(1_700_000_000_123),
    ...given,
  }
}

/** Messages of {@link key} that follow one another. */
export function offsets(...of: readonly number[]): ParkableMessage[] {
  return of.map((offset) => message({ offset: BigInt(offset), id: { scope: 'orders', id: `id-${offset}` } }))
}

/** Runs `work` in a transaction that commits. */
export async function within<Tx, R>(opened: OpenStore<Tx>, work: (tx: Tx) => Promise<R>): Promise<R> {
  const { tx, commit } = await opened.begin()
  const result = await work(tx)
  await commit()
  return result
}

/** Parks a message in a transaction of its own. */
export function park<Tx>(
  opened: OpenStore<Tx>,
  what: ParkableMessage = message(),
  how: ParkTerms = atOnce,
): Promise<void> {
  return within(opened, (tx) => opened.store.parking.parkFailed(tx, inbox, what, how))
}

/** Parks messages behind others of their key, in a transaction of its own. */
export function parkBehind<Tx>(opened: OpenStore<Tx>, ...of: readonly number[]): Promise<void> {
  return within(opened, (tx) => opened.store.parking.parkBehind(tx, inbox, offsets(...of)))
}

/** What messages of these keys, with ids of their own, are to an inbox. */
export function verdicts<Tx>(
  opened: OpenStore<Tx>,
  tx: Tx,
  keys: readonly (Uint8Array | null)[],
): Promise<Verdict[] | undefined> {
  return opened.store.receiveMessages(tx, inbox, {
    topic: 'orders',
    range: undefined,
    messages: keys.map((given, i) => ({ id: { scope: 'orders', id: `new-${i}` }, key: given })),
  })
}

/** What is due. */
export async function claim<Tx>(opened: OpenStore<Tx>): Promise<ParkedPlace | undefined> {
  const found = await opened.store.parking.claimDue(inbox, terms)
  if (found === 'suspect') throw new Error('It is left although nothing else is handled')
  if (found && 'killer' in found) throw new Error('It is claimed as a killer')
  return found && { ...found, key: found.key && Uint8Array.from(found.key) }
}

/** Claims a killer, whatever it is claimed for, and gives it to an operator, as a worker does. */
export async function claimKiller<Tx>(opened: OpenStore<Tx>, claims: ClaimTerms): Promise<DueMessage> {
  const { parking } = opened.store
  const found = await parking.claimDue(inbox, claims)
  if (typeof found !== 'object' || !('killer' in found)) throw new Error('No killer is claimed')
  return within(opened, async (tx) => {
    const due = (await parking.readDue(tx, inbox, found.killer)) as DueMessage
    await parking.noteFailure(tx, inbox, due, { ...failure, code: 'MESSAGE_KILLS_PROCESS', waits: true })
    return due
  })
}

/** Reads what is parked somewhere, in a transaction of its own. */
export function read<Tx>(opened: OpenStore<Tx>, at: ParkedPlace = place): Promise<DueMessage | undefined> {
  return within(opened, (tx) => opened.store.parking.readDue(tx, inbox, at))
}

/** Removes what is parked somewhere, as a worker does before its handler. */
export async function remove<Tx>(opened: OpenStore<Tx>, tx: Tx, at: ParkedPlace = place): Promise<void> {
  const { parking } = opened.store
  await parking.removeDue(tx, inbox, (await parking.readDue(tx, inbox, at)) as DueMessage)
}
