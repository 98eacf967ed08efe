import {
  type LoggableMessage,
  type LogVerdict,
  PigeonholeError,
  type RelayPublisher,
  type ShardProducer,
} from '@pigeonhole/core'
import type { Kafka, Producer } from 'kafkajs'
import { correctReadCommitted } from '../read-committed/correct-read-committed.js'
import { passOverSilentBrokers } from '../silent-brokers/pass-over-silent-brokers.js'
import { AdminConnection } from './admin-connection.js'
import { brokerError } from './broker-errors.js'
import { cleanupPolicyOf, createCheckpointTopic, hasCheckpointTopic } from './checkpoint-topic.js'
import { Deadline } from './deadline.js'
import { extendCheckpointTopic } from './extend-checkpoint-topic.js'
import { locateMessages } from './locate-messages.js'
import { checkpointTopicOf, transactionalIdOf } from './names.js'
import { PartitionMap } from './partition-map.js'
import {
  type KafkajsPublisherOptions,
  type ResolvedPublisherOptions,
  resolvePublisherOptions,
} from './publisher-options.js'
import { KafkajsShardProducer } from './shard-producer.js'
import { TransactionCoordinator } from './transaction-coordinator.js'
import { createProducer, firstTransaction } from './transactional-producer.js'

// A broker that answers nothing keeps kafkajs's clients from ending until their requests run into their timeout.
const closeTimeoutMs = 5_000

/**
 * A relay's publisher over kafkajs 2.2.4. It corrects `read_committed` of that copy of kafkajs, as
 * {@link correctReadCommitted} does.
 * @throws KAFKAJS_UNSUPPORTED, OPTION_INVALID
 */
export function kafkajsPublisher(kafka: Kafka, options: KafkajsPublisherOptions = {}): RelayPublisher {
  const resolved = resolvePublisherOptions(options)
  correctReadCommitted(kafka)
  passOverSilentBrokers(kafka)
  return new KafkajsPublisher(kafka, resolved)
}

class KafkajsPublisher implements RelayPublisher {
  readonly #kafka: Kafka
  readonly #options: ResolvedPublisherOptions
  readonly #admin: AdminConnection
  readonly #partitions: PartitionMap
  readonly #producers = new Set<KafkajsShardProducer>()
  #closed = false

  constructor(kafka: Kafka, options: ResolvedPublisherOptions) {
    this.#kafka = kafka
    this.#options = options
    this.#admin = new AdminConnection(kafka)
    this.#partitions = new PartitionMap(this.#admin, options.topicMetadataMaxAgeMs)
  }

  async connect(): Promise<{ readonly clusterId: string }> {
    try {
      const { clusterId } = await this.#admin.use((admin) => admin.describeCluster())
      return { clusterId }
    } catch (error) {
      throw brokerError(error, { doing: 'connecting' })
    }
  }

  async createCheckpointTopic(relay: string, shards: number): Promise<void> {
    const { checkpointReplicationFactor: replicationFactor, openTimeoutMs: timeoutMs } = this.#options
    await createCheckpointTopic(this.#admin, { relay, shards, replicationFactor, timeoutMs })
  }

  async extendCheckpointTopic(relay: string, shards: number): Promise<void> {
    const { openTimeoutMs: timeoutMs } = this.#options
    await extendCheckpointTopic(this.#admin, { relay, shards, timeoutMs })
  }

  async hasCheckpointTopic(relay: string, shards: number): Promise<boolean> {
    return await hasCheckpointTopic(this.#admin, relay, shards)
  }

  async fence(relay: string, shard: number): Promise<ShardProducer> {
    const checkpointTopic = checkpointTopicOf(relay)
    const transactionalId = transactionalIdOf(relay, shard)
    const coordinator = new TransactionCoordinator()
    const producer = createProducer(this.#kafka, { ...this.#options, transactionalId, coordinator })
    try {
      await producer.connect()
      await prime(producer, checkpointTopic)
      const transaction = await firstTransaction(producer, new Deadline(this.#options.openTimeoutMs))
      const own = { shard, checkpointTopic, transactionalId, producer, transaction, coordinator }
      const shared = {
        kafka: this.#kafka,
        partitions: this.#partitions,
        admin: this.#admin,
        options: this.#options,
      }
      return await this.#adopt(new KafkajsShardProducer({ ...own, ...shared }))
    } catch (error) {
      void producer.disconnect().catch(() => undefined)
      throw brokerError(error, {
        doing: 'fencing earlier producers',
        topic: checkpointTopic,
        transactionalId,
      })
    }
  }

  async locate(messages: readonly LoggableMessage[]): Promise<ReadonlyMap<string, LogVerdict>> {
    const parts = {
      kafka: this.#kafka,
      partitions: this.#partitions,
      cleanupPolicyOf: (topic: string) => this.#admin.use((admin) => cleanupPolicyOf(admin, topic)),
      timeoutMs: this.#options.openTimeoutMs,
    }
    return await locateMessages(parts, messages)
  }

  async close(): Promise<void> {
    this.#closed = true
    const ends = [this.#admin.close()]
    for (const producer of this.#producers) {
      await producer.close()
      ends.push(producer.ended)
    }
    const deadline = new Deadline(closeTimeoutMs)
    await deadline.race(Promise.all(ends), () => new Error('late')).catch(() => undefined)
  }

  async #adopt(producer: KafkajsShardProducer): Promise<ShardProducer> {
    this.#producers.add(producer)
    void producer.ended.then(() => this.#producers.delete(producer))
    if (!this.#closed) return producer
    await producer.close()
    throw new PigeonholeError('BROKER_UNAVAILABLE', {
      message: 'The publisher is closed',
      details: {},
      retryable: false,
    })
  }
}

// A client that knows no topic asks for all topics of the cluster, and fails over one without a leader among them.
// Where the checkpoint topic is not there yet, that is what happens.
async function prime(producer: Producer, checkpointTopic: string): Promise<void> {
  await producer.send({ topic: checkpointTopic, messages: [] }).catch(() => undefined)
}
