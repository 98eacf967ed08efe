import type { Kafka, Message, Producer, ProducerConfig, Transaction } from 'kafkajs'
import { withOwnEncoding } from '../produce-encoding/own-encoding.js'
import { refusalOf } from './broker-errors.js'
import type { Deadline } from './deadline.js'
import { withQuietLogger } from './quiet-logger.js'

/** What {@link createProducer} needs. */
export interface ProducerRequest {
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
}

/**
 * A producer that tries each send once. kafkajs's own repetition of a send is where it loses and duplicates records: a
 * partition that has moved is dropped, a request of which the answer was lost goes out under new sequence numbers.
 *
 * Not `idempotent: true`: a transactional producer is idempotent anyway, and the option would only refuse `retries: 0`
 * and ask for a second producer id. EndTxn is sent once whatever the options, and nothing is ever aborted by itself.
 */
export function createProducer(
  kafka: Kafka,
  { transactionalId, transactionTimeoutMs }: ProducerRequest,
): Producer {
  const config: ProducerConfig = {
    transactionalId,
    transactionTimeout: transactionTimeoutMs,
    retry: { retries: 0 },
    allowAutoTopicCreation: false,
    // Every message has its partition before it gets here.
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition as number,
  }
  return withQuietLogger(kafka, (quiet) => withOwnEncoding(quiet, (own) => own.producer(config)))
}

const settling: ReadonlySet<string> = new Set([
  'CONCURRENT_TRANSACTIONS',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
])

/**
 * The first transaction of `producer`: its InitProducerId fences every predecessor, and is answered once the broker has
 * settled what they left. kafkajs repeats it five times, which takes nine seconds; a coordinator that moves can need
 * longer.
 */
export async function firstTransaction(producer: Producer, deadline: Deadline): Promise<Transaction> {
  for (;;) {
    try {
      return await producer.transaction()
    } catch (error) {
      if (deadline.passed || !settling.has(refusalOf(error)?.type ?? '')) throw error
    }
  }
}

/** The record that opens a transaction, and when to try it again. */
export interface OpeningRecord {
  readonly topic: string
  readonly message: Message
  readonly deadline: Deadline
  /** Pause in milliseconds before another try, by the broker's answer. No pause: no other try. */
  readonly pauses: Readonly<Record<string, number>>
}

/**
 * Right after a commit the broker answers CONCURRENT_TRANSACTIONS until it has written the markers, a matter of a few
 * milliseconds. kafkajs's own pause of 300 ms cut small batches eighteenfold.
 */
export const concurrentTransactions = { CONCURRENT_TRANSACTIONS: 1 } as const

/** What brokers answer for a topic that was created just now, until all of them have heard of it. */
export const topicUnfolding = {
  UNKNOWN_TOPIC_OR_PARTITION: 20,
  LEADER_NOT_AVAILABLE: 20,
  NOT_LEADER_FOR_PARTITION: 20,
} as const

/**
 * Opens `transaction` with one record, alone, and resolves to the record's offset when the broker has accepted it.
 * Only here is a send tried again: nothing of the transaction has been accepted yet.
 */
export async function openTransaction(
  transaction: Transaction,
  { topic, message, deadline, pauses }: OpeningRecord,
): Promise<bigint> {
  for (;;) {
    try {
      const [accepted] = await transaction.send({ topic, acks: -1, messages: [message] })
      const offset = accepted?.baseOffset
      if (offset === undefined || accepted?.errorCode !== 0)
        throw new Error('kafkajs sent the record to no partition')
      return BigInt(offset)
    } catch (error) {
      const pauseMs = pauses[refusalOf(error)?.type ?? '']
      if (pauseMs === undefined || deadline.passed) throw error
      await deadline.pause(pauseMs)
    }
  }
}
