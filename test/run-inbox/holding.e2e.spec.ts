import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { collectEvents, eventually, nextEvent } from './events.js'
import { Gate } from './gate.js'
import { InboxLab, writeEffect } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('a message that fails', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  it('holds its partition, visibly, while the others go on, and keeps the order of its key', async () => {
    const orders = await lab.createTopic(2)
    let failing = true
    const run = await lab.run({
      topics: [orders],
      handler: async (context) => {
        await writeEffect(context)
        if (failing && context.message.value === 'a1') throw new Error('no such customer')
      },
    })
    const held = collectEvents(run, 'partition:held')
    const released = nextEvent(run, 'partition:released')
    const keyed = (values: readonly string[]) => values.map((value) => ({ value, key: 'k' }))
    await lab.send(orders, keyed(['a0', 'a1', 'a2']), 0)
    await eventually(() => held.length).toBeGreaterThan(2)
    await lab.send(orders, ['b0', 'b1', 'b2'], 1)
    await lab.send(orders, keyed(['a3']), 0)
    await eventually(() => lab.effects()).toEqual(['a0', 'b0', 'b1', 'b2'])

    const place = { topic: orders.name, partition: 0, offset: 1n }
    expect(held[0]).toEqual({
      ...place,
      attempt: 1,
      delayMs: expect.any(Number),
      error: new Error('no such customer'),
    })
    expect(held.map(({ attempt }) => attempt)).toEqual(held.map((_, i) => i + 1))
    // From 50 to 200 ms, less up to a half at random.
    expect(held.every(({ delayMs }) => delayMs >= 25 && delayMs <= 200)).toBe(true)
    expect(await lab.position(orders)).toBe(1n)
    failing = false
    expect(await released).toEqual({ ...place, attempts: held.length })
    await eventually(() => lab.effects()).toEqual(['a0', 'b0', 'b1', 'b2', 'a1', 'a2', 'a3'])
  })

  it('is handled after a restart if it was held at the stop, which does not wait for it', async () => {
    const orders = await lab.createTopic()
    const run = await lab.run({
      topics: [orders],
      handler: () => Promise.reject(new Error('not today')),
      options: { backoff: { initialMs: 3_600_000, maxMs: 3_600_000 } },
    })
    const held = nextEvent(run, 'partition:held')
    await lab.send(orders, ['a'])
    await held
    await run.stop()
    expect(await lab.groupOffset(orders)).toBe('0')
    await lab.run({ topics: [orders] })
    await eventually(() => lab.effects()).toEqual(['a'])
  })
})

describe('a message that takes long', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  it('holds up no other partition', async () => {
    const orders = await lab.createTopic(2)
    const finish = new Gate()
    await lab.run({
      topics: [orders],
      handler: async (context) => {
        if (context.message.value === 'a0') await finish.passed
        await writeEffect(context)
      },
      // With kafkajs's own 5 seconds, a resumed partition would be fetched late.
      consumer: { maxWaitTimeInMs: 30_000 },
    })
    await lab.send(orders, ['a0', 'a1'], 0)
    await lab.send(orders, ['b0'], 1)
    await eventually(() => lab.effects()).toEqual(['b0'])
    await lab.send(orders, ['b1'], 1)
    await eventually(() => lab.effects()).toEqual(['b0', 'b1'])
    finish.open()
    await eventually(() => lab.effects()).toEqual(['b0', 'b1', 'a0', 'a1'])
    await lab.send(orders, ['a2'], 0)
    await eventually(() => lab.effects()).toContain('a2')
  })

  it('counts against the number of messages in handling, wherever it is handled', async () => {
    const orders = await lab.createTopic(4)
    const finish = new Gate()
    const running = new Set<string>()
    let most = 0
    const fetched = new Set<number>()
    const consumer = lab.newKafka().consumer(lab.consumerConfig)
    consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload }) => {
      fetched.add(payload.partition)
    })
    await lab.runOn(consumer, {
      topics: [orders],
      options: { partitionsConsumedConcurrently: 2 },
      handler: async (context) => {
        running.add(context.message.value)
        most = Math.max(most, running.size)
        if (context.message.offset === 0n) await finish.passed
        running.delete(context.message.value)
        await writeEffect(context)
      },
    })
    for (const partition of [0, 1, 2, 3])
      await lab.send(orders, [`${partition}-0`, `${partition}-1`], partition)
    // The messages of all partitions are here, two of them wait.
    await eventually(() => fetched.size).toBe(4)
    await eventually(() => running.size).toBe(2)
    finish.open()
    await eventually(async () => (await lab.effects()).length).toBe(8)
    expect(most).toBe(2)
  })
})
