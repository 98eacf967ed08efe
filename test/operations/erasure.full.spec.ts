import { createIdempotency, createInbox, textCodec, topic } from '@pigeonhole/core'
import { type InboxRun, on, runInbox } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { createTopics, type KafkaCluster, kafkaTool, startKafka } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunbookLab } from './runbook-lab.js'
import { soon } from './watched-service.js'

const patienceMs = 90_000
const timeout = 400_000

describe('with a cluster of their own', { timeout }, () => {
  let kafka: KafkaCluster
  beforeAll(async () => {
    // The cleaner looks again after so long.
    const settings = { 'log.cleaner.backoff.ms': '500' }
    kafka = await startKafka({ brokers: 1, sources: ['docker', 'embedded'], settings })
  }, timeout)
  afterAll(() => kafka?.stop())

  it('a backlog after an outage of Kafka is sent by the workers that were there', async () => {
    await using lab = await RunbookLab.open({ brokers: kafka.brokers })
    const worker = lab.startWorker()
    await worker.line({ state: 'publishing' })
    await kafka.nodes[0]?.kill()
    const values = Array.from({ length: 2_000 }, (_, i) => `message ${i}`)
    await lab.publish(...values.map((value, i) => ({ key: `key-${i % 10}`, value })))
    await lab.pool.query(`UPDATE pigeonhole.outbox_message SET created_at = created_at - interval '3 hours'`)
    const walk = lab.shell.section('A backlog after an outage')
    expect(await walk.step('pigeonhole status', 4)).toMatch(/2000 messages pending, the oldest for 3 h/)
    await kafka.nodes[0]?.restart()
    expect(await walk.step('pigeonhole drain')).toContain('All that was committed before is in Kafka')
    await walk.step('pigeonhole reshard')
    walk.end()
    expect(await lab.values()).toEqual(values)
  })

  it('inboxes follow their topics to another cluster, from the start of new ones or at their positions', async () => {
    await using lab = await RunbookLab.open()
    await using consumers = new Consumers(lab)
    const sent = ['one', 'two'].map((value) => ({ key: 'order-1', value, id: `id of ${value}` }))
    await lab.send(...sent.slice(0, 1))
    await consumers.run(lab.kafka, 'billing', 'audit')
    await soon(() => consumers.handled(), patienceMs).toEqual(['audit one', 'billing one'])
    await consumers.stop()
    // A mirror, with the ids.
    const mirror = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING })
    await createTopics(kafka.brokers, [{ topic: lab.topic, numPartitions: 1 }])
    await lab.sendTo(mirror, lab.topic, ...sent)
    await consumers.run(mirror, 'billing', 'audit')
    await soon(() => consumers.reasons(), patienceMs).toEqual(['TOPIC_RECREATED', 'TOPIC_RECREATED'])
    const walk = lab.shell.section('Consumers of another cluster', { TOPIC: lab.topic, INBOX: 'billing' })
    await walk.step('DELETE FROM pigeonhole.inbox_position')
    walk.fillIn({ INBOX: 'audit' })
    await walk.step('DELETE FROM pigeonhole.inbox_topic')
    walk.end()
    const all = ['audit one', 'audit two', 'billing one', 'billing two']
    await soon(() => consumers.handled(), patienceMs).toEqual(all)
  })

  it('erases what a person has left, wherever that is', async () => {
    const topicSettings = {
      'max.message.bytes': '2000',
      'cleanup.policy': 'compact',
      'min.cleanable.dirty.ratio': '0.001',
      'segment.ms': '1000',
      'max.compaction.lag.ms': '1000',
    }
    await using lab = await RunbookLab.open({ brokers: kafka.brokers, topicSettings })
    await using person = new Person(lab)
    const deletes = await kafkaTool('org.apache.kafka.tools.DeleteRecordsCommand', () => undefined)
    await lab.shell.install('kafka-delete-records.sh', deletes)
    await person.leavesData()
    expect(await lab.values(person.deadLetters)).toEqual([person.data, 'of somebody else'])
    expect(await person.traces()).not.toEqual([])
    const walk = lab.shell.section("Erasing a person's data", {
      TOPIC: lab.topic,
      KEY: person.key,
      INBOX: 'billing',
      TENANT: person.key,
      MESSAGE_ID: person.messageId,
    })
    await walk.step('pigeonhole drain')
    await walk.step('pigeonhole parked discard --topic')
    await walk.step('pigeonhole parked discard --inbox')
    await walk.step('pigeonhole send')
    walk.fillIn({ TOPIC: person.deadLetters, PARTITION: '0', OFFSET: '1', BROKERS: kafka.brokers.join(',') })
    await walk.step('echo')
    await walk.step('kafka-delete-records.sh')
    expect(await lab.values(person.deadLetters)).toEqual(['of somebody else'])
    walk.fillIn({ TOPIC: lab.topic })
    await walk.rest()
    walk.end()
    expect(await person.traces()).toEqual([])
    // The row stays, and with it what keeps a late repeat from doing it again.
    expect(await person.repeats()).toEqual({ replayed: true, result: undefined })
    const closesSegments = async (): Promise<string[]> => {
      await lab.send({ key: 'somebody', value: 'else' })
      return (await lab.values()).filter((value) => value.includes(person.data))
    }
    await expect.poll(closesSegments, { timeout: 90_000, interval: 1_500 }).toEqual([])
  })
})

