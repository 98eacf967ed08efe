import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { Checkpoint } from '../ports/relay-publisher.js'
import type { RelayBatch, RelayIdentity, ShardFacts } from '../ports/relay-store.js'

/** What an opening goes on with. */
export type StartUp = { readonly kind: 'genesis' } | { readonly kind: 'resume'; readonly from: RelayBatch }

/** Both sides of a shard as an opening finds them. */
export interface BothSides {
  readonly shard: number
  readonly identity: RelayIdentity
  readonly facts: ShardFacts
  /** Kafka's last committed checkpoint; undefined when there is none. */
  readonly checkpoint: Checkpoint | undefined
}

/**
 * The start-up table: where PostgreSQL and Kafka agree, how to go on; where they do not, a coded error. It never
 * guesses: each row that stops is one in which going on could lose or repeat messages.
 * @throws RELAY_IDENTITY_CHANGED, RELAY_XID_AHEAD, RELAY_CHECKPOINT_LOST, RELAY_KAFKA_WENT_BACK,
 * RELAY_DATABASE_WENT_BACK
 */
export function decideStartUp(sides: BothSides): StartUp {
  const { shard, identity, facts, checkpoint } = sides
  assertSameIdentity(facts.recorded, identity)
  assertXidsKnown(shard, facts)
  if (!checkpoint) {
    assertNoHistory(shard, facts)
    return { kind: 'genesis' }
  }
  if (checkpoint.number < facts.confirmed) throw kafkaWentBack(shard, checkpoint, facts)
  const from = facts.batches.find(
    ({ number, token }) => number === checkpoint.number && token === checkpoint.token,
  )
  if (!from) throw databaseWentBack(shard, checkpoint)
  return { kind: 'resume', from }
}

/**
 * Holds the recorded identity, if there is one, to `identity`. Cheap enough to come before a producer is opened, so
 * that a copied database does not even fence the original's relay.
 * @throws RELAY_IDENTITY_CHANGED
 */
export function assertSameIdentity(recorded: RelayIdentity | null, identity: RelayIdentity): void {
  if (!recorded) return
  const parts = [
    { what: 'relay name', key: 'relay' },
    { what: 'Kafka cluster', key: 'clusterId' },
    { what: 'PostgreSQL system', key: 'systemIdentifier' },
  ] as const
  for (const { what, key } of parts) {
    if (recorded[key] === identity[key]) continue
    throw new PigeonholeError('RELAY_IDENTITY_CHANGED', {
      message:
        `This outbox was relayed with ${what} "${recorded[key]}", and now the ${what} is "${identity[key]}": the database ` +
        'was copied or moved, the cluster is another one, or the relay was renamed. If the original still runs, stop ' +
        'here and fix the configuration. If this is its successor: pigeonhole adopt',
      details: { what, recorded: recorded[key], found: identity[key] },
    })
  }
}

/** The number of the last batch that the database remembers; 0 where none has held a message. */
export function lastBatchOf(facts: Pick<ShardFacts, 'confirmed' | 'batches'>): number {
  return Math.max(facts.confirmed, ...facts.batches.map(({ number }) => number))
}

/** @throws RELAY_CHECKPOINT_LOST when the database remembers batches: Kafka must remember one too. */
export function assertNoHistory(shard: number, facts: ShardFacts): void {
  const batch = lastBatchOf(facts)
  if (batch <= 0) return
  throw new PigeonholeError('RELAY_CHECKPOINT_LOST', {
    message:
      `Shard ${shard}: the database has sent batches up to ${batch}, and Kafka has no checkpoint of any: this is ` +
      'another cluster, or the checkpoint topic was deleted. Restore the topic or point the relay at its cluster; if ' +
      'it is lost for good: pigeonhole adopt',
    details: { shard, batch },
  })
}

/**
 * Holds every transaction id on record to the server's own.
 * @throws RELAY_XID_AHEAD
 */
export function assertXidsKnown(shard: number, { xidAhead, serverXid }: ShardFacts): void {
  if (xidAhead === null) return
  throw new PigeonholeError('RELAY_XID_AHEAD', {
    message:
      `Shard ${shard}: the outbox remembers transaction ${xidAhead}, and this server has only reached ${serverXid}: the ` +
      'database was copied into another cluster. Compare both, then: pigeonhole adopt',
    details: { shard, recorded: xidAhead, server: serverXid },
  })
}

function kafkaWentBack(shard: number, { number }: Checkpoint, { confirmed }: ShardFacts): PigeonholeError {
  return new PigeonholeError('RELAY_KAFKA_WENT_BACK', {
    message:
      `Shard ${shard}: Kafka's checkpoint is batch ${number}, and Kafka had acknowledged batch ${confirmed}: it has lost ` +
      'data it had confirmed (an unclean leader election, a restored cluster). Find out what consumers have seen, ' +
      'then: pigeonhole adopt',
    details: { shard, checkpoint: number, confirmed },
  })
}

function databaseWentBack(shard: number, { number }: Checkpoint): PigeonholeError {
  return new PigeonholeError('RELAY_DATABASE_WENT_BACK', {
    message:
      `Shard ${shard}: Kafka has committed batch ${number}, and the database does not know it: the database was restored ` +
      'from a backup, is a copy of the original, or lost transactions in a failover. Messages sent since then may ' +
      'belong to transactions that are gone. Compare both, then: pigeonhole adopt. Or another database is relayed under ' +
      'this name: give this one a name of its own',
    details: { shard, checkpoint: number },
  })
}
