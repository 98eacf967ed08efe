import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createOutbox } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import { createTopics, type ExactlyOnceVerdict, type TestDatabase } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import type { RelayProcess } from '../relay/relay-process-handle.js'
import type { RelayProcessOptions } from '../relay/relay-process-protocol.js'
import { createChaosDatabase, digestOf } from './chaos-database.js'
import type { ChaosCluster } from './cluster.js'
import { startFated } from './fated-process.js'
import type { History } from './history.js'
import { judge } from './judge.js'
import type { Fate, Plan } from './plan.js'
import type { Occasion } from './strikes.js'
import { happens, within } from './within.js'

/** What {@link SideOutboxes} are made from. */
export interface SideSetup {
  readonly cluster: ChaosCluster
  readonly plan: Plan
  readonly history: History
  readonly options: Pick<
    RelayProcessOptions,
    'brokers' | 'leaseMs' | 'renewMs' | 'batchRows' | 'requestTimeoutMs'
  >
}

interface Outbox {
  readonly name: string
  readonly topic: string
  readonly database: TestDatabase
  published: number
  /** Its checkpoint topic was deleted. */
  lost: boolean
}

const patienceMs = 15_000
const settleMs = 120_000

/**
 * Outboxes of their own, amid all that is broken: the first opening of each is struck at a named point, then the
 * division of it beside a relay; then it loses its checkpoint topic, and its adoption is struck.
 */
export class SideOutboxes {
  readonly #setup: SideSetup
  readonly #outboxes: Outbox[] = []

  constructor(setup: SideSetup) {
    this.#setup = setup
  }

  /** One after the other, until the faults end or there were `most`. */
  async run(over: AbortSignal, most: number = Number.POSITIVE_INFINITY): Promise<void> {
    for (let i = 0; i < most && !over.aborted; i++) {
      try {
        const outbox = await this.#open()
        this.#outboxes.push(outbox)
        await this.#strike(outbox, over)
      } catch (error) {
        // A server was down. What has been made is settled at the end.
        this.#setup.history.note(`an outbox of its own was given up: ${String(error)}`)
        await delay(500)
      }
    }
  }

