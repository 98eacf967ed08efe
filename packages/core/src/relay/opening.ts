import { randomUUID } from 'node:crypto'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { ShardProducer } from '../ports/relay-publisher.js'
import {
  type Cursor,
  originCursor,
  type RelayBatch,
  type RelayIdentity,
  type ShardFacts,
} from '../ports/relay-store.js'
import type { ResolvedRelayOptions } from './relay-options.js'
import { checkpointPartitionsOf } from './shard-map.js'
import { assertNoHistory, assertSameIdentity, decideStartUp, lastBatchOf } from './start-up-table.js'

/** A shard whose predecessors are fenced and settled, and where it goes on. */
export interface OpenShard {
  readonly shard: number
  /** Guards everything that this opening writes. */
  readonly token: string
  readonly producer: ShardProducer
  /** The last batch that Kafka has committed. */
  readonly confirmed: RelayBatch
  readonly genesis: boolean
  /** Whether anything of the shard is parked or paused. */
  readonly parked: boolean
}

type OpeningOptions = Pick<ResolvedRelayOptions, 'name' | 'store' | 'publisher' | 'clock'>

/** The shard whose genesis is the outbox's. */
export const firstShard = 0

const absenceMs = 5_000
const lookPauseMs = 250

/**
 * Opens a shard whose lease is held by `holder`. When it resolves, no predecessor can commit anything any more, in
 * PostgreSQL (the token has changed) or in Kafka (a newer producer has the transactional id), and both sides agree on
 * the last batch.
 * @throws every code of the start-up table, and whatever makes a store or a broker unusable.
 */
export async function openShard(options: OpeningOptions, shard: number, holder: string): Promise<OpenShard> {
  const { store, publisher, name } = options
  await store.checkServer()
  const token = randomUUID()
  if (!(await store.changeToken({ shard, holder, token }))) throw leaseTaken(shard)
  const { clusterId } = await publisher.connect(name)
  const { recorded, systemIdentifier } = await store.readIdentity()
  const identity: RelayIdentity = { relay: name, clusterId, systemIdentifier }
  assertSameIdentity(recorded ?? (await recordedByFirst(options, shard)), identity)
  await provideCheckpointTopic(options, shard, token)
  const producer = await publisher.fence(name, shard)
  try {
    return await agree(options, { shard, token, producer, identity })
  } catch (error) {
    await producer.close()
    throw error
  }
}

// Of copies of a database that no relay has ever opened, one may go on: the one whose batch 0 comes first in the partition of
// shard 0. Its other shards begin behind that. Each for itself, shards of two copies could both begin, with the same messages.
async function recordedByFirst(
  { store, clock }: OpeningOptions,
  shard: number,
): Promise<RelayIdentity | null> {
  if (shard === firstShard) return null
  const until = clock.now() + absenceMs
  do {
    await clock.sleep(lookPauseMs)
    const { recorded } = await store.readIdentity()
    if (recorded) return recorded
  } while (clock.now() < until)
  throw new PigeonholeError('FIRST_SHARD_UNOPENED', {
    message: `Nothing was ever sent from this outbox, and shard ${shard} begins once shard 0 has begun, which has not been opened yet`,
    details: { shard },
    retryable: true,
  })
}

// The topic is made at genesis only: where the database remembers batches, a missing topic is a lost one. A shard whose
// topic is lost halts for good, and a broker that has just come up may not know its topics yet: there only an absence
// that lasts is one.
async function provideCheckpointTopic(options: OpeningOptions, shard: number, token: string): Promise<void> {
  const { store, publisher, name } = options
  const shards = checkpointPartitionsOf(await store.readShards())
  if (await publisher.hasCheckpointTopic(name, shards)) return
  const facts = await store.guarded({ shard, token, confirmed: 0 }, (tx) => tx.readFacts())
  if (lastBatchOf(facts) > 0 && (await appears(options, shards))) return
  assertNoHistory(shard, facts)
  await publisher.createCheckpointTopic(name, shards)
}

async function appears({ publisher, clock, name }: OpeningOptions, shards: number): Promise<boolean> {
  const until = clock.now() + absenceMs
  do {
    await clock.sleep(lookPauseMs)
    if (await publisher.hasCheckpointTopic(name, shards)) return true
  } while (clock.now() < until)
  return false
}

interface Fenced {
  readonly shard: number
  readonly token: string
  readonly producer: ShardProducer
  readonly identity: RelayIdentity
}

async function agree({ store }: OpeningOptions, fenced: Fenced): Promise<OpenShard> {
  const { shard, token, producer, identity } = fenced
  const checkpoint = await producer.readCheckpoint()
  const agreed = await store.guarded({ shard, token, confirmed: 0 }, async (tx) => {
    const facts = await tx.readFacts()
    const startUp = decideStartUp({ shard, identity, facts, checkpoint })
    await tx.agree()
    if (startUp.kind === 'resume') {
      await tx.writeIdentity(identity)
      // With the batches behind it goes what else tells that Kafka has had it: should Kafka lose it before the next guarded
      // transaction, an older batch of its would look like one that the database has lost.
      await tx.confirm(startUp.from.number)
      await tx.deleteOtherBatches(startUp.from)
      if (startUp.from.releases) await tx.applyReleases(startUp.from.releases)
      return { confirmed: startUp.from, genesis: false, parked: await tx.openParking() }
    }
    const first: RelayBatch = { number: 0, token: randomUUID(), parent: null, cursor: beginning(facts) }
    await tx.deleteOtherBatches(null)
    await tx.insertBatch(first)
    return { confirmed: first, genesis: true, parked: await tx.openParking() }
  })
  const { confirmed, genesis } = agreed
  if (genesis) {
    await producer.begin({ number: confirmed.number, token: confirmed.token })
    await producer.commit()
    // Only now: a copy whose batch 0 Kafka does not have is nobody yet.
    await store.guarded({ shard, token, confirmed: 0 }, (tx) => tx.writeIdentity(identity))
  }
  return { shard, token, producer, ...agreed }
}

/** Where a shard begins: what lies before its origin was sent by the shards that owned its buckets then. */
export function beginning({ origin }: ShardFacts): Cursor {
  return origin === null ? originCursor : { ...originCursor, from: origin }
}

/** The error of a lease that went to another process. */
export function leaseTaken(shard: number): PigeonholeError {
  return new PigeonholeError('LEASE_LOST', {
    message: `The lease of shard ${shard} was taken by another process. This relay is a standby now`,
    details: { shard },
    retryable: true,
  })
}
