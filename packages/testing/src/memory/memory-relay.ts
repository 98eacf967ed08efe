import {
  type Cursor,
  type Guard,
  type Lease,
  originCursor,
  PigeonholeError,
  type RelayStore,
} from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import { MemoryGuardedTransaction } from './memory-guarded-transaction.js'
import type { MemoryTransaction } from './memory-transaction.js'
import { isVisible } from './snapshot.js'

/** The relay's part of a memory store. */
export function memoryRelay(database: MemoryDatabase): RelayStore {
  return {
    ...leases(database),
    ...reads(database),
    guarded: (guard, work) =>
      database.transact(async (tx) => {
        await passGuard(database, { tx, guard })
        return work(new MemoryGuardedTransaction(database, tx, guard.shard))
      }),
  }
}

type LeaseMethods = Pick<
  RelayStore,
  'readLease' | 'takeLease' | 'renewLease' | 'releaseLease' | 'changeToken'
>

const freshLease: Lease = { holder: null, token: null, renewal: 0, confirmed: 0 }

function leases(database: MemoryDatabase): LeaseMethods {
  return {
    async readLease(shard: number): Promise<Lease> {
      if (!database.shards.get(String(shard)))
        await changeLease(database, { shard, change: (lease) => lease })
      const { holder, token, renewal, confirmed } = database.shards.get(String(shard)) ?? freshLease
      return { holder, token, renewal, confirmed }
    },
    takeLease: ({ shard, holder, observed }) =>
      changeLease(database, {
        shard,
        change: (lease) =>
          isSame(lease, observed) && { ...lease, holder, token: null, renewal: lease.renewal + 1 },
      }),
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
    const changed = change(database.shards.get(String(shard)) ?? freshLease)
    if (changed) database.shards.set(tx, String(shard), { ...changed, shard })
    return changed !== false
  })
}

function isSame(a: Lease, b: Lease): boolean {
  return a.holder === b.holder && a.token === b.token && a.renewal === b.renewal
}

function shardRow(shard: number): string {
  return `shard/${shard}`
}

interface PassGuard {
  readonly tx: MemoryTransaction
  readonly guard: Guard
}

async function passGuard({ locks, shards }: MemoryDatabase, { tx, guard }: PassGuard): Promise<void> {
  const { shard, token, confirmed } = guard
  await locks.acquire(tx, shardRow(shard))
  const lease = shards.get(String(shard))
  if (!lease || lease.token !== token) throw leaseLost(shard)
  shards.set(tx, String(shard), { ...lease, confirmed: Math.max(lease.confirmed, confirmed) })
}

function leaseLost(shard: number): PigeonholeError {
  return new PigeonholeError('LEASE_LOST', {
    message: `The lease of shard ${shard} has another token: another relay has taken it. This one is a standby now`,
    details: { shard },
    retryable: true,
  })
}

function reads(database: MemoryDatabase): Omit<RelayStore, keyof LeaseMethods | 'guarded'> {
  const recorded = () => database.identity.get('relay') ?? null
  return {
    async checkServer(): Promise<void> {},
    readIdentity: async () => ({ recorded: recorded(), systemIdentifier: database.systemIdentifier }),
    hasMessages: async (cursor) => database.uncovered(cursor).length > 0,
    readSnapshot: async () => database.snapshot(),
    readConfirmedCursor: async (shard) => database.confirmedCursor(shard),
    isCovered: async (snapshot: string, cursor: Cursor) =>
      !database.uncovered(cursor).some(({ xid }) => isVisible(xid, snapshot)),
    async readStatus() {
      const pending = database.uncovered(database.confirmedCursor(0) ?? originCursor)
      const oldest = pending.map(({ createdAt }) => createdAt).sort((a, b) => a - b)[0]
      return {
        identity: recorded(),
        shards: database.shardStatus(),
        pending: pending.length,
        oldestAgeSeconds: oldest === undefined ? null : (performance.now() - oldest) / 1000,
      }
    },
  }
}
