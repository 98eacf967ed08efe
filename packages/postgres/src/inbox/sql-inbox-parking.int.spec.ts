import {
  bytesCodec,
  createInbox,
  createOutbox,
  type Delivery,
  mostStarts,
  on,
  type ParkableMessage,
  PigeonholeError,
  park as parks,
  topic,
} from '@pigeonhole/core'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { type PostgresStore, postgresStore } from '../pg/postgres-store.js'
import { SpecDatabase } from '../spec-database.fake.js'
import { receiveInboxMessages } from '../sql/inbox-message/receive.js'
import { receiveInboxMessage } from '../sql/inbox-message/receive-one.js'
import { countParked } from '../sql/parked-inbox/count.js'
import { parkBehind } from '../sql/parked-inbox/park-behind.js'
import { selectOldestParked } from '../sql/parked-inbox/select-oldest.js'
import type { Statement } from '../sql/statement.js'

let database: SpecDatabase
let store: PostgresStore
beforeAll(async () => {
  database = await SpecDatabase.create()
  store = postgresStore(database.pool)
})
beforeEach(() =>
  database.pool.query(
    'TRUNCATE pigeonhole.parked_key, pigeonhole.parked_message, pigeonhole.inbox_message, pigeonhole.inbox_position; DELETE FROM pigeonhole.outbox_message',
  ),
)
afterAll(() => database.drop())

const bounds = { timeoutMs: 20_000 }
const inbox = 'billing'
const key = Buffer.from('k')
const place = { topic: 'orders', key, id: null }
const received = { topic: 'orders', range: undefined, messages: [{ id: null, key }] }
const how = { failure: { code: 'E', error: 'no such customer', attempts: 1 }, retryMs: 0 }

function message(offset: number, of: Buffer = key): ParkableMessage {
  const rest = { id: null, headers: [], payload: Buffer.alloc(200), createdAt: null }
  return { topic: 'orders', partition: 0, offset: BigInt(offset), key: of, ...rest }
}

const park = (one: ParkableMessage): Promise<void> =>
  store.transaction(bounds, (tx) => store.parking.parkFailed(tx, inbox, one, how))

/** Runs `work` while another session is about to unblock the key, which it has locked, and does so once it is waited for. */
async function besideUnblocking<R>(work: () => Promise<R>): Promise<R> {
  const client = await database.pool.connect()
  try {
    await client.query('BEGIN; SELECT FROM pigeonhole.parked_key FOR UPDATE')
    const waiting = work()
    await vi.waitFor(
      async () => {
        const { rows } = await database.pool.query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        expect(rows).toHaveLength(1)
      },
      { timeout: 30_000 },
    )
    await client.query('DELETE FROM pigeonhole.parked_key; COMMIT')
    return await waiting
  } finally {
    client.release(true)
  }
}

it.each([
  ['handles its message then', 1],
  ['handles its messages then', 2],
])('a consumer waits for who unblocks its key, and %s', async (_, count) => {
  await park(message(1))
  const messages = Array.from({ length: count }, () => ({ id: null, key }))
  const verdict = await besideUnblocking(() =>
    store.transaction(bounds, (tx) => store.receiveMessages(tx, inbox, { ...received, messages })),
  )
  expect(verdict).toEqual(messages.map(() => 'new'))
})

it('a key that is unblocked while a message of it fails is blocked anew', async () => {
  await park(message(1))
  await database.pool.query('DELETE FROM pigeonhole.parked_message')
  await besideUnblocking(() => park(message(2)))
  const verdict = await store.transaction(bounds, (tx) => store.receiveMessages(tx, inbox, received))
  expect(verdict).toEqual([{ parked: 1 }])
  expect(await store.parking.claimDue(inbox, claim)).toEqual(place)
})

const claim = { topics: ['orders'], leaseMs: 60_000, backoff: { initialMs: 1, maxMs: 1 }, alone: true }
const ended = { ...claim, leaseMs: 0, backoff: { initialMs: 0, maxMs: 0 } }