  /** Adopts and drains each of them, with no more faults. Resolves to what has come of each. */
  async settle(): Promise<ExactlyOnceVerdict[]> {
    const verdicts: ExactlyOnceVerdict[] = []
    for (const outbox of this.#outboxes.filter(({ published }) => published > 0)) {
      await within(settleMs, `settling ${outbox.name}`, this.#settle(outbox))
      verdicts.push(await judge(this.#setup.cluster.kafka.brokers, outbox.database.url, [outbox.topic]))
    }
    return verdicts
  }

  async drop(): Promise<void> {
    for (const { database } of this.#outboxes) await database.drop()
  }

  async #open(): Promise<Outbox> {
    const { cluster } = this.#setup
    const name = `side-${randomBytes(4).toString('hex')}`
    const database = await createChaosDatabase(cluster.postgres)
    await createTopics(cluster.kafka.brokers, [{ topic: name, numPartitions: 2 }])
    return { name, topic: name, database, published: 0, lost: false }
  }

  async #strike(outbox: Outbox, over: AbortSignal): Promise<void> {
    const { plan } = this.#setup
    await publish(outbox)
    await this.#struck(outbox, 'first opening', plan.nextFate('first opening'), over)
    if (over.aborted || !(await this.#relay(outbox, over)) || over.aborted) return
    await publish(outbox)
    await this.#loseCheckpoints(outbox)
    await this.#struck(outbox, 'adoption', plan.nextFate('adoption'), over)
  }

  // Behind a pause, the process goes on beside another one.
  async #struck(outbox: Outbox, occasion: Occasion, fate: Fate, over: AbortSignal): Promise<void> {
    const first = this.#start(outbox, occasion, fate)
    const reached = await happens(first.reached(), patienceMs, over)
    if (reached && fate.signal === 'SIGSTOP') {
      // Beside resharding there is a relay already.
      const second = occasion === 'resharding' ? undefined : this.#start(outbox, occasion)
      if (second) await happens(goalOf(occasion, second), patienceMs, over)
      await happens(goalOf(occasion, first), patienceMs, over)
      if (second) await kill(second)
    }
    await kill(first)
  }

  /** A relay sends something, and the outbox is divided anew beside it. Resolves to whether it has sent. */
  async #relay(outbox: Outbox, over: AbortSignal): Promise<boolean> {
    const relay = this.#start(outbox, 'relay')
    try {
      if (!(await happens(relay.event('batch:published'), patienceMs, over))) return false
      await publish(outbox)
      await this.#struck(outbox, 'resharding', this.#setup.plan.nextFate('resharding'), over)
      return true
    } finally {
      await kill(relay)
    }
  }

  async #loseCheckpoints(outbox: Outbox): Promise<void> {
    const topic = `pigeonhole.relay.${outbox.name}`
    const kafka = new Kafka({ brokers: [...this.#setup.cluster.kafka.brokers], logLevel: logLevel.NOTHING })
    const admin = kafka.admin()
    await admin.connect()
    try {
      outbox.lost = true // Also where the answer does not come.
      await admin.deleteTopics({ topics: [topic] })
      while ((await admin.listTopics()).includes(topic)) await delay(50)
      this.#setup.history.injected('checkpoint topic deleted', topic)
    } finally {
      await admin.disconnect().catch(() => undefined)
    }
  }

  async #settle(outbox: Outbox): Promise<void> {
    while (outbox.lost) {
      const adopting = this.#start(outbox, 'adoption')
      const { code } = await adopting.exited
      if (code === 0) break
      this.#setup.history.note(`${outbox.name} was not adopted: ${adopting.lastError()}`)
    }
    const relay = this.#start(outbox, 'relay')
    try {
      await relay.drain()
    } finally {
      await kill(relay)
    }
  }

  #start(outbox: Outbox, occasion: Occasion, fate?: Fate): RelayProcess {
    const { plan, history, options, cluster } = this.#setup
    const { name, database } = outbox
    return startFated({
      name: `${occasion} of ${name}`,
      occasion,
      options: {
        ...options,
        name,
        databaseUrl: cluster.urlOfRelays(database.url),
        ...(occasion === 'resharding' && { shards: 2 }),
      },
      fate,
      plan,
      history,
    })
  }
}

async function goalOf(occasion: Occasion, started: RelayProcess): Promise<unknown> {
  if (occasion === 'first opening') return started.event('shard:opened')
  return started.exited
}

async function kill(started: RelayProcess): Promise<void> {
  started.signal('SIGKILL')
  await started.exited
}

// Committed or not, the ledger knows.
async function publish(outbox: Outbox): Promise<void> {
  const pool = new pg.Pool({ connectionString: outbox.database.url, connectionTimeoutMillis: 5_000, max: 1 })
  pool.on('error', () => undefined)
  const messages = Array.from({ length: 10 }, (_, i) => {
    const order = outbox.published + i
    return { topic: outbox.topic, key: `key-${i % 3}`, value: JSON.stringify({ order }), order }
  })
  outbox.published += messages.length
  const client = await pool.connect()
  client.on('error', () => undefined)
  try {
    await client.query('BEGIN')
    const ids = await createOutbox({ store: postgresStore(pool) }).publishRaw(client, messages.map(bare))
    for (const [i, { topic, key, value, order }] of messages.entries()) {
      const row = [ids[i], topic, key, order, digestOf(value)]
      await client.query('INSERT INTO ledger VALUES ($1, $2, $3, $4, $5)', row)
    }
    await client.query('COMMIT')
  } finally {
    client.release(true)
    await pool.end()
  }
}

function bare({ topic, key, value }: { topic: string; key: string; value: string }) {
  return { topic, key, value }
}
