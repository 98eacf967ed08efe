import { postgresStore } from '@pigeonhole/postgres'
import { createTopics } from '@pigeonhole/testing'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import type { RelayProcess } from '../relay/relay-process-handle.js'
import type { RelayProcessOptions } from '../relay/relay-process-protocol.js'
import { startFated } from './fated-process.js'
import { hold, type Injected } from './faults.js'
import type { History } from './history.js'
import type { Fate, Plan, Step } from './plan.js'
import type { RelayCrew } from './relay-crew.js'
import { asksUntil, happens } from './within.js'

/** What an {@link Operator} works on. */
export interface OperatorSetup {
  readonly brokers: readonly string[]
  /** The database itself, past all proxies. */
  readonly databaseUrl: string
  readonly options: Omit<RelayProcessOptions, 'fault'>
  readonly crew: RelayCrew
  readonly plan: Plan
  readonly history: History
  /** What writers write to. A topic that is missing is added before it is made. */
  readonly topics: string[]
}

/** A limit that all but large messages keep to, and the broker's own. */
const limits = { low: '16000', high: '1048588' }
const reshardMs = 25_000
const retryMs = 15_000
const noticeMs = 60_000
const attempts = 6
const partitions = 3

/** What operators do to an outbox at work: they divide it anew, limit its topics, forget one, and send again what was parked. */
export class Operator {
  readonly #setup: OperatorSetup
  #running: RelayProcess | undefined
  #shards: number
  #limited: string | undefined
  #missing: string | undefined
  #resharded = 0
  #released = 0

  constructor(setup: OperatorSetup) {
    this.#setup = setup
    this.#shards = setup.options.shards ?? 1
  }

  /** How often the number of shards was changed. */
  get resharded(): number {
    return this.#resharded
  }

  /** Keys, messages and topics that were asked to be sent again. */
  get released(): number {
    return this.#released
  }

  /** One attempt that is killed or paused at a named point; then, amid whatever else happens, as many as it takes. */
  async reshard({ target }: Step, over: AbortSignal, injected: Injected): Promise<void> {
    const { plan } = this.#setup
    const shards = ((this.#shards + (target % 3)) % 4) + 1
    for (let attempt = 0; attempt < attempts && !over.aborted; attempt++) {
      const fate = attempt === 0 ? plan.nextFate('resharding') : undefined
      if (!(await this.#tryReshard(shards, fate, over))) continue
      this.#shards = shards
      this.#resharded += 1
      return injected(`to ${shards} shards`)
    }
  }

  /** Large messages are refused for a while, and sent again when they are taken. */
  async limit(step: Step, over: AbortSignal, injected: Injected): Promise<void> {
    const { crew, topics } = this.#setup
    const topic = topics[step.target % 2] as string
    const parked = crew.hears(({ name }) => name === 'record:parked', noticeMs, over)
    this.#limited = topic
    if (!(await this.#setLimit(topic, limits.low))) return
    if (await parked) injected(`${topic} for ${step.holdMs} ms`)
    await hold(step, over)
    if (over.aborted) return
    // Too early: it is refused again. Then by a process that is struck.
    await this.#retryParked().catch(() => undefined)
    await hold(step, over)
    await this.#raiseLimit()
    await this.#tryRetry(over)
    await this.#retryParked().catch(() => undefined)
  }

  /** Writers write to a topic that is not there, for a while. */
  async addTopic(step: Step, over: AbortSignal, injected: Injected): Promise<void> {
    const { crew, topics } = this.#setup
    const topic = `${topics[0]}-${topics.length}`
    const paused = crew.hears(
      ({ name, data }) => name === 'topic:paused' && (data as { topic?: string }).topic === topic,
      noticeMs,
      over,
    )
    this.#missing = topic
    topics.push(topic)
    if (await paused) injected(`${topic} for ${step.holdMs} ms`)
    await hold(step, over)
    if (!over.aborted) await this.#makeTopic().catch(() => undefined)
  }

  /** Everything is as it should be: what is parked can be sent. */
  async settle(): Promise<void> {
    this.#running?.signal('SIGKILL')
    await this.#running?.exited
    await this.#makeTopic()
    if (!(await this.#raiseLimit())) throw new Error('the limit of a topic was not raised')
  }

  /** Sends again what is parked, until nothing is. */
  async release(ms: number): Promise<void> {
    let left = 0
    const isDone = await asksUntil({ ms }, async () => {
      left = await this.#retryParked()
      return left === 0
    })
    if (!isDone) throw new Error(`${left} groups of messages are still parked after ${ms} ms`)
  }

  async #tryReshard(shards: number, fate: Fate | undefined, over: AbortSignal): Promise<boolean> {
    const { plan, options, history } = this.#setup
    const name = `resharding to ${shards}`
    const common = { name, occasion: 'resharding', plan, history } as const
    const started = startFated({ ...common, options: { ...options, shards }, fate })
    this.#running = started
    if (!(await happens(started.exited, reshardMs, over))) started.signal('SIGKILL')
    await started.exited
    const done = started.find(({ type }) => type === 'resharded') !== undefined
    history.note(`${name} ${done ? 'is done' : `was not done: ${started.lastError()}`}`)
    return done
  }

  async #tryRetry(over: AbortSignal): Promise<void> {
    const { plan, options, history, databaseUrl } = this.#setup
    const fate = plan.nextFate('parked retry')
    const common = { name: 'parked retry', occasion: 'parked retry', plan, history } as const
    const started = startFated({ ...common, options: { ...options, databaseUrl }, fate })
    this.#running = started
    if (!(await happens(started.exited, retryMs, over))) started.signal('SIGKILL')
    await started.exited
  }

  async #makeTopic(): Promise<void> {
    const topic = this.#missing
    if (topic === undefined) return
    await createTopics(this.#setup.brokers, [{ topic, numPartitions: partitions }])
    this.#missing = undefined
  }

  async #raiseLimit(): Promise<boolean> {
    const topic = this.#limited
    if (topic === undefined) return true
    if (!(await this.#setLimit(topic, limits.high))) return false
    this.#limited = undefined
    return true
  }

  async #setLimit(topic: string, value: string): Promise<boolean> {
    const configEntries = [{ name: 'max.message.bytes', value }]
    const resources = [{ type: 2, name: topic, configEntries }]
    return this.#administer((admin) => admin.alterConfigs({ validateOnly: false, resources }))
  }

  // Brokers may be down: kafkajs tries for some seconds, and here it is tried again.
  #administer(work: (admin: Admin) => Promise<unknown>): Promise<boolean> {
    return asksUntil({ attempts: 3 }, async () => {
      const kafka = new Kafka({ brokers: [...this.#setup.brokers], logLevel: logLevel.NOTHING })
      const admin = kafka.admin()
      try {
        await admin.connect()
        await work(admin)
        return true
      } catch (error) {
        this.#setup.history.note(`an operator was refused: ${String(error)}`)
        return false
      } finally {
        await admin.disconnect().catch(() => undefined)
      }
    })
  }

  /** Resolves to the groups that are still parked. */
  async #retryParked(): Promise<number> {
    const pool = new pg.Pool({ connectionString: this.#setup.databaseUrl, connectionTimeoutMillis: 5_000 })
    pool.on('error', () => undefined)
    try {
      const store = postgresStore(pool)
      const groups = await store.listParking()
      if (groups.length === 0) return 0
      const { keys, messages, topics } = await store.retryParked({})
      this.#released += keys + messages + topics
      return groups.length
    } finally {
      await pool.end()
    }
  }
}
