import type { Decoder, OwnRequest } from './wire.js'

/** A broker as the cluster lists it. */
export interface ListedBroker {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** A topic as a broker describes it to who asks. */
export interface DescribedTopic {
  readonly topic: string
  /** `hidden`: who asks may not describe it, so that nobody knows whether it is there. */
  readonly state: 'there' | 'missing' | 'hidden'
  readonly partitions: readonly DescribedPartition[]
  /** What who asks may do with it. */
  readonly operations: ReadonlySet<TopicOperation>
}

/** Where a partition lies: ids of brokers. */
export interface DescribedPartition {
  readonly partition: number
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
}

/** Operations on a topic that an ACL allows. */
export type TopicOperation = 'READ' | 'WRITE' | 'CREATE' | 'ALTER' | 'DESCRIBE' | 'DESCRIBE_CONFIGS'

/** What a broker tells of the cluster and of some topics. */
export interface ClusterDescription {
  readonly clusterId: string
  readonly brokers: readonly ListedBroker[]
  readonly topics: readonly DescribedTopic[]
}

// Bits of Kafka's AclOperation.
const operationBits: Readonly<Record<TopicOperation, number>> = {
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  ALTER: 7,
  DESCRIBE: 8,
  DESCRIBE_CONFIGS: 10,
}
const unauthorized = 29
const int32 = (decoder: Decoder): number => decoder.readInt32()

/** Version 8 of Metadata, of Kafka 2.3, tells what may be done with a topic. It creates none. */
export function describeTopics(topics: readonly string[]): OwnRequest<ClusterDescription> {
  return {
    apiKey: 3,
    apiVersion: 8,
    apiName: 'Metadata',
    // Create them, say what may be done with the cluster, and with each.
    write: (encoder) => encoder.writeArray(topics).writeBoolean(false).writeBoolean(false).writeBoolean(true),
    read(decoder) {
      decoder.readInt32() // Throttled for so long.
      const brokers = decoder.readArray(readBroker)
      const clusterId = decoder.readString() ?? ''
      decoder.readInt32() // The controller.
      return { brokers, clusterId, topics: decoder.readArray(readTopic) }
    },
  }
}

function readBroker(decoder: Decoder): ListedBroker {
  const id = decoder.readInt32()
  const host = decoder.readString() ?? ''
  return { id, host, port: decoder.readInt32(), rack: decoder.readString() }
}

function readTopic(decoder: Decoder): DescribedTopic {
  const error = decoder.readInt16()
  const topic = decoder.readString() ?? ''
  decoder.readBoolean() // Internal.
  const partitions = decoder.readArray(readPartition)
  const allowed = decoder.readInt32()
  const names = Object.keys(operationBits) as TopicOperation[]
  const operations = new Set(names.filter((name) => (allowed & (1 << operationBits[name])) !== 0))
  const state = error === unauthorized ? 'hidden' : partitions.length === 0 ? 'missing' : 'there'
  return { topic, state, partitions, operations }
}

function readPartition(decoder: Decoder): DescribedPartition {
  decoder.readInt16() // No leader, or not all replicas: the lists say it.
  const partition = decoder.readInt32()
  decoder.readInt32() // Its leader,
  decoder.readInt32() // and that one's epoch.
  const replicas = decoder.readArray(int32)
  const inSync = decoder.readArray(int32)
  decoder.readArray(int32) // Replicas that are away.
  return { partition, replicas, inSync }
}
