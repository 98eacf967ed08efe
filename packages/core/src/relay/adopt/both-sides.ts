import { isPigeonholeError } from '../../errors/pigeonhole-error.js'
import type { Checkpoint, RelayPublisher, ShardProducer } from '../../ports/relay-publisher.js'
import type { Cursor, RelayIdentity, RelayStore, ShardFacts } from '../../ports/relay-store.js'
import type { MappedShard } from '../../ports/shard-map.js'
import { beginning } from '../opening.js'
import { divideBuckets } from '../shard-map.js'
import { assertXidsKnown, type BothSides, decideStartUp } from '../start-up-table.js'
import type { AdoptionShard, Divergence } from './adoption-report.js'
import { fenceAndRead } from './fenced-checkpoint.js'

/** Who the outbox was relayed as, and who it is to be relayed as. */
export interface Identities {
  readonly recorded: RelayIdentity | null
  readonly found: RelayIdentity
}

/** The side of Kafka, with every producer of the shard fenced and settled. */
export interface KafkaSide {
  /** Of the relay's own name; undefined where its checkpoint topic is not there. */
  readonly producer: ShardProducer | undefined
  /** Under the relay's own name. */
  readonly checkpoint: Checkpoint | undefined
  /** Under the name by which it was relayed before, where that is another one of the same cluster. */
  readonly former: Checkpoint | undefined
}

interface ReadKafka extends Identities {
  readonly publisher: RelayPublisher
  readonly shard: number
  /** How many partitions the checkpoint topic needs. */
  readonly shards: number
}

/**
 * Fences every producer that the shard has or had in this cluster, and reads what it has committed last. The producer is
 * the caller's to close.
 */
export async function readKafka({
  publisher,
  recorded,
  found,
  shard,
  shards,
}: ReadKafka): Promise<KafkaSide> {
  const renamed = recorded && isSameLog({ recorded, found }) && recorded.relay !== found.relay
  const former = renamed ? await readFormer(publisher, recorded.relay, shard) : undefined
  if (!(await publisher.hasCheckpointTopic(found.relay, shards)))
    return { producer: undefined, checkpoint: undefined, former }
  return { ...(await fenceAndRead(publisher, found.relay, shard)), former }
}

// Also where its topic is gone: a relay of the former name must not commit anything from now on.
async function readFormer(
  publisher: RelayPublisher,
  relay: string,
  shard: number,
): Promise<Checkpoint | undefined> {
  if (!(await publisher.hasCheckpointTopic(relay, shard + 1))) {
    const fencing = await publisher.fence(relay, shard)
    await fencing.close()
    return undefined
  }
  const { producer, checkpoint } = await fenceAndRead(publisher, relay, shard)
  await producer.close()
  return checkpoint
}

/** Whether the cluster is the one that the outbox was sent to. */
export function isSameLog({ recorded, found }: Identities): boolean {
  return recorded === null || recorded.clusterId === found.clusterId
}

/** Whether the recorded cursors may carry another server's transaction ids. */
export function isCopied({ recorded, found }: Identities, facts: ShardFacts): boolean {
  return (
    facts.xidAhead !== null || (recorded !== null && recorded.systemIdentifier !== found.systemIdentifier)
  )
}

/** Why a relay would halt at these sides; null where it would not. */
function divergenceOf(sides: BothSides): Divergence | null {
  try {
    decideStartUp(sides)
    return null
  } catch (error) {
    if (!isPigeonholeError(error)) throw error
    return { code: error.code, message: error.message }
  }
}

/** How far the shard had come by what is recorded: the batch that Kafka names, else the confirmed one. */
export function recordedCursor(facts: ShardFacts, kafka: KafkaSide): Cursor {
  const last = kafka.checkpoint ?? kafka.former
  const { batches, confirmed } = facts
  const batch =
    batches.find(({ number, token }) => number === last?.number && token === last.token) ??
    batches.find(({ number }) => number === confirmed) ??
    batches[0]
  return batch?.cursor ?? beginning(facts)
}

/** A number above every batch that either side has ever heard of: numbers never restart. */
export function nextNumber({ batches, confirmed }: ShardFacts, { checkpoint, former }: KafkaSide): number {
  const known = [checkpoint, former, ...batches].map((batch) => batch?.number ?? 0)
  return Math.max(confirmed, ...known) + 1
}

/**
 * The checkpoint from which a relay goes on when nothing but the identity has changed; undefined before the first batch.
 * @throws every code of the start-up table but RELAY_IDENTITY_CHANGED: then more than the identity has changed.
 */
export function keptCheckpoint(sides: BothSides, kafka: KafkaSide): Checkpoint | undefined {
  assertXidsKnown(sides.shard, sides.facts)
  const checkpoint = kafka.checkpoint ?? kafka.former
  const start = decideStartUp({ ...sides, checkpoint, facts: { ...sides.facts, recorded: null } })
  return start.kind === 'resume' ? checkpoint : undefined
}

/** A shard as the report shows it, without the fate of its messages. */
export function describeShard(sides: BothSides): Omit<AdoptionShard, 'outbox'> {
  const { shard, facts, checkpoint } = sides
  return {
    shard,
    divergence: divergenceOf(sides),
    confirmed: facts.confirmed,
    batches: facts.batches.map(({ number }) => number),
    checkpoint: checkpoint ?? null,
    xidAhead: facts.xidAhead,
    serverXid: facts.serverXid,
  }
}

/** The shards of an outbox. One that no relay has opened yet begins with a single shard. */
export async function shardsOf(store: RelayStore): Promise<readonly MappedShard[]> {
  await store.provideShards(divideBuckets(1))
  return await store.readShards()
}
