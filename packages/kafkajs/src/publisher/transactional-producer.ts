import type { Kafka, Message, Producer, ProducerConfig, Transaction } from 'kafkajs'
import { type ClientChanges, withChanges } from '../own-client.js'
import { ownEncoding } from '../produce-encoding/own-encoding.js'
import { refusalOf } from './broker-errors.js'
import type { Deadline } from './deadline.js'
import { tellRefusals } from './partition-refusals.js'
import { withQuietLogger } from './quiet-logger.js'
import type { TransactionCoordinator } from './transaction-coordinator.js'

/** What {@link createProducer} needs. */
export interface ProducerRequest {
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
  /** Between this producer and its coordinator. */
  readonly coordinator: TransactionCoordinator
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
  { transactionalId, transactionTimeoutMs, coordinator }: ProducerRequest,
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
  const changes: ClientChanges = {
    requests: [ownEncoding, tellRefusals],
    cluster: (cluster) => coordinator.attach(cluster),
  }
  return withQuietLogger(kafka, (quiet) => withChanges(quiet, changes, (own) => own.producer(config)))
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

/** What brokers answer for a topic that was created just now, until all of them have heard of it. */
const unfolding: ReadonlySet<string> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
])
const unfoldingPauseMs = 20

/** A session record, and until when it is tried again. */
export interface SessionSend {
  readonly topic: string
  readonly message: Message
  readonly deadline: Deadline
}

/**
 * Sends a session record, alone in its transaction, and resolves to its offset when the broker has accepted it. The one send
 * that is tried again, because the topic may be one that not all brokers have heard of yet: two session records do no harm.
 */
export async function sendSession(
  transaction: Transaction,
  { topic, message, deadline }: SessionSend,
): Promise<bigint> {
  for (;;) {
    try {
      const [accepted] = await transaction.send({ topic, acks: -1, messages: [message] })
      const offset = accepted?.baseOffset
      if (offset === undefined || accepted?.errorCode !== 0)
        throw new Error('kafkajs sent the record to no partition')
      return BigInt(offset)
    } catch (error) {
      if (deadline.passed || !unfolding.has(refusalOf(error)?.type ?? '')) throw error
      await deadline.pause(unfoldingPauseMs)
    }
  }
}
