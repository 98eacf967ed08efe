import { createIdempotency, createInbox, textCodec, topic } from '@pigeonhole/core'
import { type InboxRun, on, runInbox } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { type KafkaCluster, startKafka } from '@pigeonhole/testing'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunbookLab } from './runbook-lab.js'
import { soon } from './watched-service.js'

const patienceMs = 30_000
const timeout = 180_000

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
    await person.leavesData()
    expect(await person.traces()).not.toEqual([])
    const walk = lab.shell.section("Erasing a person's data", {
      TOPIC: lab.topic,
      KEY: person.key,
      INBOX: 'billing',
      TENANT: person.key,
      MESSAGE_ID: person.messageId,
    })
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

  async leavesData(): Promise<void> {
    const lab = this.#lab
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
