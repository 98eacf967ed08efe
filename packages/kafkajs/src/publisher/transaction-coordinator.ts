import type { ClusterInternals } from '../own-client.js'
import { refusalOf } from './broker-errors.js'
import type { Deadline } from './deadline.js'

/** Partitions of a topic. */
export interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

interface NamingRequest {
  readonly topics: readonly TopicPartitions[]
}

/** What kafkajs's producer asks of a coordinator. */
interface Coordinator {
  readonly nodeId: string
  initProducerId(request: object): Promise<unknown>
  addPartitionsToTxn(request: NamingRequest): Promise<unknown>
  endTxn(request: object): Promise<unknown>
}

const transactionCoordinator = 1

/**
 * Right after a commit the coordinator answers CONCURRENT_TRANSACTIONS until the markers are written, a matter of a few
 * milliseconds. kafkajs's own pause of 300 ms cut small batches eighteenfold.
 */
const concurrentPauseMs = 1

/**
 * Stands between one transactional producer of kafkajs and its coordinator.
 *
 * - Who it is, is asked until one has taken InitProducerId, and not again: kafkajs asks before each request. Where it has moved
 *   since, the next request is refused, and a new producer asks.
 * - All partitions of a transaction are named in one AddPartitionsToTxn, before any record is sent, however many brokers lead
 *   them. kafkajs names each broker's own beside the records of the others.
 * - CONCURRENT_TRANSACTIONS is what only the first request of a transaction is told. That request is tried again, and never a
 *   send: it carries no records, and a send that was repeated would carry some a second time.
 */
export class TransactionCoordinator {
  /** Until when a request is tried again: that of the step under way. */
  deadline: Deadline | undefined
  #nodeId: string | undefined
  #planned: readonly TopicPartitions[] = []
  readonly #named = new Set<string>()
  #naming: Promise<void> = Promise.resolve()

  /** Takes the place of the coordinator that `cluster` finds. */
  attach(cluster: ClusterInternals): void {
    const find = cluster.findGroupCoordinator.bind(cluster)
    cluster.findGroupCoordinator = async (request) => {
      if (request.coordinatorType !== transactionCoordinator) return await find(request)
      const nodeId = this.#nodeId
      const found = nodeId === undefined ? await find(request) : await cluster.findBroker({ nodeId })
      return this.#over(found as Coordinator)
    }
  }

  /** The partitions that the transaction begun will have. */
  plan(partitions: readonly TopicPartitions[]): void {
    this.#planned = partitions
  }

  #over(broker: Coordinator): Omit<Coordinator, 'nodeId'> {
    return {
      initProducerId: async (request) => {
        const answer = await broker.initProducerId(request)
        this.#nodeId = broker.nodeId
        return answer
      },
      // One after the other: those of the second request may be in the first, which is on its way.
      addPartitionsToTxn: (request) => {
        this.#naming = this.#naming.then(() => this.#name(broker, request))
        return this.#naming
      },
      endTxn: async (request) => {
        const answer = await broker.endTxn(request)
        this.#named.clear()
        this.#planned = []
        return answer
      },
    }
  }

  async #name(broker: Coordinator, request: NamingRequest): Promise<void> {
    const topics = this.#unnamed([...request.topics, ...this.#planned])
    if (topics.length === 0) return
    for (;;) {
      try {
        await broker.addPartitionsToTxn({ ...request, topics })
        break
      } catch (error) {
        const { deadline } = this
        const isConcurrent = refusalOf(error)?.type === 'CONCURRENT_TRANSACTIONS'
        if (!isConcurrent || !deadline || deadline.passed) throw error
        await deadline.pause(concurrentPauseMs)
      }
    }
    for (const { topic, partitions } of topics)
      for (const partition of partitions) this.#named.add(`${topic}/${partition}`)
  }

  #unnamed(wanted: readonly TopicPartitions[]): TopicPartitions[] {
    const topics = new Map<string, Set<number>>()
    for (const { topic, partitions } of wanted) {
      const unnamed = topics.get(topic) ?? new Set()
      for (const partition of partitions)
        if (!this.#named.has(`${topic}/${partition}`)) unnamed.add(Number(partition))
      if (unnamed.size > 0) topics.set(topic, unnamed)
    }
    return [...topics].map(([topic, partitions]) => ({ topic, partitions: [...partitions] }))
  }
}
