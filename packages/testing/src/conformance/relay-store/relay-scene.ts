import { randomUUID } from 'node:crypto'
import {
  type BucketRange,
  type Cursor,
  type GuardedTransaction,
  type Lease,
  originCursor,
  type Page,
  type PageBounds,
  type RelayBatch,
  type RelayStore,
} from '@pigeonhole/core'
import type { StoreScene } from '../store-scene.js'
import type { OpenStore } from '../store-subject.js'

/** A store that also has a relay's part, with the lease of shard 0 held. */
export interface RelayScene<Tx> {
  readonly opened: OpenStore<Tx>
  readonly relay: RelayStore
  readonly holder: string
  /** The lease's token. */
  readonly token: string
  /** Runs `work` behind the guard of shard 0. */
  guarded<R>(work: (tx: GuardedTransaction) => Promise<R>, confirmed?: number): Promise<R>
  /** Reads the page behind a cursor, by default all that there is. */
  readPage(cursor: Cursor, bounds?: Partial<PageBounds>): Promise<Page>
}

/** Room for everything. */
const wideBounds: PageBounds = { maxRows: 10_000, maxBytes: 100_000_000 }

/** One shard that owns everything. */
export const oneShard: readonly BucketRange[] = [{ first: 0, last: 255 }]

/** Two that own a half each. */
export const halves: readonly [BucketRange, BucketRange] = [
  { first: 0, last: 127 },
  { first: 128, last: 255 },
]

/** The lease of shard 0. */
export async function leaseOf(relay: RelayStore): Promise<Lease> {
  const lease = await relay.readLease(0)
  if (!lease) throw new Error('The outbox has no shard 0')
  return lease
}

/** The relay's part of a store. */
export function relayOf<Tx>({ store }: OpenStore<Tx>): RelayStore {
  if (!store.guarded)
    throw new Error('The subject says that it supports a relay, and its store has no part of one')
  return store as RelayStore
}

/** Opens a store, by default with one shard, and takes the lease of shard 0. */
export async function lead<Tx>(
  scene: StoreScene<Tx>,
  ranges: readonly BucketRange[] = oneShard,
): Promise<RelayScene<Tx>> {
  const opened = await scene.open()
  const relay = relayOf(opened)
  await relay.provideShards(ranges)
  const holder = randomUUID()
  const token = await takeOver(relay, holder)
  const guarded: RelayScene<Tx>['guarded'] = (work, confirmed = 0) =>
    relay.guarded({ shard: 0, token, confirmed }, work)
  return {
    opened,
    relay,
    holder,
    token,
    guarded,
    readPage: (cursor, bounds) => guarded((tx) => tx.readPage(cursor, { ...wideBounds, ...bounds })),
  }
}

/** Takes the lease of a shard, whoever has it, and gives it a new token. */
export async function takeOver(relay: RelayStore, holder: string, shard = 0): Promise<string> {
  const observed = await relay.readLease(shard)
  if (!observed || !(await relay.takeLease({ shard, holder, observed })))
    throw new Error('The lease was not taken')
  const token = randomUUID()
  if (!(await relay.changeToken({ shard, holder, token }))) throw new Error('The token was not changed')
  return token
}

/** A batch; its parent is named for its number. */
export function batch(number: number, given: Partial<RelayBatch> = {}): RelayBatch {
  const parent = number === 0 ? null : `token-${number - 1}`
  return { number, token: `token-${number}`, parent, cursor: originCursor, ...given }
}

/** Inserts batches 0 to `last`. */
export async function insertBatches<Tx>(
  { guarded }: RelayScene<Tx>,
  last: number,
  cursor: Cursor = originCursor,
): Promise<void> {
  await guarded(async (tx) => {
    for (let number = 0; number <= last; number++) await tx.insertBatch(batch(number, { cursor }))
  })
}

/** The ids of a page's rows. */
export function idsOf({ rows }: Page): string[] {
  return rows.map(({ id }) => id)
}
