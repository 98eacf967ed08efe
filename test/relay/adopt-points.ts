import { type Point, points } from './points.js'

/** The calls of an adoption before it changes anything, in the second of its rounds. */
const lookCalls = [
  'store.seizeLease',
  'store.changeToken',
  'publisher.fence',
  'producer.readCheckpoint',
  'publisher.locate',
  'store.releaseLease',
] as const

/** The calls of an adoption that change something, in their order: before each of them is after the last one. */
const adoptCalls = [
  'tx.deleteMessages',
  'tx.readSnapshot',
  'tx.renumberMessages',
  'tx.replaceBatches',
  'producer.begin',
  'producer.commit',
  'tx.writeIdentity',
] as const

/** Every point of an adoption of one shard, but of its first round, of which only a few matter. */
export const adoptPoints: readonly Point[] = [
  { point: 'store.seizeLease:after', occurrence: 1 },
  { point: 'publisher.fence:during', occurrence: 1 },
  { point: 'publisher.locate:during', occurrence: 1 },
  ...points(lookCalls, 2, ['after']),
  ...points(adoptCalls, 1, ['during', 'after']),
  // Of the deletion, of the new first batch, of its confirmation, and of the identity.
  ...[7, 8, 9, 10].map((occurrence) => ({ point: 'store.guarded:committing', occurrence })),
]

/** Points at which an adoption of three shards has changed one of them, or two, or all. */
export const adoptShardsPoints: readonly Point[] = [
  { point: 'tx.renumberMessages:after', occurrence: 2 },
  { point: 'producer.commit:before', occurrence: 2 },
  { point: 'producer.commit:during', occurrence: 1 },
  { point: 'producer.commit:after', occurrence: 1 },
  { point: 'producer.commit:after', occurrence: 3 },
  { point: 'tx.writeIdentity:after', occurrence: 1 },
]

/** Every point of an adoption that changes nothing but the identity. */
export const keepPoints: readonly Point[] = points(
  ['publisher.createCheckpointTopic', 'producer.begin', 'producer.commit', 'tx.writeIdentity'],
  1,
  ['during', 'after'],
)

/** Where a second adoption comes between the steps of a first one. */
export const adoptPausePoints: readonly Point[] = [
  { point: 'producer.readCheckpoint:after', occurrence: 2 },
  { point: 'publisher.locate:after', occurrence: 2 },
  { point: 'tx.deleteMessages:after', occurrence: 1 },
  { point: 'store.guarded:committing', occurrence: 8 },
  { point: 'producer.begin:during', occurrence: 1 },
  { point: 'producer.commit:before', occurrence: 1 },
  { point: 'producer.commit:during', occurrence: 1 },
  { point: 'tx.writeIdentity:after', occurrence: 1 },
]

/** Where a relay of the original stands while its copy is adopted. */
export const zombiePoints: readonly Point[] = [
  { point: 'tx.readPage:after', occurrence: 1 },
  { point: 'producer.begin:during', occurrence: 1 },
  { point: 'producer.send:during', occurrence: 1 },
  { point: 'producer.commit:before', occurrence: 1 },
  { point: 'producer.commit:during', occurrence: 1 },
]

/** The calls that adopt an outbox whose checkpoint topic is lost, in their order. */
const lostCalls = [
  'store.checkServer',
  'publisher.connect',
  'store.readIdentity',
  'store.provideShards',
  'store.readShards',
  'store.seizeLease',
  'store.changeToken',
  'publisher.hasCheckpointTopic',
  'store.guarded',
  'tx.readFacts',
  'tx.readUnsettled',
  'tx.readParkedOut',
  'publisher.locate',
  'publisher.createCheckpointTopic',
  'publisher.fence',
  'producer.readCheckpoint',
  'tx.readSnapshot',
  'tx.renumberMessages',
  'tx.replaceBatches',
  'producer.begin',
  'producer.commit',
  'tx.writeIdentity',
  'store.releaseLease',
] as const

/** Every call of an adoption behind a lost checkpoint topic, around each of them. */
export const lostCheckpointPoints: readonly Point[] = [
  ...points(lostCalls, 1),
  { point: 'store.guarded:committing', occurrence: 1 },
]
