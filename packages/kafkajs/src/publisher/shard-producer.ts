import { randomUUID } from 'node:crypto'
import { type CapturedRow, type Checkpoint, PigeonholeError, type ShardProducer } from '@pigeonhole/core'
import type { Kafka, Message, Producer, RecordMetadata, Transaction } from 'kafkajs'
import type { AdminConnection } from './admin-connection.js'
import { brokerError, fencedError, isFenced, refusalOf } from './broker-errors.js'
import { checkpointRecord, sessionRecord } from './checkpoint-record.js'
import { lateCheckpoint, readCheckpointBefore } from './checkpoint-tail.js'
import { Deadline } from './deadline.js'
import { logEnd } from './log-end.js'
import type { PartitionMap } from './partition-map.js'
import { refusedPartitions } from './partition-refusals.js'
import { placeRows } from './placement.js'
import {
  divideIntoRequests,
  missingAcknowledgements,
  type ProduceRequest,
  partitionsOf,
  withCheckpoint,
} from './produce-requests.js'
import { type ResolvedPublisherOptions, uncompressed } from './publisher-options.js'
import { sendError } from './send-errors.js'
import type { TransactionCoordinator } from './transaction-coordinator.js'
import { sendSession } from './transactional-producer.js'

/** What a shard's producer works with. */
export interface ShardProducerParts {
  readonly kafka: Kafka
  readonly shard: number
  readonly checkpointTopic: string
  readonly transactionalId: string
  readonly producer: Producer
  /** The producer's first transaction, begun by its fencing. */
  readonly transaction: Transaction
  readonly coordinator: TransactionCoordinator
  readonly partitions: PartitionMap
  readonly admin: AdminConnection
  readonly options: ResolvedPublisherOptions
}

/** A shard's transactional producer over kafkajs. Crash only: after a rejection it answers nothing but `close`. */
export class KafkajsShardProducer implements ShardProducer {
  readonly #parts: ShardProducerParts
  readonly #closing = new AbortController()
  /** Begun and not yet committed; kafkajs begins it locally, its first record begins it at the broker. */
  #transaction: Transaction | undefined
  /** The checkpoint of the transaction begun, until it is sent. */
  #checkpoint: Message | undefined
  #working: Promise<unknown> = Promise.resolve()
  #broken = false
  /** Where the session record lies, or the checkpoint, of the transaction under way. */
  #begunAt = -1n
  /** The same of the last transaction that was committed. */
  #committedAt = -1n

  /** Resolves when it is closed and every connection has ended. Never rejects. */
  readonly ended: Promise<void>

  constructor(parts: ShardProducerParts) {
    this.#parts = parts
    this.#transaction = parts.transaction
    this.ended = new Promise((resolve) => {
      this.#closing.signal.addEventListener('abort', () => resolve(this.#disconnect()))
    })
  }