/** Has processes begin with what is due, and end. */
async function begin(times = mostStarts): Promise<void> {
  for (let time = 0; time < times; time += 1)
    expect(await store.parking.claimDue(inbox, ended)).toEqual(place)
}

/** A message that was parked behind another one, which is gone. */
async function parkBehindNothing(): Promise<void> {
  await park(message(1))
  await store.transaction(bounds, (tx) => store.parking.parkBehind(tx, inbox, [message(2)]))
  const [first] = await store.listInboxParkedMessages({ inbox }, 1)
  await store.discardInboxParked({ inbox, ids: [first?.id ?? ''] })
  await store.retryInboxParked({ inbox })
}

/** Has a worker with dead letters take up what is due, none of which it may handle. */
const takeUp = (): Promise<boolean> =>
  createInbox({
    store,
    outbox: createOutbox({ store }),
    name: inbox,
    dedupe: 'none',
    deadLetters: 'dead',
  }).retryParked([on(orders, () => Promise.reject(new Error('It is handled')))])

const deadLetters = async (): Promise<object[]> => {
  const { rows } = await database.pool.query(
    `SELECT (SELECT json_object_agg(header ->> 0, header ->> 1) FROM jsonb_array_elements(headers) AS one (header)) AS headers
     FROM pigeonhole.outbox_message WHERE topic = 'dead'`,
  )
  return rows.map(({ headers }) => headers)
}

it('a message that is parked while a worker finds nothing of its key is handled at once', async () => {
  await park(message(1))
  const bindings = [
    on(topic('orders', { codec: bytesCodec }), ({ message: { offset } }) => void handled.push(offset)),
  ]
  const handled: (bigint | undefined)[] = []
  const worker = createInbox({ store, name: inbox, dedupe: 'none' })
  const consumer = await database.pool.connect()
  try {
    await consumer.query('BEGIN; SELECT FROM pigeonhole.parked_key FOR KEY SHARE')
    expect(await worker.retryParked(bindings)).toBe(true)
    expect(await worker.retryParked(bindings)).toBe(false)
    await consumer.query('COMMIT')
  } finally {
    consumer.release(true)
  }
  await store.transaction(bounds, (tx) => store.parking.parkBehind(tx, inbox, [message(2)]))
  expect(await worker.retryParked(bindings)).toBe(true)
  expect(handled).toEqual([1n, 2n])
})

it('a key of which somebody handles a message is not left by another one', async () => {
  await park(message(1))
  await store.parking.claimDue(inbox, claim)
  await park(message(2, Buffer.from('another')))
  await store.transaction(bounds, async (tx) => {
    await store.parking.readDue(tx, inbox, place)
    await store.parking.leaveKey(inbox, place)
  })
  const { rows } = await database.pool.query(
    'SELECT attempts, starts FROM pigeonhole.parked_key ORDER BY parked_at',
  )
  expect(rows).toEqual([
    { attempts: 1, starts: 1 },
    { attempts: 0, starts: 0 },
  ])
})

it('a key of which someone is about to park more is not unblocked, nor waited for, where another one is idle', async () => {
  await park(message(1))
  await park(message(2, Buffer.from('another')))
  await database.pool.query('DELETE FROM pigeonhole.parked_message')
  await store.transaction(bounds, async (tx) => {
    await store.receiveMessages(tx, inbox, received)
    expect(await store.parking.unblockKey(inbox, place)).toBe(false)
  })
  expect(await store.parking.unblockKey(inbox, place)).toBe(true)
})

const orders = topic('orders', { codec: bytesCodec })

it.each(['a\0b', 'a\ud800'])(
  'a message whose resolver says %j is handled, and parked, with that',
  async (id) => {
    const resolving = createInbox({ store, name: inbox, messageId: () => id })
    const one = { topic: 'orders', partition: 0, key, value: Buffer.from('v'), headers: [] }
    await resolving.park({ ...one, offset: 1n }, { error: new Error('no such customer'), attempts: 5 })
    const alone = { ...one, key: null, offset: 2n }
    expect(
      await resolving.handle(
        alone,
        on(orders, () => undefined),
      ),
    ).toEqual({ status: 'handled' })
    const again = { ...alone, offset: 3n }
    expect(
      await resolving.handle(
        again,
        on(orders, () => undefined),
      ),
    ).toEqual({ status: 'duplicate', by: 'id' })
  },
)

