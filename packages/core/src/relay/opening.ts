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
  assertSameIdentity(recorded, identity)
  await provideCheckpointTopic(options, shard, token)
  const producer = await publisher.fence(name, shard)
  try {
    return await agree(options, { shard, token, producer, identity })
  } catch (error) {
    await producer.close()
    throw error
  }
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
    await tx.writeIdentity(identity)
    await tx.agree()
    if (startUp.kind === 'resume') {
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