  async readCheckpoint(): Promise<Checkpoint | undefined> {
    const { kafka, shard, checkpointTopic: topic, options } = this.#parts
    const { openTimeoutMs: timeoutMs } = options
    const session = randomUUID()
    const work = (deadline: Deadline): Promise<bigint> => this.#markSession(session, deadline)
    const offset = await this.#step({ doing: 'marking a session', timeoutMs, work })
    const mark = { topic, shard, session, offset }
    return await this.#step({
      doing: 'reading the checkpoint',
      timeoutMs,
      work: (deadline) => readCheckpointBefore(kafka, mark, deadline),
      late: () => lateCheckpoint(mark),
    })
  }

  // Not a word to the broker: the checkpoint rides with the first records.
  async begin(checkpoint: Checkpoint): Promise<void> {
    const { producer, shard, options } = this.#parts
    const work = async (): Promise<void> => {
      this.#transaction ??= await producer.transaction()
      this.#checkpoint = checkpointRecord(shard, checkpoint)
    }
    await this.#step({ doing: 'beginning a transaction', timeoutMs: options.transactionTimeoutMs, work })
  }

  async send(rows: readonly CapturedRow[]): Promise<void> {
    const { transactionTimeoutMs: timeoutMs } = this.#parts.options
    const doing = 'sending records'
    await this.#step({ doing, timeoutMs, work: (deadline) => this.#sendRows(rows, { doing, deadline }) })
  }

  async commit(): Promise<void> {
    const { transactionTimeoutMs: timeoutMs } = this.#parts.options
    const doing = 'committing a transaction'
    const work = async (deadline: Deadline): Promise<void> => {
      if (this.#checkpoint) await this.#sendRows([], { doing, deadline })
      await this.#commitBegun()
    }
    await this.#step({ doing, timeoutMs, work })
  }

  // One look that is not answered says nothing of the producer. An admin client of kafkajs asks for what is committed
  // (listOffsets' default), and the marker of a transaction comes after its commit was acknowledged: what has not come so far is
  // looked for behind what is committed.
  async isIntact(): Promise<boolean> {
    const { kafka, admin, checkpointTopic: topic, shard } = this.#parts
    const committedAt = this.#committedAt
    try {
      const offsets = await admin.use((client) => client.fetchTopicOffsets(topic))
      const end = offsets.find(({ partition }) => partition === shard)?.high
      if (end === undefined) return false
      return BigInt(end) > committedAt || (await logEnd(kafka, topic, shard)) > committedAt
    } catch (error) {
      if (refusalOf(error)?.type === 'UNKNOWN_TOPIC_OR_PARTITION') return false
      throw brokerError(error, { doing: 'looking at the checkpoint topic', topic })
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
  }

  // kafkajs connects again for whatever is still under way, so that what was given up is waited for, then ended again.
  async #disconnect(): Promise<void> {
    const { producer } = this.#parts
    const disconnect = (): Promise<void> => producer.disconnect().catch(() => undefined)
    await Promise.all([disconnect(), this.#working.catch(() => undefined)])
    await disconnect()
  }

  async #sendRows(rows: readonly CapturedRow[], { doing, deadline }: Sending): Promise<void> {
    const { partitions, options, coordinator } = this.#parts
    const placed = await placeRows(rows, partitions)
    const requests = this.#withCheckpoint(divideIntoRequests(placed, options.maxRequestBytes))
    coordinator.plan(partitionsOf(requests))
    for (const request of requests) {
      if (deadline.passed) throw unanswered(doing, 'it took too long')
      await this.#sendRequest(request)
    }
  }

  // Compressed records are for consumers, who know their codec. A checkpoint is for whoever opens the shard.
  #withCheckpoint(requests: readonly ProduceRequest[]): readonly ProduceRequest[] {
    const { shard, checkpointTopic: topic, options } = this.#parts
    const message = this.#checkpoint
    if (!message) return requests
    this.#checkpoint = undefined
    const checkpoint = { topic, partition: shard, message }
    if (options.compression === uncompressed) return withCheckpoint(requests, checkpoint)
    return [...withCheckpoint([], checkpoint), ...requests]
  }

  async #sendRequest(request: ProduceRequest): Promise<void> {
    const { compression, transactionTimeoutMs: timeout } = this.#parts.options
    const { topicMessages, records } = request
    const codec = records.length > 0 ? { compression } : {}
    try {
      const acknowledged = await this.#begun().sendBatch({ acks: -1, timeout, topicMessages, ...codec })
      const missing = missingAcknowledgements(request, acknowledged)
      if (missing.length > 0) throw new Error(`kafkajs sent nothing to ${missing.join(', ')}`)
      this.#noteCheckpoint(acknowledged)
    } catch (error) {
      throw await this.#blame(error, request)
    }
  }

  #noteCheckpoint(acknowledged: readonly RecordMetadata[]): void {
    const { shard, checkpointTopic } = this.#parts
    const at = acknowledged.find(
      ({ topicName, partition }) => topicName === checkpointTopic && partition === shard,
    )
    if (at?.baseOffset !== undefined) this.#begunAt = BigInt(at.baseOffset)
  }

  // What is refused for the checkpoint is no fault of the records beside it.
  async #blame(error: unknown, { records }: ProduceRequest): Promise<unknown> {
    const { shard, partitions, checkpointTopic } = this.#parts
    const refused = refusedPartitions(error)
    if (records.length === 0 || refused.some(({ topic }) => topic === checkpointTopic)) return error
    const topics = new Set(records.map(({ row }) => row.topic))
    partitions.forget(topics)
    if (refusalOf(error)?.type === 'UNKNOWN_TOPIC_OR_PARTITION') await partitions.count(topics)
    const places = new Set(refused.map(({ topic, partition }) => `${topic}/${partition}`))
    const blamed = records.filter(({ row, partition }) => places.has(`${row.topic}/${partition}`))
    return sendError(error, shard, blamed.length > 0 ? blamed : records)
  }

  async #markSession(session: string, deadline: Deadline): Promise<bigint> {
    const { shard, checkpointTopic: topic } = this.#parts
    const message = sessionRecord(shard, session)
    this.#begunAt = await sendSession(this.#begun(), { topic, message, deadline })
    await this.#commitBegun()
    return this.#committedAt
  }

  #begun(): Transaction {
    if (!this.#transaction) throw new Error('no transaction is begun')
    return this.#transaction
  }

  async #commitBegun(): Promise<void> {
    const transaction = this.#begun()
    this.#transaction = undefined
    await transaction.commit()
    this.#committedAt = this.#begunAt
  }

  async #step<T>({ doing, timeoutMs, work, late }: Step<T>): Promise<T> {
    const { shard, checkpointTopic: topic, transactionalId, coordinator } = this.#parts
    if (this.#broken || this.#closing.signal.aborted)
      throw unanswered(doing, 'its producer has ended; fence a new one')
    const { signal } = this.#closing
    const deadline = new Deadline(timeoutMs, signal)
    coordinator.deadline = deadline
    const givenUp = (): PigeonholeError =>
      unanswered(doing, signal.aborted ? 'its producer was closed' : `no answer within ${timeoutMs} ms`)
    try {
      const working = work(deadline)
      this.#working = working
      return await deadline.race(working, late ?? givenUp)
    } catch (error) {
      this.#broken = true
      const refusal = refusalOf(error)
      if (refusal && isFenced(refusal)) throw fencedError(error, shard)
      throw brokerError(error, { doing, topic, transactionalId })
    }
  }
}

interface Sending {
  readonly doing: string
  readonly deadline: Deadline
}

interface Step<T> {
  readonly doing: string
  readonly timeoutMs: number
  readonly work: (deadline: Deadline) => Promise<T>
  /** The error at the deadline. */
  readonly late?: () => PigeonholeError
}

function unanswered(doing: string, why: string): PigeonholeError<'BROKER_UNAVAILABLE'> {
  return new PigeonholeError('BROKER_UNAVAILABLE', {
    message: `Kafka did not do what was asked (${doing}): ${why}`,
    details: {},
    retryable: true,
  })
}
