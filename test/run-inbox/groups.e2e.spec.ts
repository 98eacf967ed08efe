import { isPigeonholeError } from '@pigeonhole/core'
import { on, onBatch } from '@pigeonhole/kafkajs'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { collectEvents, eventually, nextEvent } from './events.js'
import { InboxLab, type LabContext, writeEffect } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i))

describe('messages that are handled in groups', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  /** How many transactions have written the effects. */
  async function transactions(): Promise<number> {
    const { rows } = await lab.pool.query('SELECT count(DISTINCT xmin::text)::int AS n FROM effect')
    return rows[0]?.n
  }

  it('share transactions, each up to its size, and take effect once, in their order', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, numbers(1, 100))
    await lab.run({ options: { handlers: [on(orders, writeEffect, { group: 30 })] } })
    await eventually(() => lab.effects()).toEqual(numbers(1, 100))
    expect(await transactions()).toBe(4)
    await eventually(() => lab.position(orders)).toBe(100n)
    await eventually(() => lab.groupOffset(orders)).toBe('100')
  })

  it('wait behind one that fails, with those before it committed, and the others go on', async () => {
    const orders = await lab.createTopic(2)
    await lab.send(orders, numbers(1, 20))
    await lab.send(orders, numbers(21, 40), 1)
    const failing = async (context: LabContext): Promise<void> => {
      await writeEffect(context)
      if (context.message.value === '8') throw new Error('not now')
    }
    const first = await lab.run({ options: { handlers: [on(orders, failing, { group: 10 })] } })
    const held = await nextEvent(first, 'partition:held', ({ attempt }) => attempt === 2)
    expect(held).toMatchObject({ partition: 0, offset: 7n, error: new Error('not now') })
    await eventually(async () => (await lab.effects()).length).toBe(27)
    expect((await lab.effects()).filter((value) => Number(value) <= 20)).toEqual(numbers(1, 7))
    expect(await lab.position(orders)).toBe(7n)
    await first.stop()

    await lab.run({ options: { handlers: [on(orders, writeEffect, { group: 10 })] } })
    await eventually(async () => (await lab.effects()).filter((value) => Number(value) <= 20)).toEqual(
      numbers(1, 20),
    )
    expect(await lab.effects()).toHaveLength(40)
  })

  it('get a transaction each where one swallows an error of PostgreSQL', async () => {
    const orders = await lab.createTopic()
    await lab.pool.query("INSERT INTO effect (value, unique_value) VALUES ('there', 'taken')")
    await lab.send(orders, numbers(1, 9))
    let swallows = true
    const run = await lab.run({
      options: {
        handlers: [
          on(
            orders,
            async (context: LabContext) => {
              await writeEffect(context)
              const violate = swallows && context.message.value === '5'
              const violating = "INSERT INTO effect (value, unique_value) VALUES ('again', 'taken')"
              if (violate) await context.tx.query(violating).catch(() => undefined)
            },
            { group: 10 },
          ),
        ],
      },
    })
    const { error, offset } = await nextEvent(run, 'partition:held')
    expect(isPigeonholeError(error, 'HANDLER_SWALLOWED_ERROR')).toBe(true)
    expect(offset).toBe(4n)
    expect(await lab.effects()).toEqual(['there', ...numbers(1, 4)])
    swallows = false
    await eventually(() => lab.effects()).toEqual(['there', ...numbers(1, 9)])
  })

  it('get a transaction each after a conflict, which is tried again', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, numbers(1, 9))
    const inbox = lab.inbox()
    const retried = collectEvents(inbox, 'message:retried')
    let conflicts = 2
    const conflicting = async (context: LabContext): Promise<void> => {
      await writeEffect(context)
      if (context.message.value !== '6' || conflicts-- <= 0) return
      await context.tx.query("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$")
    }
    await lab.run({ inbox, options: { handlers: [on(orders, conflicting, { group: 10 })] } })
    await eventually(() => lab.effects()).toEqual(numbers(1, 9))
    expect(retried).toMatchObject([{ offset: 5n, attempt: 1 }])
    expect(await transactions()).toBe(9)
  })

  it('take effect once although the connection breaks in the middle, and the producer sends twice', async () => {
    const orders = await lab.createTopic()
    const twice = numbers(1, 40).flatMap((value) => {
      const message = { value, headers: { 'message-id': value } }
      return [message, message]
    })
    await lab.send(orders, twice)
    let breaks = true
    const breaking = async (context: LabContext): Promise<void> => {
      await writeEffect(context)
      if (!breaks || context.message.value !== '17') return
      breaks = false
      const { rows } = await context.tx.query('SELECT pg_backend_pid() AS pid')
      await lab.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
    }
    await lab.run({ options: { handlers: [on(orders, breaking, { group: 25 })] } })
    await eventually(() => lab.position(orders)).toBe(80n)
    expect(await lab.effects()).toEqual(numbers(1, 40))
  })

  it('that Kafka delivers anew have taken effect', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, numbers(1, 9))
    const binding = on(orders, writeEffect, { group: 4 })
    // Without a position in the database, as another consumer has left the group.
    const deliveries = numbers(1, 9).map((value, i) => ({
      topic: orders.name,
      partition: 0,
      offset: BigInt(i),
      key: null,
      value: Buffer.from(value),
      headers: [],
    }))
    const inbox = lab.inbox()
    expect(await inbox.handleGroup(deliveries, binding)).toHaveLength(4)
    await lab.run({ inbox, options: { handlers: [binding] } })
    await eventually(() => lab.effects()).toEqual(numbers(1, 9))
    for (let rest = deliveries; rest.length > 0; ) {
      const outcomes = await inbox.handleGroup(rest, binding)
      expect(outcomes).toEqual([{ status: 'duplicate', by: 'position' }])
      rest = rest.slice(outcomes.length)
    }
    expect(await lab.effects()).toEqual(numbers(1, 9))
  })

  it('take turns with another owner of the partition: it waits, and finds them handled', async () => {
    const orders = await lab.createTopic()
    const deliveries = numbers(1, 4).map((value, i) => ({
      topic: orders.name,
      partition: 0,
      offset: BigInt(i),
      key: null,
      value: Buffer.from(value),
      headers: [],
    }))
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const slow = on(
      orders,
      async (context: LabContext) => {
        await writeEffect(context)
        await gate
      },
      { group: 10 },
    )
    const zombie = lab.inbox().handleGroup(deliveries.slice(0, 3), slow)
    await eventually(() => lab.sessionsInTransaction()).toBe(1)
    const owner = lab.inbox().handleGroup(deliveries, on(orders, writeEffect, { group: 10 }))
    await eventually(() => lab.sessionsWaitingForLocks()).toBe(1)
    open()
    expect(await zombie).toHaveLength(3)
    expect(await owner).toEqual([{ status: 'duplicate', by: 'position' }])
    expect(await lab.effects()).toEqual(numbers(1, 3))
  })
})

describe('a batch', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  it('takes effect as a whole or not at all, and is held until it does', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, numbers(1, 20))
    let fails = true
    const sizes: number[] = []
    const binding = onBatch<LabContext['tx'], string>(
      orders,
      async ({ messages, tx }) => {
        sizes.push(messages.length)
        for (const message of messages) await writeEffect({ message, tx } as LabContext)
        if (fails && messages.some(({ value }) => value === '15')) throw new Error('not now')
      },
      { size: 8 },
    )
    const run = await lab.run({ options: { handlers: [binding] } })
    expect(await nextEvent(run, 'partition:held', ({ attempt }) => attempt === 2)).toMatchObject({
      offset: 8n,
    })
    expect(await lab.effects()).toEqual(numbers(1, 8))
    fails = false
    await eventually(() => lab.effects()).toEqual(numbers(1, 20))
    expect(Math.max(...sizes)).toBe(8)
    expect(await lab.position(orders)).toBe(20n)
  })
})