/** Consumers of some inboxes, one each. */
class Consumers implements AsyncDisposable {
  readonly #lab: RunbookLab
  #runs: InboxRun[] = []

  constructor(lab: RunbookLab) {
    this.#lab = lab
  }

  async run(kafka: Kafka, ...inboxes: readonly string[]): Promise<void> {
    const { topic: name, pool } = this.#lab
    const orders = topic<string>(name, { codec: textCodec })
    for (const inbox of inboxes) {
      const consumer = kafka.consumer({ groupId: `${name}-${inbox}` })
      const run = await runInbox(consumer, createInbox({ store: postgresStore(pool), name: inbox }), {
        handlers: [
          on<pg.ClientBase, string>(orders, async ({ message: { value }, tx }) => {
            await tx.query('INSERT INTO effect (value) VALUES ($1)', [`${inbox} ${value}`])
          }),
        ],
      })
      this.#runs.push(run)
    }
  }

  async handled(): Promise<string[]> {
    return (await this.#lab.effects()).toSorted()
  }

  /** Why each is not ready. */
  reasons(): (string | undefined)[] {
    return this.#runs.map(({ readiness }) => readiness.reason)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#runs.splice(0).map((run) => run.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** Somebody whose data is in every place that the page names. */
class Person implements AsyncDisposable {
  readonly key = 'ann@example.com'
  readonly data = 'Ann Example, 12 Example Street'
  readonly messageId = 'ann@example.com/1'
  readonly #lab: RunbookLab
  #run: InboxRun | undefined

  constructor(lab: RunbookLab) {
    this.#lab = lab
  }

  get deadLetters(): string {
    return `${this.#lab.topic}-dead-letters`
  }

  async leavesData(): Promise<void> {
    const lab = this.#lab
    await createTopics(lab.brokers, [{ topic: this.deadLetters, numPartitions: 1 }])
    const others = { key: 'somebody', value: 'of somebody else' }
    await lab.sendTo(lab.kafka, this.deadLetters, { key: this.key, value: this.data }, others)
    lab.startWorker()
    await this.#consume()
    // Sent, and still in the outbox.
    await lab.publish({ key: this.key, value: this.data })
    await soon(() => lab.values(), patienceMs).toEqual([this.data])
    await soon(() => this.#parkedOf('inbox'), patienceMs).toBe(1)
    await lab.send({ key: 'somebody', value: 'with an id of hers', id: this.messageId })
    await soon(() => lab.effects(), patienceMs).toEqual(['with an id of hers'])
    await lab.publish({ key: this.key, value: this.data + 'x'.repeat(3_000) })
    await soon(() => this.#parkedOf('outbox'), patienceMs).toBe(1)
    expect(await this.repeats()).toMatchObject({ replayed: false, result: { told: this.data } })
    // Whoever consumes gets the tombstone, too.
    await this.#run?.stop()
  }

  /** Does what has an answer with her data, or gets that answer again. */
  async repeats(): Promise<object> {
    const idempotency = createIdempotency({ store: postgresStore(this.#lab.pool) })
    const scope = { operation: 'sign up', key: 'k-1', tenant: this.key, input: 'the same' }
    const { replayed, result } = await idempotency.run(scope, async () => ({ told: this.data }))
    return { replayed, result }
  }

  /** Tables that have her data, or, but as the tenant of an operation, her address. */
  async traces(): Promise<string[]> {
    const { pool } = this.#lab
    const { rows: tables } = await pool.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'pigeonhole'::regnamespace AND relkind = 'r' ORDER BY 1`,
    )
    const found = []
    for (const { name } of tables) {
      const { rows } = await pool.query<{ row: string }>(`SELECT t::text AS row FROM pigeonhole.${name} t`)
      const text = rows.map(({ row }) => row).join('\n')
      const hers = [this.data, ...(name === 'idempotency_key' ? [] : [this.key])]
      if (hers.some((one) => text.includes(one) || text.includes(Buffer.from(one).toString('hex'))))
        found.push(name)
    }
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run?.stop()
  }

  async #consume(): Promise<void> {
    const { topic: name, kafka, pool } = this.#lab
    const events = topic<string>(name, { codec: textCodec })
    const inbox = createInbox({ store: postgresStore(pool), name: 'billing' })
    this.#run = await runInbox(kafka.consumer({ groupId: name }), inbox, {
      handlers: [
        on<pg.ClientBase, string>(events, async ({ message: { value }, tx }) => {
          if (value === this.data) throw new Error(`cannot handle ${value}`)
          await tx.query('INSERT INTO effect (value) VALUES ($1)', [value])
        }),
      ],
      attempts: 1,
    })
  }

  async #parkedOf(side: 'outbox' | 'inbox'): Promise<number> {
    const text = 'SELECT FROM pigeonhole.parked_message WHERE side = $1'
    return (await this.#lab.pool.query(text, [side])).rowCount ?? 0
  }
}
