import {
  type BucketRange,
  type Cursor,
  type Guard,
  type GuardedTransaction,
  type Lease,
  type ParkingStore,
  PigeonholeError,
  type RelayStore,
} from '@pigeonhole/core'
import { sqlParkingStore } from '../parking/sql-parking-store.js'
import { changeShards } from '../relay/change-shards.js'
import { checkServer } from '../relay/check-server.js'
import { SqlGuardedTransaction } from '../relay/guarded-transaction.js'
import { readStatus } from '../relay/read-status.js'
import { existsUncoveredMessageInSnapshot } from '../sql/outbox-message/exists-uncovered-in-snapshot.js'
import { lookForUncoveredMessage } from '../sql/outbox-message/look-for-uncovered.js'
import { lookAtParking } from '../sql/parked-message/look.js'
import { existsRelayBatch } from '../sql/relay-batch/exists.js'
import { selectConfirmedRelayBatch } from '../sql/relay-batch/select-confirmed.js'
import { selectRelayIdentity } from '../sql/relay-identity/select.js'
import { changeRelayShardToken } from '../sql/relay-shard/change-token.js'
import { confirmRelayShard } from '../sql/relay-shard/confirm.js'
import { insertRelayShards } from '../sql/relay-shard/insert.js'
import { releaseRelayShardLease } from '../sql/relay-shard/release-lease.js'
import { renewRelayShardLease } from '../sql/relay-shard/renew-lease.js'
import { seizeRelayShardLease } from '../sql/relay-shard/seize-lease.js'
import { selectRelayShard } from '../sql/relay-shard/select.js'
import { selectShardMap } from '../sql/relay-shard/select-map.js'
import { takeRelayShardLease } from '../sql/relay-shard/take-lease.js'
import { selectSnapshot } from '../sql/server/select-snapshot.js'
import { selectSystemIdentifier } from '../sql/server/select-system-identifier.js'
import { run, runForOne, type Statement } from '../sql/statement.js'
import type { PgSessions } from './pg-sessions.js'

/** What a relay needs of PostgreSQL, over a pool of node-postgres. */
export function pgRelayStore(sessions: PgSessions): RelayStore {
  return {
    ...leases(sessions),
    ...map(sessions),
    ...reads(sessions),
    ...sqlParkingStore(sessions),
    lookAtParking: (shard) => sessions.read((session) => runForOne(session, lookAtParking, shard)),
    guarded: (guard, work) => runGuarded(sessions, { guard, work }),
  }
}

type LeaseMethods = Pick<
  RelayStore,
  'readLease' | 'takeLease' | 'seizeLease' | 'renewLease' | 'releaseLease' | 'changeToken'
>

function leases(sessions: PgSessions): LeaseMethods {
  return {
    async readLease(shard: number): Promise<Lease | null> {
      const [found] = await sessions.read((session) => run(session, selectRelayShard, shard))
      return found?.buckets ? found.lease : null
    },
    takeLease: (request) => changesRow(sessions, takeRelayShardLease, request),
    async seizeLease(request): Promise<void> {
      await sessions.write((session) => run(session, seizeRelayShardLease, request))
    },
    renewLease: (request) => changesRow(sessions, renewRelayShardLease, request),
    async releaseLease(request): Promise<void> {
      await sessions.write((session) => run(session, releaseRelayShardLease, request))
    },
    changeToken: (request) => changesRow(sessions, changeRelayShardToken, request),
  }
}

type MapMethods = Pick<RelayStore, 'provideShards' | 'readShards' | 'changeShards'>

async function changesRow<Params>(
  sessions: PgSessions,
  statement: Statement<Params, null>,
  params: Params,
): Promise<boolean> {
  const rows = await sessions.write((session) => run(session, statement, params))
  return rows.length > 0
}

function map(sessions: PgSessions): MapMethods {
  return {
    async provideShards(ranges: readonly BucketRange[]): Promise<void> {
      await sessions.write((session) => run(session, insertRelayShards, ranges))
    },
    changeShards: (change) => sessions.write((session) => changeShards(session, change)),
    readShards: () => sessions.read((session) => run(session, selectShardMap, null)),
  }
}

type OtherMethods = keyof LeaseMethods | keyof MapMethods | keyof ParkingStore | 'lookAtParking' | 'guarded'

function reads(sessions: PgSessions): Omit<RelayStore, OtherMethods> {
  return {
    checkServer: () => sessions.read((session) => checkServer(session, sessions.schema)),
    readIdentity: () =>
      sessions.read(async (session) => {
        const [recorded = null] = await run(session, selectRelayIdentity, null)
        return { recorded, systemIdentifier: await runForOne(session, selectSystemIdentifier, null) }
      }),
    lookForMessages: (shard, cursor) =>
      sessions.read((session) => runForOne(session, lookForUncoveredMessage, { shard, cursor })),
    readSnapshot: () => sessions.read((session) => runForOne(session, selectSnapshot, null)),
    async readConfirmedCursor(shard: number): Promise<Cursor | null> {
      const [batch] = await sessions.read((session) => run(session, selectConfirmedRelayBatch, shard))
      return batch?.cursor ?? null
    },
    hasBatch: (shard, { number, token }) =>
      sessions.read((session) => runForOne(session, existsRelayBatch, { shard, number, token })),
    async isCovered(shard: number, snapshot: string, cursor: Cursor): Promise<boolean> {
      const params = { shard, snapshot, cursor }
      return !(await sessions.read((session) => runForOne(session, existsUncoveredMessageInSnapshot, params)))
    },
    readStatus: () => sessions.read(readStatus),
  }
}

interface Guarded<R> {
  readonly guard: Guard
  readonly work: (tx: GuardedTransaction) => Promise<R>
}

function runGuarded<R>(sessions: PgSessions, { guard, work }: Guarded<R>): Promise<R> {
  return sessions.write(async (session) => {
    const [held] = await run(session, confirmRelayShard, guard)
    if (!held) throw leaseLost(guard.shard)
    return work(new SqlGuardedTransaction(session, { shard: guard.shard, ...held }))
  })
}

function leaseLost(shard: number): PigeonholeError {
  return new PigeonholeError('LEASE_LOST', {
    message: `The lease of shard ${shard} has another token: another relay has taken it. This one is a standby now`,
    details: { shard },
    retryable: true,
  })
}
