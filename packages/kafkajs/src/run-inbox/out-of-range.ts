import type { ConsumerGroup, FetchedBatch, Runner } from './kafkajs-runner.js'
import type { PartitionPlace } from './run-inbox-events.js'

/**
 * Tells where a partition's log begins, by a batch without messages, whenever Kafka has nothing at the offset that was
 * fetched. By itself kafkajs 2.2.4 goes to the consumer's default offset then, which for `from: 'latest'` is the end of the
 * log, past messages that are still there; it commits that default for the group, whose own offset is lost; and it says
 * nothing while no message comes.
 */
export function recoverAtLogStart(runner: Runner, take: (batch: FetchedBatch) => Promise<void>): void {
  const { consumerGroup } = runner
  consumerGroup.recoverFromOffsetOutOfRange = async (place) => {
    if (leavesFollower(consumerGroup, place)) return
    await take(emptyBatchAt(place, await logStartOf(consumerGroup, place)))
  }
}

// A follower that lags behind its leader knows less of the log: the next fetch goes to the leader. kafkajs 2.2.4 means to do so, and looks
// for a number where it keeps an object.
function leavesFollower(
  { preferredReadReplicasPerTopicPartition: preferred }: ConsumerGroup,
  { topic, partition }: PartitionPlace,
): boolean {
  const followers = preferred[topic]
  if (followers?.[partition] === undefined) return false
  delete followers[partition]
  return true
}

/** The offset of the first record that the partition's log still has. */
export async function logStartOf(
  { cluster }: ConsumerGroup,
  { topic, partition }: PartitionPlace,
): Promise<bigint> {
  const wanted = { topic, partitions: [{ partition }], fromBeginning: true }
  const [found] = await cluster.fetchTopicsOffset([wanted])
  const offset = found?.partitions[0]?.offset
  if (offset === undefined) throw new Error(`kafkajs knows no offset of ${topic}/${partition}`)
  return BigInt(offset)
}

function emptyBatchAt({ topic, partition }: PartitionPlace, offset: bigint): FetchedBatch {
  return {
    topic,
    partition,
    fetchedOffset: offset.toString(),
    messages: [],
    lastOffset: () => (offset - 1n).toString(),
    isEmpty: () => true,
    isEmptyDueToFiltering: () => false,
  }
}
