import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import {
  type Codec,
  createOutbox,
  createRelay,
  jsonCodec,
  type Outbox,
  type Relay,
  type Topic,
  topic,
} from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { readLog } from '@pigeonhole/testing'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { eventually } from '../run-inbox/events.js'
import { Gate } from '../run-inbox/gate.js'
import { InboxLab } from '../run-inbox/inbox-lab.js'
import { backfill, type Customer } from './backfill.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const program = fileURLToPath(new URL('../dist/recipes/backfill-process.js', import.meta.url))
const key = ({ id }: Customer) => id
const ids = Array.from({ length: 60 }, (_, i) => `c-${String(i).padStart(2, '0')}`)

let lab: InboxLab
let relay: Relay
let outbox: Outbox<pg.ClientBase>
let customers: Topic<Customer>
let processes: ChildProcess[]
beforeEach(async () => {
  lab = await InboxLab.open(servers)
  await lab.pool.query(`
    CREATE TABLE customer (id text PRIMARY KEY, name text NOT NULL, version integer NOT NULL);
    CREATE TABLE backfill (topic text PRIMARY KEY, last_id text NOT NULL)`)
  await lab.pool.query(`INSERT INTO customer SELECT id, 'name', 0 FROM unnest($1::text[]) AS id`, [ids])
  customers = topic<Customer>((await lab.createTopic()).name, { key })
  outbox = createOutbox({ store: lab.store })
  processes = []
  const publisher = kafkajsPublisher(lab.newKafka())
  relay = createRelay({ name: lab.name, store: lab.store, publisher, idlePollMs: 20 })
  await relay.start()
})
afterEach(async () => {
  for (const child of processes) if (child.exitCode === null) child.kill('SIGKILL')
  await relay.stop()
  await lab[Symbol.asyncDispose]()
})

/** Changes a customer and publishes it, as the service does. `during` is awaited before the commit. */
async function change(id: string, during?: Promise<void>): Promise<void> {
  const client = await lab.pool.connect()
  try {
    await client.query('BEGIN')
    const { rows } = await client.query<Customer>(
      'UPDATE customer SET version = version + 1 WHERE id = $1 RETURNING id, name, version',
      [id],
    )
    await outbox.publish(client, customers, rows[0] as Customer)
    await during
    await client.query('COMMIT')
  } finally {
    client.release(true)
  }
}

/** The program in a process of its own: how it ended. */
async function run(...fate: readonly string[]): Promise<unknown[]> {
  const args = [program, lab.databaseUrl, customers.name, ...fate]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  processes.push(child)
  return once(child, 'exit')
}

/** By customer, what is in the log, in its order. */
async function readStories(): Promise<Map<string, { version: number; isBackfilled: boolean }[]>> {
  await relay.drain()
  const stories = new Map<string, { version: number; isBackfilled: boolean }[]>()
  for (const { value, headers } of await readLog({
    brokers: servers.kafkaBrokers,
    topics: [customers.name],
  })) {
    const { id, version } = JSON.parse(Buffer.from(value ?? []).toString())
    const isBackfilled = headers.some(([name]) => name === 'backfill')
    stories.set(id, [...(stories.get(id) ?? []), { version, isBackfilled }])
  }
  return stories
}

const backfilled = (version: number) => ({ version, isBackfilled: true })
const live = (version: number) => ({ version, isBackfilled: false })

/** The topic, with something that begins between reading c-05 and publishing it, and is given the time to end, or to wait. */
function pausing(begin: () => Promise<void>): Topic<Customer> {
  const json = jsonCodec as Codec<Customer>
  const encode = async (value: Customer): Promise<Uint8Array> => {
    if (value.id === 'c-05')
      await Promise.race([begin(), eventually(() => lab.sessionsWaitingForLocks()).toBe(1)])
    return json.encode(value)
  }
  return topic<Customer>(customers.name, { key, codec: { ...json, encode } })
}

describe('a backfill', { timeout: 180_000 }, () => {
  it('publishes each row once, in its place among the changes of the row, through kills and beside itself', async () => {
    let done = false
    const writers = [0, 1, 2].map(async (writer) => {
      for (let i = writer; !done; i += 7) await change(ids[i % ids.length] as string)
    })
    try {
      for (const [phase, commit] of [
        ['before', '2'],
        ['after', '1'],
        ['after', '2'],
      ] as const)
        expect(await run(phase, commit)).toEqual([null, 'SIGKILL'])
      expect(await Promise.all([run(), run()])).toEqual([
        [0, null],
        [0, null],
      ])
      expect(await run()).toEqual([0, null])
    } finally {
      done = true
      await Promise.all(writers)
    }

    const stories = await readStories()
    const { rows } = await lab.pool.query<Customer>('SELECT id, version FROM customer ORDER BY id')
    expect([...stories.keys()].toSorted()).toEqual(ids)
    for (const { id, version } of rows) {
      const story = stories.get(id) ?? []
      const place = story.findIndex(({ isBackfilled }) => isBackfilled)
      // What is told of the row as it was is what was last told of it.
      const expected = Array.from({ length: version }, (_, i) => live(i + 1))
      expected.splice(place, 0, backfilled(place))
      expect(story).toEqual(expected)
    }
  })

  it('publishes nothing that was overtaken: a change waits until the row is published', async () => {
    let changed: Promise<void> | undefined
    await backfill(
      lab.pool,
      pausing(() => {
        changed = change('c-05')
        return changed
      }),
      10,
    )
    await changed
    expect((await readStories()).get('c-05')).toEqual([backfilled(0), live(1)])
  })

  it('leaves a batch to the one of two processes that was there first', async () => {
    let second: Promise<void> | undefined
    await backfill(
      lab.pool,
      pausing(() => {
        second = backfill(lab.pool, customers, 10)
        return second
      }),
      10,
    )
    await second
    expect([...(await readStories()).values()].flat()).toEqual(ids.map(() => backfilled(0)))
  })

  it('begins a batch again that waits too long for a row, and publishes what that row has become', async () => {
    const gate = new Gate()
    const changed = change('c-05', gate.passed)
    const free = "SELECT FROM customer WHERE id = 'c-05' FOR UPDATE SKIP LOCKED"
    await eventually(async () => (await lab.pool.query(free)).rowCount).toBe(0)
    const pool = new pg.Pool({ connectionString: lab.databaseUrl })
    let attempts = 0
    pool.on('connect', () => {
      attempts += 1
    })
    try {
      const running = backfill(pool, customers, 10)
      await Promise.race([running, eventually(() => attempts).toBeGreaterThan(4)])
      gate.open()
      await running
    } finally {
      await pool.end()
    }
    await changed
    const stories = await readStories()
    expect(stories.get('c-05')).toEqual([live(1), backfilled(1)])
    expect([...stories.values()].flat()).toHaveLength(ids.length + 1)
  })
})