it('a repeat of what was handled before its key was blocked takes no effect, however late its turn would have come', async () => {
  const one = createInbox({ store, name: inbox })
  const handled: (bigint | undefined)[] = []
  const noting = on(orders, ({ message: { offset } }) => void handled.push(offset))
  const refusing = on(orders, () => Promise.reject(parks('no such customer')))
  const delivery = (offset: bigint, id: string): Delivery => ({
    ...{ topic: 'orders', partition: 0, offset, key, value: Buffer.from('v') },
    headers: [['message-id', Buffer.from(id)]],
  })
  await one.handle(delivery(1n, 'first'), noting)
  await one.handle(delivery(2n, 'second'), refusing)
  expect(await one.handle(delivery(3n, 'first'), noting)).toEqual({ status: 'duplicate', by: 'id' })
  await database.pool.query("UPDATE pigeonhole.inbox_message SET received_at = now() - interval '31 days'")
  expect(await one.forgetOldIds()).toBe(1)
  await store.retryInboxParked({ inbox })
  while (await one.retryParked([noting]));
  expect(handled).toEqual([1n, 2n])
})

/** Has a worker fail at what is due, and `meanwhile` happen between the end of its transaction and its note of that. */
async function failMeanwhile(error: Error, meanwhile: () => Promise<unknown>): Promise<void> {
  const before = [async (): Promise<void> => undefined, meanwhile]
  const racing: PostgresStore = {
    ...store,
    transaction: async (bounds, work) => {
      await before.shift()?.()
      return store.transaction(bounds, work)
    },
  }
  const outbox = createOutbox({ store })
  const worker = createInbox({ store: racing, outbox, name: inbox, dedupe: 'none', deadLetters: 'dead' })
  expect(await worker.retryParked([on(orders, () => Promise.reject(error))])).toBe(true)
}

const dueKeys = async (): Promise<object[]> => {
  const { rows } = await database.pool.query(
    "SELECT error_code, retry_at IS NULL AS waits FROM pigeonhole.parked_key WHERE side = 'inbox'",
  )
  return rows
}

it.each([
  ['discarded', (ids: string[]) => store.discardInboxParked({ inbox, ids })],
  [
    'handled by another worker',
    async () => {
      await store.retryInboxParked({ inbox })
      await createInbox({ store, name: inbox, dedupe: 'none' }).retryParked([on(orders, () => undefined)])
    },
  ],
])(
  'a message that fails, and is %s before that is noted, has not those behind it wait for an operator',
  async (_, end) => {
    await park(message(1))
    await store.transaction(bounds, (tx) => store.parking.parkBehind(tx, inbox, [message(2)]))
    const [first] = await store.listInboxParkedMessages({ inbox }, 1)
    await failMeanwhile(parks('no such customer'), () => end([first?.id ?? '']))
    expect(await dueKeys()).toEqual([{ error_code: 'E', waits: false }])
    const left = await store.listInboxParkedMessages({ inbox }, 2)
    expect(left).toMatchObject([{ offset: 2n, errorCode: null, attempts: 0 }])
  },
)

it('a message that two workers fail at is told of once, and counted twice', async () => {
  await park(message(1))
  await store.transaction(bounds, (tx) => store.parking.parkBehind(tx, inbox, [message(2)]))
  const [first] = await store.listInboxParkedMessages({ inbox }, 1)
  await store.discardInboxParked({ inbox, ids: [first?.id ?? ''] })
  await failMeanwhile(new Error('no such customer'), async () => {
    await store.retryInboxParked({ inbox })
    await failMeanwhile(new Error('no such customer'), async () => undefined)
  })
  expect(await store.listInboxParkedMessages({ inbox }, 2)).toMatchObject([{ offset: 2n, attempts: 2 }])
  const { rows } = await database.pool.query("SELECT FROM pigeonhole.outbox_message WHERE topic = 'dead'")
  expect(rows).toHaveLength(1)
})

