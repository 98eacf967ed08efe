import { createInbox, type HandlerContext, on, type Topic } from '@pigeonhole/core'
import { checkpointTopicOf } from '@pigeonhole/kafkajs'
import { migrate } from '@pigeonhole/postgres'
import { createDatabase, nextEvent, readLog, type TestDatabase } from '@pigeonhole/testing'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { eventually } from '../run-inbox/events.js'
import { Gate } from '../run-inbox/gate.js'
import { InboxLab } from '../run-inbox/inbox-lab.js'
import { openDatabase } from './databases.js'

type Database = ReturnType<typeof openDatabase>
type Context = HandlerContext<pg.ClientBase, string>

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

let lab: InboxLab
let second: TestDatabase
let opened: Database[]
let topic: Topic<string>
beforeEach(async () => {
  opened = []
  lab = await InboxLab.open(servers)
  topic = await lab.createTopic()
  second = await createDatabase({ url: servers.databaseUrl })
  await migrate({ connectionString: second.url })
})
afterEach(async () => {
  for (const { relay, pool } of opened) {
    await relay.stop()
    await pool.end()
  }
  await second.drop()
  await lab[Symbol.asyncDispose]()
})

function open(name: string, url: string): Database {
  const database = openDatabase(lab.newKafka(), `${lab.name}-${name}`, url)
  opened.push(database)
  return database
}

/** Publishes in a transaction of one database, through the outbox of the same or another. */
async function publish({ pool }: Database, { outbox }: Database, value: string): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await outbox.publish(client, topic, value, { key: 'key' })
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

async function values(): Promise<string[]> {
  const log = await readLog({ brokers: servers.kafkaBrokers, topics: [topic.name] })
  return log.map(({ value }) => Buffer.from(value ?? []).toString())
}

async function unsent({ pool }: Database): Promise<number> {
  return (await pool.query('SELECT FROM pigeonhole.outbox_message')).rowCount ?? 0
}

describe('two databases', () => {
  it('are relayed by one process, each under a name of its own', async () => {
    const [orders, billing] = [open('orders', lab.databaseUrl), open('billing', second.url)]
    for (let i = 0; i < 20; i++) {
      await publish(orders, orders, `order ${i}`)
      await publish(billing, billing, `invoice ${i}`)
    }
    await Promise.all([orders.relay.start(), billing.relay.start()])
    await Promise.all([orders.relay.drain(), billing.relay.drain()])

    const log = await values()
    // Each of them in the order of its transactions; between the two there is none.
    expect(log.filter((value) => value.startsWith('order'))).toEqual(numbered('order'))
    expect(log.filter((value) => value.startsWith('invoice'))).toEqual(numbered('invoice'))
    expect(log).toHaveLength(40)
    const topics = await lab.admin((admin) => admin.listTopics())
    expect(topics).toEqual(
      expect.arrayContaining([
        checkpointTopicOf(`${lab.name}-orders`),
        checkpointTopicOf(`${lab.name}-billing`),
      ]),
    )
  })

  it('have a message lie where its transaction is, whichever outbox it is published through', async () => {
    const [orders, billing] = [open('orders', lab.databaseUrl), open('billing', second.url)]
    await publish(orders, billing, 'order')
    expect([await unsent(orders), await unsent(billing)]).toEqual([1, 0])
  })

  it('under one name: the second halts before it sends anything, and the first goes on; a name of its own mends it', async () => {
    const orders = open('orders', lab.databaseUrl)
    await publish(orders, orders, 'order 0')
    await orders.relay.start()
    await orders.relay.drain()

    const mistaken = open('orders', second.url)
    await publish(mistaken, mistaken, 'invoice')
    const halted = nextEvent(mistaken.relay, 'shard:changed', ({ state }) => state === 'halted')
    await mistaken.relay.start()
    const error = { code: 'RELAY_DATABASE_WENT_BACK', message: expect.stringContaining('a name of its own') }
    expect((await halted).error).toMatchObject(error)
    await mistaken.relay.stop()

    await publish(orders, orders, 'order 1')
    await orders.relay.drain()
    expect(await values()).toEqual(['order 0', 'order 1'])
    expect(await unsent(mistaken)).toBe(1)

    const billing = open('billing', second.url)
    await billing.relay.start()
    await billing.relay.drain()
    expect(await values()).toEqual(['order 0', 'order 1', 'invoice'])
  })

  it('take the effect of a message each in its own transaction, by a group and an inbox of their own', async () => {
    const [orders, billing] = [open('orders', lab.databaseUrl), open('billing', second.url)]
    const gate = new Gate()
    for (const [name, { pool, store }] of Object.entries({ orders, billing })) {
      await pool.query('CREATE TABLE noted (value text NOT NULL)')
      const consumer = lab.newKafka().consumer({ ...lab.consumerConfig, groupId: `${lab.name}-${name}` })
      await lab.runOn(consumer, {
        inbox: createInbox({ store, name: lab.name }),
        options: {
          handlers: [
            on(topic, async ({ message, tx }: Context) => {
              if (name === 'billing') await gate.passed
              await tx.query('INSERT INTO noted VALUES ($1)', [message.value])
            }),
          ],
        },
      })
    }
    await lab.send(topic, ['a', 'b'])
    for (const { pool } of [orders, billing]) {
      // That of billing waits, that of orders does not wait for it.
      if (pool === billing.pool) gate.open()
      const noted = async () => (await pool.query('SELECT value FROM noted')).rows.map(({ value }) => value)
      await eventually(noted).toEqual(['a', 'b'])
    }
  })
})

function numbered(what: string): string[] {
  return Array.from({ length: 20 }, (_, i) => `${what} ${i}`)
}
