import type { Cluster, Kafka } from 'kafkajs'
import { clusterOf } from '../kafkajs-copy.js'
import { brokerError } from '../publisher/broker-errors.js'
import { LogPartition } from '../publisher/log-partition.js'
import { correctReadCommitted } from '../read-committed/correct-read-committed.js'
import { passOverSilentBrokers } from '../silent-brokers/pass-over-silent-brokers.js'
import { describeTopics } from './describe-topics.js'
import { poolOf } from './inspect-cluster.js'
import { ask } from './wire.js'

/** Where a reader goes on. */
export interface ReaderPosition {
  readonly topic: string
  readonly partition: number
  readonly nextOffset: bigint
}

/** How far a reader is behind what is committed. */
export interface ReaderLag {
  /** The end of what a `read_committed` reader sees: the last stable offset. */
  readonly end: bigint
  /**
   * Offsets up to there. Markers and aborted messages of transactions are among them, and what compaction took out: who has read all
   * that a transaction has sent still has its marker before him.
   */
  readonly offsets: bigint
  /** Messages up to there; null where more than 100 offsets lie there, or who asks may not read them. */
  readonly messages: bigint | null
}

/** What lies so near to the end is read and counted. */
const nearOffsets = 100n

/**
 * How far readers are behind, in the order of their positions; null where the cluster has no such partition, does not tell who asks of
 * it, or ends it before the position, as that of another topic of this name may. It creates no topic, joins no group and commits nothing.
 * @throws BROKER_UNAVAILABLE, BROKER_ACCESS_DENIED, KAFKAJS_UNSUPPORTED
 */
export async function readLags(
  kafka: Kafka,
  positions: readonly ReaderPosition[],
): Promise<readonly (ReaderLag | null)[]> {
  correctReadCommitted(kafka)
  passOverSilentBrokers(kafka)
  const cluster = clusterOf(kafka)
  try {
    await cluster.connect()
    const ends = await stableEnds(cluster, new Set(positions.map(({ topic }) => topic)))
    const lags: (ReaderLag | null)[] = []
    for (const position of positions) lags.push(await lagOf(cluster, position, ends))
    return lags
  } catch (error) {
    throw brokerError(error, { doing: 'looking how far inboxes are behind' })
  } finally {
    await cluster.disconnect().catch(() => undefined)
  }
}

/** By topic and partition. */
type Ends = ReadonlyMap<string, ReadonlyMap<number, bigint>>

async function stableEnds(cluster: Cluster, topics: ReadonlySet<string>): Promise<Ends> {
  // kafkajs takes a topic that is missing, or hidden, for a failure of all that it was asked with.
  const described = await ask(poolOf(cluster).seedBroker, describeTopics([...topics]))
  const there = described.topics.filter(({ state }) => state === 'there')
  if (there.length === 0) return new Map()
  await cluster.addMultipleTargetTopics(there.map(({ topic }) => topic))
  const wanted = there.map(({ topic, partitions }) => ({ topic, partitions, fromBeginning: false }))
  const found = await cluster.fetchTopicsOffset(wanted as never)
  return new Map(
    found.map(({ topic, partitions }) => [
      topic,
      new Map(partitions.map(({ partition, offset }) => [partition, BigInt(offset)])),
    ]),
  )
}

async function lagOf(
  cluster: Cluster,
  { topic, partition, nextOffset }: ReaderPosition,
  ends: Ends,
): Promise<ReaderLag | null> {
  const end = ends.get(topic)?.get(partition)
  if (end === undefined || end < nextOffset) return null
  const offsets = end - nextOffset
  if (offsets === 0n) return { end, offsets, messages: 0n }
  if (offsets > nearOffsets) return { end, offsets, messages: null }
  const log = new LogPartition(cluster, topic, partition)
  return { end, offsets, messages: (await log.countMessages(nextOffset, end)) ?? null }
}