it('a message that was parked behind another one, and kills its processes, is told of once, in the transaction that parks it', async () => {
  await parkBehindNothing()
  await begin()
  await database.pool.query(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no letters'; END $$;
     CREATE TRIGGER refuse BEFORE INSERT ON pigeonhole.outbox_message FOR EACH ROW EXECUTE FUNCTION refuse()`,
  )
  await expect(takeUp()).rejects.toThrow('no letters')
  expect(await dueKeys()).toEqual([{ error_code: 'E', waits: false }])
  await database.pool.query('DROP FUNCTION refuse CASCADE; UPDATE pigeonhole.parked_key SET retry_at = now()')
  expect(await takeUp()).toBe(true)
  expect(await dueKeys()).toEqual([{ error_code: 'MESSAGE_KILLS_PROCESS', waits: true }])
  const told = {
    ...{ 'dead-letter-inbox': inbox, 'dead-letter-topic': 'orders', 'dead-letter-offset': '2' },
    ...{ 'dead-letter-attempts': String(mostStarts), 'dead-letter-error-code': 'MESSAGE_KILLS_PROCESS' },
  }
  expect(await deadLetters()).toEqual([expect.objectContaining(told)])
  // An operator has it tried: it kills one more, and that is no other parking.
  await store.retryInboxParked({ inbox })
  await begin(1)
  expect(await takeUp()).toBe(true)
  expect(await dueKeys()).toEqual([{ error_code: 'MESSAGE_KILLS_PROCESS', waits: true }])
  expect(await deadLetters()).toHaveLength(1)
  const left = await store.listInboxParkedMessages({ inbox }, 2)
  expect(left).toMatchObject([{ offset: 2n, errorCode: 'MESSAGE_KILLS_PROCESS', attempts: mostStarts }])
})

it('a message that has failed before, of which was told then, is not told of again when it kills its processes', async () => {
  await park(message(1))
  await begin()
  expect(await takeUp()).toBe(true)
  expect(await dueKeys()).toEqual([{ error_code: 'MESSAGE_KILLS_PROCESS', waits: true }])
  expect(await deadLetters()).toEqual([])
})

it('a message that kills its processes is an event of who finds it, behind the commit that gives it to an operator', async () => {
  await park(message(1))
  await begin()
  const worker = createInbox({ store, name: inbox, dedupe: 'none' })
  const told: unknown[] = []
  worker.on('message:failed', ({ offset, error }) => told.push([offset, error]))
  const find = (): Promise<boolean> => worker.retryParked([on(orders, () => undefined)])
  // Not before the transaction's end.
  await database.pool.query(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no commit'; END $$;
     CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON pigeonhole.parked_key DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW WHEN (NEW.error_code = 'MESSAGE_KILLS_PROCESS') EXECUTE FUNCTION refuse()`,
  )
  await expect(find()).rejects.toThrow('no commit')
  expect(told).toEqual([])
  await database.pool.query('DROP FUNCTION refuse CASCADE; UPDATE pigeonhole.parked_key SET retry_at = now()')
  expect(await find()).toBe(true)
  const details = { topic: 'orders', partition: 0, offset: '1', starts: mostStarts }
  expect(told).toEqual([[1n, expect.objectContaining({ code: 'MESSAGE_KILLS_PROCESS', details })]])
  expect(await find()).toBe(false)
  expect(told).toHaveLength(1)
})

it('a message that has killed its processes, and that an operator has tried before that is noted, is left to be tried', async () => {
  await parkBehindNothing()
  await begin()
  const racing: PostgresStore = {
    ...store,
    transaction: async (bounds, work) => {
      await store.retryInboxParked({ inbox })
      await begin(1)
      return store.transaction(bounds, work)
    },
  }
  const worker = createInbox({ store: racing, name: inbox, dedupe: 'none' })
  expect(await worker.retryParked([on(orders, () => undefined)])).toBe(true)
  expect(await dueKeys()).toEqual([{ error_code: 'E', waits: false }])
})

