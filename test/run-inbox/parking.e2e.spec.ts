import { randomBytes } from 'node:crypto'
import { jsonCodec, on, onBatch, park, topic } from '@pigeonhole/core'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { z } from 'zod'
import { collectEvents, eventually, nextEvent } from './events.js'
import { InboxLab, type LabContext, writeEffect } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

const longBytes = randomBytes(20_000)

describe('a message that fails too often', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  const keyed = (key: string | Buffer | null, ...values: readonly string[]) =>
    values.map((value) => ({ value, key, headers: { 'message-id': value } }))
  const soon = { parkedBackoff: { initialMs: 1, maxMs: 1 } }
  const options = { attempts: 3 }

  /** Fails for the values in `bad`. */
  const failingFor =
    (bad: ReadonlySet<string>) =>
    async (context: LabContext): Promise<void> => {
      await writeEffect(context)
      if (bad.has(context.message.value)) throw new Error(`no ${context.message.value}`)
    }

  async function parked(): Promise<string[]> {
    const { rows } = await lab.pool.query(
      `SELECT convert_from(payload, 'UTF8') || ' ' || coalesce(error_code, '-') || ' ' || attempts AS message
       FROM pigeonhole.parked_message ORDER BY id`,
    )
    return rows.map(({ message }) => message)
  }
  const ids = async (): Promise<string[]> => {
    const { rows } = await lab.pool.query('SELECT message_id AS id FROM pigeonhole.inbox_message ORDER BY 1')
    return rows.map(({ id }) => id)
  }
  const release = () =>
    lab.pool.query("UPDATE pigeonhole.parked_key SET retry_at = now() WHERE side = 'inbox'")

  it('is parked with those of its key behind it, while all others go on, and handled in order afterwards', async () => {
    const orders = await lab.createTopic()
    const bad = new Set(['a1'])
    const inbox = lab.inbox()
    const events = collectEvents(inbox, 'message:parked')
    await lab.run({ topics: [orders], inbox, handler: failingFor(bad), options })
    const key = Buffer.of(0, 0xff)
    await lab.send(orders, [
      ...keyed(key, 'a1'),
      ...keyed('b', 'b1'),
      ...keyed(key, 'a2'),
      ...keyed(null, 'c1'),
    ])
    await eventually(() => lab.effects()).toEqual(['b1', 'c1'])
    expect(await parked()).toEqual(['a1 Error 3', 'a2 - 0'])
    expect(await ids()).toEqual(['b1', 'c1'])
    expect(events.map(({ offset, because, attempts }) => [offset, because, attempts])).toEqual([
      [0n, 'failed', 3],
      [2n, 'key', 0],
    ])
    expect(await lab.position(orders)).toBe(4n)

    bad.clear()
    const unblocked = nextEvent(inbox, 'key:unblocked')
    await release()
    await unblocked
    await lab.send(orders, keyed(key, 'a3'))
    await eventually(() => lab.effects()).toEqual(['b1', 'c1', 'a1', 'a2', 'a3'])
    expect(await parked()).toEqual([])
    expect(await ids()).toEqual(['a1', 'a2', 'a3', 'b1', 'c1'])
  })

  it('is tried again by itself, and those behind it keep their order also when they come meanwhile', async () => {
    const orders = await lab.createTopic()
    const bad = new Set(['a1'])
    const inbox = lab.inbox({ ...soon, timeoutMs: 500 })
    await lab.run({ topics: [orders], inbox, handler: failingFor(bad), options: { attempts: 1 } })
    const again = nextEvent(inbox, 'message:parked').then(() => nextEvent(inbox, 'message:failed'))
    const values = Array.from({ length: 40 }, (_, i) => `a${i + 1}`)
    await lab.send(orders, keyed('k', ...values.slice(0, 20)))
    await again
    bad.clear()
    await lab.send(orders, keyed('k', ...values.slice(20)))
    await eventually(() => lab.effects()).toEqual(values)
  })

  it('is parked whatever the length of its key, and handled in order afterwards', async () => {
    const orders = await lab.createTopic()
    const bad = new Set(['a1'])
    await lab.run({ topics: [orders], inbox: lab.inbox(), handler: failingFor(bad), options })
    // More than an index takes, and alike but for their ends.
    const [key, other] = ['a', 'b'].map((end) => Buffer.concat([longBytes, Buffer.from(end)])) as [
      Buffer,
      Buffer,
    ]
    await lab.send(orders, [...keyed(key, 'a1', 'a2'), ...keyed(other, 'b1')])
    await eventually(() => lab.effects()).toEqual(['b1'])
    expect(await parked()).toEqual(['a1 Error 3', 'a2 - 0'])
    bad.clear()
    await release()
    await lab.send(orders, keyed(key, 'a3'))
    await eventually(() => lab.effects()).toEqual(['b1', 'a1', 'a2', 'a3'])
    expect(await parked()).toEqual([])
    const { rows } = await lab.pool.query("SELECT key FROM effect WHERE value <> 'b1'")
    expect(rows.every((row) => key.equals(row.key))).toBe(true)
  })

  it('is parked whatever time its producer gave it', async () => {
    const orders = await lab.createTopic(1, { 'message.timestamp.after.max.ms': String(2n ** 63n - 1n) })
    await lab.run({
      topics: [orders],
      inbox: lab.inbox(),
      handler: failingFor(new Set(['a1', 'b1'])),
      options,
    })
    const [microseconds, nanoseconds] = ['1700000000000000', '1700000000000000000'] as const
    await lab.send(orders, [
      ...keyed('a', 'a1', 'a2').map((message) => ({ ...message, timestamp: microseconds })),
      ...keyed('b', 'b1', 'b2').map((message) => ({ ...message, timestamp: nanoseconds })),
      ...keyed('c', 'c1'),
    ])
    await eventually(() => lab.effects()).toEqual(['c1'])
    expect(await parked()).toEqual(['a1 Error 3', 'a2 - 0', 'b1 Error 3', 'b2 - 0'])
  })

  it('without a key blocks nobody', async () => {
    const orders = await lab.createTopic()
    const bad = new Set(['a1'])
    await lab.run({ topics: [orders], inbox: lab.inbox(), handler: failingFor(bad), options })
    await lab.send(orders, keyed(null, 'a1', 'a2', 'a3'))
    await eventually(() => lab.effects()).toEqual(['a2', 'a3'])
    bad.clear()
    await lab.pool.query('UPDATE pigeonhole.parked_message SET retry_at = now()')
    await eventually(() => lab.effects()).toEqual(['a2', 'a3', 'a1'])
    expect(await parked()).toEqual([])
  })

  it('that came twice is handled once, in its order', async () => {
    const orders = await lab.createTopic()
    const bad = new Set(['a1'])
    const inbox = lab.inbox()
    await lab.run({ topics: [orders], inbox, handler: failingFor(bad), options })
    await lab.send(orders, keyed('k', 'a1', 'a2', 'a1', 'a2', 'a3'))
    await eventually(() => parked()).toHaveLength(5)
    expect(await lab.effects()).toEqual([])
    bad.clear()
    await release()
    await eventually(() => lab.effects()).toEqual(['a1', 'a2', 'a3'])
    await eventually(() => parked()).toEqual([])
  })

  it('is found in a group, whose others are committed', async () => {
    const orders = await lab.createTopic()
    const handlers = [on(orders, failingFor(new Set(['a3'])), { group: 10 })]
    await lab.run({ inbox: lab.inbox(), options: { ...options, handlers } })
    await lab.send(orders, [...keyed('k', 'a1', 'a2', 'a3', 'a4'), ...keyed('other', 'b1')])
    await eventually(() => lab.effects()).toEqual(['a1', 'a2', 'b1'])
    expect(await parked()).toEqual(['a3 Error 3', 'a4 - 0'])
  })

  it('is found in a batch, whose messages are then handled one by one', async () => {
    const orders = await lab.createTopic()
    const handler = onBatch(
      orders,
      async ({ messages, tx }: { messages: readonly { value: string }[]; tx: LabContext['tx'] }) => {
        for (const { value } of messages) await tx.query('INSERT INTO effect (value) VALUES ($1)', [value])
        if (messages.some(({ value }) => value === 'a3')) throw new Error('no a3')
      },
    )
    await lab.run({ inbox: lab.inbox(), options: { ...options, handlers: [handler] } })
    await lab.send(orders, [...keyed('k', 'a1', 'a2', 'a3', 'a4'), ...keyed('other', 'b1')])
    await eventually(() => lab.effects()).toEqual(['a1', 'a2', 'b1'])
    expect(await parked()).toEqual(['a3 Error 3', 'a4 - 0'])
  })

  it('is parked at once when its handler says so, and waits for an operator', async () => {
    const orders = await lab.createTopic()
    const run = await lab.run({
      topics: [orders],
      inbox: lab.inbox(soon),
      handler: () => Promise.reject(park('no such customer')),
      options: { attempts: 1_000 },
    })
    const held = collectEvents(run, 'partition:held')
    await lab.send(orders, keyed('k', 'a1'))
    await eventually(() => parked()).toEqual(['a1 PARK_REQUESTED 1'])
    expect(held).toEqual([])
    const { rows } = await lab.pool.query('SELECT retry_at, error FROM pigeonhole.parked_key')
    expect(rows).toEqual([{ retry_at: null, error: expect.stringContaining('no such customer') }])
  })

  it('is parked at once when its schema refuses it, without what is in it', async () => {
    const { name } = await lab.createTopic()
    const orders = topic(name, { schema: z.object({ orderId: z.string() }), codec: jsonCodec })
    const handlers = [on(orders, () => undefined)]
    await lab.run({ inbox: lab.inbox(), options: { handlers, attempts: 1_000 } })
    await lab.send({ ...orders, name } as never, keyed('k', '{"orderId":4711}'))
    await eventually(() => parked()).toEqual(['{"orderId":4711} VALUE_INVALID 1'])
    const { rows } = await lab.pool.query('SELECT error FROM pigeonhole.parked_message')
    expect(rows[0]?.error).not.toContain('4711')
  })

  it('holds its partition, visibly, when there is no more room behind its key, until there is', async () => {
    const orders = await lab.createTopic()
    const bad = new Set(['a1'])
    const inbox = lab.inbox({ maxParkedPerKey: 2 })
    const run = await lab.run({ topics: [orders], inbox, handler: failingFor(bad), options })
    const full = nextEvent(run, 'partition:held', ({ error }) =>
      (error as Error).message.includes('maxParkedPerKey'),
    )
    await lab.send(orders, [...keyed('k', 'a1', 'a2', 'a3'), ...keyed('other', 'b1')])
    expect(await full).toMatchObject({ offset: 2n, error: { code: 'PARKED_KEY_FULL' } })
    expect(await lab.effects()).toEqual([])
    bad.clear()
    await release()
    await eventually(() => lab.effects().then((all) => all.toSorted())).toEqual(['a1', 'a2', 'a3', 'b1'])
    const order = (await lab.effects()).filter((value) => value.startsWith('a'))
    expect(order).toEqual(['a1', 'a2', 'a3'])
  })

  it('does not count attempts whose connection was killed, whatever their handlers make of it', async () => {
    const orders = await lab.createTopic()
    let failures = 0
    await lab.run({
      topics: [orders],
      handler: async (context) => {
        failures += 1
        if (failures <= 3)
          await context.tx.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => {
            throw new Error('something went wrong')
          })
        await writeEffect(context)
      },
      options: { attempts: 1 },
    })
    await lab.send(orders, keyed('k', 'a1'))
    await eventually(() => lab.effects()).toEqual(['a1'])
    expect(await parked()).toEqual([])
  })

  it('is not one whose position another owner holds for longer than its time', async () => {
    const orders = await lab.createTopic()
    const run = await lab.run({
      topics: [orders],
      // What stalls for half of it in its handler has failed itself, and has one attempt.
      inbox: lab.inbox({ timeoutMs: 8_000, conflictRetries: 0 }),
      options: { attempts: 1 },
    })
    const held = collectEvents(run, 'partition:held')
    await lab.send(orders, keyed('k', 'a1'))
    await eventually(() => lab.effects()).toEqual(['a1'])
    const zombie = await lab.pool.connect()
    await zombie.query('BEGIN; SELECT FROM pigeonhole.inbox_position FOR UPDATE')
    await lab.send(orders, keyed('k', 'a2'))
    await eventually(() => held.length).toBeGreaterThanOrEqual(2)
    await zombie.query('ROLLBACK')
    zombie.release()
    await eventually(() => lab.effects()).toEqual(['a1', 'a2'])
    expect(await parked()).toEqual([])
    expect(held[0]?.error).toMatchObject({ code: 'STORE_CONFLICT' })
  })
})
