import { intentGap } from './intent-gap.js'

/** A named point of a relay's life, and for which time it is reached when the fault strikes. */
export interface Point {
  readonly point: string
  readonly occurrence: number
}

/** The calls that make up an opening, in their order. The first time, they make up the genesis. */
const openingCalls = [
  'store.readLease',
  'store.takeLease',
  'store.checkServer',
  'store.changeToken',
  'publisher.connect',
  'store.readIdentity',
  'publisher.hasCheckpointTopic',
  'publisher.fence',
  'producer.readCheckpoint',
  'store.guarded',
  'tx.readFacts',
  'tx.writeIdentity',
  'tx.agree',
  'tx.deleteOtherBatches',
] as const

/** The call that an opening makes behind batches, and no genesis. */
const resumeCalls = ['tx.confirm'] as const

/** The calls that only a genesis makes. Its first batch and its first Kafka transaction hold no messages. */
const genesisCalls = [
  'publisher.createCheckpointTopic',
  'tx.insertBatch',
  'producer.begin',
  'producer.commit',
] as const

/** The calls that make up a batch, in their order, and the renewals beside it. */
const batchCalls = [
  'store.lookForMessages',
  'tx.readPage',
  'tx.insertBatch',
  'producer.begin',
  'producer.send',
  'producer.commit',
  'store.renewLease',
] as const

/** The calls that delete what is confirmed. */
const deleteCalls = ['tx.deleteBatchesBelow', 'tx.reclaim'] as const

const phases = ['before', 'during', 'after'] as const

/** The points of calls, around each of them. */
export function points(
  calls: readonly string[],
  occurrence: number,
  at: readonly (typeof phases)[number][] = phases,
): Point[] {
  return calls.flatMap((call) => at.map((phase) => ({ point: `${call}:${phase}`, occurrence })))
}

/**
 * The points of calls of which each follows the answer of the one in front of it, with nothing else under way: before a call is
 * after that one.
 */
function sequence(calls: readonly string[]): Point[] {
  return [...points(calls.slice(0, 1), 1, ['before']), ...points(calls, 1, ['during', 'after'])]
}

/** Every point of the first opening of a shard. */
export const genesisPoints: readonly Point[] = [
  ...sequence([...openingCalls, ...genesisCalls]),
  // Of the two guarded transactions of a genesis: a look at the history, then the agreement.
  { point: 'store.guarded:committing', occurrence: 1 },
  { point: 'store.guarded:committing', occurrence: 2 },
]

/** Every point of an opening behind batches. */
export const reopeningPoints: readonly Point[] = [
  ...sequence([...openingCalls, ...resumeCalls]),
  { point: 'store.guarded:committing', occurrence: 1 },
]

/** Every point of a batch under way, behind a genesis and two other batches. */
export const batchPoints: readonly Point[] = [
  ...points(batchCalls, 4),
  { point: 'store.guarded:committing', occurrence: 5 },
  { point: intentGap, occurrence: 1 },
]

/** Every point of a deletion. The ring turns with the first cleaning, and every later one truncates. */
export const deletePoints: readonly Point[] = [
  ...points(deleteCalls, 3),
  { point: 'tx.reclaim:committing', occurrence: 3 },
  { point: 'tx.reclaim:committed', occurrence: 3 },
]

/** Where a pause hurts most: something is written, or about to be, and nobody knows. */
export const pausePoints: readonly Point[] = [
  { point: 'publisher.fence:after', occurrence: 1 },
  { point: 'producer.readCheckpoint:after', occurrence: 1 },
  { point: 'tx.readPage:after', occurrence: 3 },
  { point: 'store.guarded:committing', occurrence: 5 },
  { point: intentGap, occurrence: 1 },
  { point: 'tx.reclaim:after', occurrence: 3 },
  { point: 'producer.begin:during', occurrence: 4 },
  { point: 'producer.send:during', occurrence: 4 },
  { point: 'producer.commit:before', occurrence: 4 },
  { point: 'producer.commit:during', occurrence: 4 },
]

/** The calls that divide an outbox anew, in their order. Of one shard, which has messages, into four. */
const reshardCalls = [
  'store.seizeLease',
  'publisher.fence',
  'producer.readCheckpoint',
  'publisher.extendCheckpointTopic',
  'tx.readSnapshot',
  'tx.readPageUntil',
  'producer.begin',
  'producer.commit',
  'store.changeShards',
  'store.releaseLease',
] as const

/** Every point of a change of the number of shards. */
export const reshardPoints: readonly Point[] = [
  ...points(reshardCalls, 1),
  { point: 'store.guarded:committing', occurrence: 1 },
  { point: 'store.guarded:committing', occurrence: 2 },
]

/** Where a call can be killed that a guarded transaction makes: around it, and around the transaction's COMMIT. */
const guardedPhases = ['before', 'after', 'committing', 'committed'] as const

function guardedPoints(call: string): Point[] {
  return guardedPhases.map((phase) => ({ point: `tx.${call}:${phase}`, occurrence: 1 }))
}

/** Every point of parking a record and what follows it: each halving of the batch that holds it, then the record, then a page. */
export const parkingPoints: readonly Point[] = [
  ...[1, 2, 3].map((occurrence) => ({ point: 'producer.send:rejected', occurrence })),
  ...guardedPoints('parkMessage'),
  ...guardedPoints('parkBlocked'),
]

/** Every point of sending parked messages, from the opening that finds them to the confirmation that takes them off. */
export const releasePoints: readonly Point[] = [
  ...guardedPoints('openParking'),
  { point: 'store.lookAtParking:after', occurrence: 1 },
  ...guardedPoints('readReleases'),
  ...points(['producer.begin', 'producer.send', 'producer.commit'], 1),
  ...guardedPoints('applyReleases'),
]

/** Every point of a release that is refused again. */
export const refusalPoints: readonly Point[] = [
  ...[1, 2, 3].map((occurrence) => ({ point: 'producer.send:rejected', occurrence })),
  ...guardedPoints('refuseRelease'),
]

/** Every point of pausing a topic, and of what its pause makes of a page. */
export const topicPoints: readonly Point[] = [...guardedPoints('pauseTopic'), ...guardedPoints('parkBlocked')]

/** Every point of an operator's asking for a retry, and of discarding. */
export const retryPoints: readonly Point[] = points(['store.retryParked'], 1)
export const discardPoints: readonly Point[] = points(['store.discardParked'], 1)
