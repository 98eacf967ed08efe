import { noteSilence } from '../silent-brokers/silent-brokers.js'
import { topicMissing } from './open-consumer.js'
import type { PartitionPlace } from './run-inbox-events.js'

/** What asking for a topic's id needs of kafkajs's cluster client. */
export interface MetadataCluster {
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, unknown>>
  findBroker(request: { readonly nodeId: string }): Promise<MetadataBroker>
  refreshMetadata(): Promise<void>
}

interface MetadataBroker {
  /** By the key of the request. */
  readonly versions: Readonly<Record<number, { readonly maxVersion: number } | undefined>>
  readonly connectionPool: { send(request: MetadataRequest): Promise<TopicAnswer> }
}

const apiKey = 3
/** The first version of Metadata whose answer has the topic's id: Kafka 2.8. kafkajs 2.2.4 itself goes up to 6. */
const apiVersion = 10
const unknownTopic = 3
const idBytes = 16

/**
 * The id of the topic whose partition this is, as Kafka's own tools print it; undefined where the broker knows none. A topic
 * that is deleted and created anew under its name has another one.
 *
 * It is asked of the partition's leader, which answers by what it serves: another broker may not have heard of it yet.
 * @throws TOPIC_MISSING
 */
export async function topicIdOf(
  cluster: MetadataCluster,
  place: PartitionPlace,
): Promise<string | undefined> {
  const broker = await leaderOf(cluster, place)
  if ((broker.versions[apiKey]?.maxVersion ?? 0) < apiVersion) return undefined
  const { errorCode, topicId } = await answerOf(broker, cluster, place)
  if (errorCode === unknownTopic) throw topicMissing(place.topic)
  if (errorCode !== 0) throw new Error(`Kafka refuses to describe topic ${place.topic}: error ${errorCode}`)
  return topicId.equals(Buffer.alloc(idBytes)) ? undefined : topicId.toString('base64url')
}

// One that does not answer leads the partition no more before long. While nothing is fetched from it, nobody else asks who does.
async function answerOf(
  broker: MetadataBroker,
  cluster: MetadataCluster,
  { topic }: PartitionPlace,
): Promise<TopicAnswer> {
  try {
    return await broker.connectionPool.send(topicRequest(topic))
  } catch (error) {
    noteSilence(error)
    await cluster.refreshMetadata().catch(() => undefined)
    throw error
  }
}

async function leaderOf(
  cluster: MetadataCluster,
  { topic, partition }: PartitionPlace,
): Promise<MetadataBroker> {
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))
  if (nodeId !== undefined) return await cluster.findBroker({ nodeId })
  await cluster.refreshMetadata()
  throw new Error(`Partition ${partition} of topic ${topic} has no leader`)
}

/** What is read of an answer: the one topic that was asked for. */
interface TopicAnswer {
  readonly errorCode: number
  readonly topicId: Buffer
}

interface MetadataRequest {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    readonly encode: () => Promise<object>
  }
  readonly response: {
    readonly decode: (payload: Buffer) => Promise<TopicAnswer>
    readonly parse: (answer: TopicAnswer) => Promise<TopicAnswer>
  }
}

/** The request for one topic, which it does not create. */
function topicRequest(topic: string): MetadataRequest {
  return {
    request: { apiKey, apiVersion, apiName: 'Metadata', encode: async () => asEncoder(encodeTopic(topic)) },
    response: { decode: async (payload) => decodeTopic(payload), parse: async (answer) => answer },
  }
}

/** The rest of the request's header, and its body: lengths are unsigned varints of one more, tagged fields are none. */
function encodeTopic(topic: string): Buffer {
  const noTags = [0]
  const no = 0
  const name = Buffer.from(topic)
  return Buffer.concat([
    Buffer.from([...noTags, ...varint(1 + 1)]),
    Buffer.alloc(idBytes),
    Buffer.from(varint(name.length + 1)),
    name,
    // Create it, say what may be done with the cluster, and with the topic.
    Buffer.from([...noTags, no, no, no, ...noTags]),
  ])
}

/** Reads up to the id of the first topic. */
function decodeTopic(payload: Buffer): TopicAnswer {
  const reader = new CompactReader(payload)
  reader.tags()
  reader.skip(int32) // Throttled for so long.
  for (let brokers = reader.length(); brokers > 0; brokers -= 1) {
    reader.skip(int32) // Its id,
    reader.text() // its host,
    reader.skip(int32) // its port,
    reader.text() // and its rack.
    reader.tags()
  }
  reader.text() // The cluster's id,
  reader.skip(int32) // and its controller's.
  reader.length()
  const errorCode = reader.take(2).readInt16BE()
  reader.text()
  return { errorCode, topicId: reader.take(idBytes) }
}

const int32 = 4

/** Reads the flexible versions of Kafka's messages. */
class CompactReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  take(length: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + length)
    if (taken.length < length) throw new RangeError('The answer of a broker ends too early')
    this.#at += length
    return taken
  }

  skip(length: number): void {
    this.take(length)
  }

  /** Of an array or a text; 0 for none. */
  length(): number {
    return Math.max(0, this.#varint() - 1)
  }

  text(): void {
    this.skip(this.length())
  }

  tags(): void {
    for (let tags = this.#varint(); tags > 0; tags -= 1) {
      this.#varint()
      this.skip(this.#varint())
    }
  }

  #varint(): number {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = this.take(1).readUInt8()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return [...bytes, rest]
}

// What kafkajs takes for its own Encoder: it copies the bytes into the request.
function asEncoder(bytes: Buffer): object {
  return { buf: bytes, buffer: bytes }
}