it.each([
  ['by the database’s fault', new PigeonholeError('STORE_UNAVAILABLE', { message: 'gone', details: {} })],
  ['by its own', new Error('no such customer')],
])(
  'a message that fails %s is not taken for one that kills its process where the database could not be told, time and again',
  async (_, error) => {
    await park(message(1))
    // The database is away from the handler's end on, and back for the next claim.
    let isAway = false
    const unlessAway = <R>(work: () => Promise<R>): Promise<R> =>
      isAway
        ? Promise.reject(new PigeonholeError('STORE_UNAVAILABLE', { message: 'gone', details: {} }))
        : work()
    const worker = createInbox({
      store: {
        ...store,
        transaction: (bounds, work) => unlessAway(() => store.transaction(bounds, work)),
        parking: {
          ...store.parking,
          returnClaim: (...claimed) => unlessAway(() => store.parking.returnClaim(...claimed)),
        },
      },
      name: inbox,
      dedupe: 'none',
    })
    for (let time = 0; time <= mostStarts; time += 1) {
      isAway = false
      await database.pool.query('UPDATE pigeonhole.parked_key SET retry_at = now()')
      const failing = on(orders, () => {
        isAway = true
        return Promise.reject(error)
      })
      await expect(worker.retryParked([failing])).rejects.toThrow('gone')
    }
    isAway = false
    await database.pool.query('UPDATE pigeonhole.parked_key SET retry_at = now()')
    const handled: (bigint | undefined)[] = []
    expect(
      await worker.retryParked([on(orders, ({ message: { offset } }) => void handled.push(offset))]),
    ).toBe(true)
    expect(handled).toEqual([1n])
  },
)

it('a key of which nothing is left is unblocked, however many processes have died before they did', async () => {
  await park(message(1))
  await store.transaction(bounds, async (tx) => {
    const due = await store.parking.readDue(tx, inbox, place)
    if (due) await store.parking.removeDue(tx, inbox, due)
  })
  await begin()
  expect(await takeUp()).toBe(true)
  expect(await dueKeys()).toEqual([])
})

it('10,000 messages behind a key cost no statement more than one does', async () => {
  await park(message(1))
  await park(message(1, Buffer.from('short')))
  const followers = Array.from({ length: 10_000 }, (_, i) => message(i + 2))
  await store.transaction(bounds, (tx) => store.parking.parkBehind(tx, inbox, followers))
  await database.pool.query('VACUUM ANALYZE pigeonhole.parked_message')
  const client = await database.pool.connect()
  const pagesOf = async (of: Buffer): Promise<number[]> => [
    await pagesRead(client, receiveInboxMessage, { inbox, ...received, message: { id: null, key: of } }),
    await pagesRead(client, receiveInboxMessages, { inbox, ...received, messages: [{ id: null, key: of }] }),
    await pagesRead(client, countParked, { inbox, topic: 'orders', keys: [of] }),
    await pagesRead(client, parkBehind, { inbox, messages: [message(20_000, of)] }),
    await pagesRead(client, selectOldestParked, { inbox, place: { ...place, key: of } }),
  ]
  try {
    await pagesOf(key)
    const short = await pagesOf(Buffer.from('short'))
    const long = await pagesOf(key)
    for (const [index, pages] of long.entries()) expect(pages).toBeLessThan((short[index] ?? 0) + 20)
  } finally {
    client.release()
  }
})

/** How many pages a statement looks at, without what it does. */
async function pagesRead<P>(
  client: pg.PoolClient,
  statement: Statement<P, unknown>,
  params: P,
): Promise<number> {
  await client.query('BEGIN')
  const text = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement.text('pigeonhole')}`
  const { rows } = await client.query(text, [...statement.bind(params)])
  await client.query('ROLLBACK')
  const plan = rows[0]['QUERY PLAN'][0].Plan
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
}
