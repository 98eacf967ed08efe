import {
  type BucketRange,
  type Cursor,
  type Guard,
  type Lease,
  originCursor,
  type ParkingStore,
  PigeonholeError,
  type RelayStore,
} from '@pigeonhole/core'
import {
  allBuckets,
  freshLease,
  type MemoryDatabase,
  type ShardEntry,
  shardRow,
  summaryOf,
} from './memory-database.js'
import { MemoryGuardedTransaction } from './memory-guarded-transaction.js'
import { memoryParkingStore, parkingStatus } from './memory-parking-store.js'
import { look } from './memory-parking-transaction.js'
import { changeShards } from './memory-shard-map.js'
import type { MemoryTransaction } from './memory-transaction.js'
import { isVisible } from './snapshot.js'

/** The relay's part of a memory store. */
export function memoryRelay(database: MemoryDatabase): RelayStore {
  return {
    ...leases(database),
    ...shardMap(database),
    ...reads(database),
    ...memoryParkingStore(database),
    lookAtParking: async (shard) =>
      look(database, { shard, buckets: database.shards.get(String(shard))?.buckets ?? null }),
    guarded: (guard, work) =>
      database.transact(async (tx) => {
        return work(new MemoryGuardedTransaction(database, tx, await passGuard(database, { tx, guard })))
      }),
  }
}

type LeaseMethods = Pick<
  RelayStore,
  'readLease' | 'takeLease' | 'seizeLease' | 'renewLease' | 'releaseLease' | 'changeToken'
>

type MapMethods = Pick<RelayStore, 'provideShards' | 'readShards' | 'changeShards'>

function shardMap(database: MemoryDatabase): MapMethods {
  return {
    provideShards: (ranges: readonly BucketRange[]): Promise<void> =>
      database.transact(async (tx) => {
        await database.locks.acquire(tx, shardRow(0))
        if (database.shards.get('0')) return
        for (const [shard, buckets] of ranges.entries())
          database.shards.set(tx, String(shard), { ...freshLease, shard, buckets, origin: null })
      }),
    changeShards: (change) => database.transact((tx) => changeShards(database, { tx, change })),
    readShards: async () =>
      database.shardMap().map(({ shard, buckets, holder }) => ({ shard, buckets, holder })),
  }
}

function leases(database: MemoryDatabase): LeaseMethods {
  return {
    async readLease(shard: number): Promise<Lease | null> {
      const entry = database.shards.get(String(shard))
      if (!entry?.buckets) return null
      const { holder, token, renewal, confirmed } = entry
      return { holder, token, renewal, confirmed }
    },
    takeLease: ({ shard, holder, observed }) =>
      changeLease(database, {
        shard,
        change: (lease) =>
          isSame(lease, observed) && { ...lease, holder, token: null, renewal: lease.renewal + 1 },
      }),
    async seizeLease({ shard, holder }): Promise<void> {
      await changeLease(database, {
        shard,
        change: (lease) => ({ ...lease, holder, token: null, renewal: lease.renewal + 1 }),
      })
    },
    renewLease: ({ shard, holder }) =>
      changeLease(database, {
        shard,
        change: (lease) => lease.holder === holder && { ...lease, renewal: lease.renewal + 1 },
      }),
    async releaseLease({ shard, holder }): Promise<void> {
      await changeLease(database, {
        shard,
        change: (lease) =>
          lease.holder === holder && { ...lease, holder: null, token: null, renewal: lease.renewal + 1 },
      })
    },
    changeToken: ({ shard, holder, token }) =>
      changeLease(database, { shard, change: (lease) => lease.holder === holder && { ...lease, token } }),
  }
}

interface LeaseChange {
  readonly shard: number
  /** The lease as it becomes, or false to leave it. */
  readonly change: (lease: Lease) => Lease | false
}

function changeLease(database: MemoryDatabase, { shard, change }: LeaseChange): Promise<boolean> {
  return database.transact(async (tx) => {
    await database.locks.acquire(tx, shardRow(shard))
    const entry = database.shards.get(String(shard))
    const changed = entry && change(entry)
    if (entry && changed) database.shards.set(tx, String(shard), { ...entry, ...changed })
    return Boolean(changed)
  })
}

function isSame(a: Lease, b: Lease): boolean {
  return a.holder === b.holder && a.token === b.token && a.renewal === b.renewal
}

interface PassGuard {
  readonly tx: MemoryTransaction
  readonly guard: Guard
}

async function passGuard({ locks, shards }: MemoryDatabase, { tx, guard }: PassGuard): Promise<ShardEntry> {
  const { shard, token, confirmed } = guard
  await locks.acquire(tx, shardRow(shard))
  const entry = shards.get(String(shard))
  if (!entry || entry.token !== token) throw leaseLost(shard)
  shards.set(tx, String(shard), { ...entry, confirmed: Math.max(entry.confirmed, confirmed) })
  return entry
}

function leaseLost(shard: number): PigeonholeError {
  return new PigeonholeError('LEASE_LOST', {
    message: `The lease of shard ${shard} has another token: another relay has taken it. This one is a standby now`,
    details: { shard },
    retryable: true,
  })
}

function reads(
  database: MemoryDatabase,
): Omit<
  RelayStore,
  keyof LeaseMethods | keyof MapMethods | keyof ParkingStore | 'lookAtParking' | 'guarded'
> {
  const recorded = () => database.identity.get('relay') ?? null
  const beginningOf = (shard: number) => database.confirmedCursor(shard) ?? originCursor
  const ownedBy = (shard: number) => database.shards.get(String(shard))?.buckets ?? null
  return {
    async checkServer(): Promise<void> {},
    readIdentity: async () => ({ recorded: recorded(), systemIdentifier: database.systemIdentifier }),
    // Never long enough to go no further.
    lookForMessages: async (shard, cursor) =>
      database.uncovered(ownedBy(shard), cursor).length > 0 ? 'messages' : 'nothing',
    readSnapshot: async () => database.snapshot(),
    readConfirmedCursor: async (shard) => database.confirmedCursor(shard),
    hasBatch: async (shard, { number, token }) =>
      database.batchesOf(shard).some((batch) => batch.number === number && batch.token === token),
    isCovered: async (shard: number, snapshot: string, cursor: Cursor) =>
      !database.uncovered(ownedBy(shard), cursor).some(({ xid }) => isVisible(xid, snapshot)),
    async readStatus() {
      const pending = database
        .shardMap()
        .flatMap(({ shard, buckets }) => database.uncovered(buckets, beginningOf(shard)))
      const all = database.shardMap().length === 0 ? database.uncovered(allBuckets, originCursor) : pending
      const parking = parkingStatus(database)
      return { identity: recorded(), shards: database.shardStatus(), ...summaryOf(all), parking }
    },
  }
}
