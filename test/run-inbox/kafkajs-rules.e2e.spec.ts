// What kafkajs 2.2.4 does by itself, and what runInbox does about it. Each test fails without its guard.
import { setTimeout as delay } from 'node:timers/promises'
import { type PartitionAssigner, PartitionAssigners } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { collectEvents, eventually, nextEvent } from './events.js'
import { Gate, untilAborted } from './gate.js'
import { InboxLab, inboxWith, writeEffect } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('runInbox on kafkajs 2.2.4', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  it('does not handle a batch that was fetched before it knew where to go on', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, ['0', '1', '2', '3', '4', '5'])
    await lab.pool.query('INSERT INTO pigeonhole.inbox_position VALUES ($1, $2, 0, 1)', [
      lab.name,
      orders.name,
    ])
    const fetched = new Gate()
    const claimed = new Gate()
    const consumer = lab.newKafka().consumer(lab.consumerConfig)
    consumer.on(consumer.events.START_BATCH_PROCESS, () => fetched.open())
    await lab.setGroupOffset(orders, '4')
    const plain = lab.inbox()
    const inbox = inboxWith(plain, {
      readPositions: async (partitions) => {
        await claimed.passed
        return plain.readPositions(partitions)
      },
    })
    await lab.runOn(consumer, { topics: [orders], inbox })
    // The batch from 4 on is here, and waits until the inbox has said that it goes on at 1.
    await fetched.passed
    claimed.open()
    await eventually(() => lab.effects()).toEqual(['1', '2', '3', '4', '5'])
  })

  it('goes on behind fetches that hold nothing but aborted records', async () => {
    const orders = await lab.createTopic()
    const run = await lab.run({ topics: [orders], consumer: { maxBytesPerPartition: 1_500 } })
    const held = collectEvents(run, 'partition:held')
    await lab.send(orders, ['a'])
    await eventually(() => lab.position(orders)).toBe(1n)
    const producer = await lab.transactional()
    const transaction = await producer.transaction()
    for (let i = 0; i < 8; i++)
      await transaction.send({ topic: orders.name, messages: [{ value: 'x'.repeat(1_000) }] })
    await transaction.abort()
    await producer.disconnect()
    await lab.send(orders, ['b'])
    await eventually(() => lab.effects()).toEqual(['a', 'b'])
    expect(held).toEqual([])
  })

  it('lets members of one group live in one process, on one Kafka instance', async () => {
    const orders = await lab.createTopic(1)
    const kafka = lab.newKafka()
    const crashes: unknown[][] = []
    // All but one have no partition: it is they who empty what kafkajs knows of the topic.
    for (let i = 0; i < 4; i++)
      crashes.push(collectEvents(await lab.run({ topics: [orders], kafka }), 'consumer:crashed'))
    for (const value of ['a', 'b', 'c']) {
      await lab.send(orders, [value])
      await eventually(() => lab.effects()).toContain(value)
    }
    expect(crashes).toEqual([[], [], [], []])
  })

  it.each([
    ['TypeError', new TypeError('x is not a function')],
    ['RangeError', new RangeError('out of range')],
    ['ReferenceError', new ReferenceError('x is not defined')],
    ['SyntaxError', new SyntaxError('unexpected token')],
    ['undefined', undefined],
  ])('outlives a handler that throws a %s', async (_, thrown) => {
    const orders = await lab.createTopic()
    let failures = 1
    const run = await lab.run({
      topics: [orders],
      handler: async (context) => {
        if (failures-- > 0) throw thrown
        await writeEffect(context)
      },
    })
    const crashes = collectEvents(run, 'consumer:crashed')
    const held = nextEvent(run, 'partition:held')
    await lab.send(orders, ['a'])
    expect((await held).error).toBe(thrown)
    await eventually(() => lab.effects()).toEqual(['a'])
    expect(crashes).toEqual([])
  })

  it('keeps its membership while a handler takes longer than the session timeout', async () => {
    const orders = await lab.createTopic()
    const run = await lab.run({
      topics: [orders],
      // Longer than a stall of the machine, in which nobody tells the group that the member is there.
      consumer: { sessionTimeout: 10_000 },
      handler: async (context) => {
        if (context.message.value === 'slow') await delay(12_000, undefined, { signal: context.signal })
        await writeEffect(context)
      },
    })
    // Kafka may let it join once more by itself: it keeps its partition then.
    const lost = collectEvents(run, 'partition:lost')
    await lab.send(orders, ['slow'])
    await eventually(() => lab.effects()).toEqual(['slow'])
    await lab.send(orders, ['next'])
    await eventually(() => lab.effects()).toEqual(['slow', 'next'])
    expect(lost).toEqual([])
  })

  it('aborts the handler of a member that the group has expelled, and handles the message once', async () => {
    const orders = await lab.createTopic()
    const handling = new Gate()
    const reasons: unknown[] = []
    await lab.run({
      topics: [orders],
      handler: async (context) => {
        await writeEffect(context)
        handling.open()
        if (reasons.length === 0)
          await untilAborted(context.signal).finally(() => reasons.push(context.signal.reason))
      },
    })
    await lab.send(orders, ['a'])
    await handling.passed
    await lab.expelMembers()
    await eventually(() => lab.effects()).toEqual(['a'])
    expect(reasons).toMatchObject([{ code: 'PARTITION_LOST' }])
    expect(await lab.position(orders)).toBe(1n)
  })

  it('resumes a partition that it had paused, lost and was given again', async () => {
    const orders = await lab.createTopic(2)
    let failing = true
    const handler: typeof writeEffect = async (context) => {
      if (failing) throw new Error('not yet')
      await writeEffect(context)
    }
    // What is held is not tried again by itself.
    const options = { backoff: { initialMs: 3_600_000, maxMs: 3_600_000 } }
    const first = await lab.run({ topics: [orders], handler, options })
    const held = collectEvents(first, 'partition:held')
    await lab.send(orders, ['a'], 0)
    await lab.send(orders, ['b'], 1)
    await eventually(() => held).toHaveLength(2)
    const lost = nextEvent(first, 'partition:lost')
    const second = await lab.run({ topics: [orders], handler, options })
    const heldThere = nextEvent(second, 'partition:held')
    const { partition } = await lost
    await heldThere
    failing = false
    const back = nextEvent(first, 'group:joined')
    await second.stop()
    await back
    await eventually(() => lab.effects()).toEqual([partition === 0 ? 'a' : 'b'])
  })

  it('holds a partition whose position retention has passed, instead of starting elsewhere', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, ['0', '1', '2', '3'])
    await lab.pool.query('INSERT INTO pigeonhole.inbox_position VALUES ($1, $2, 0, 1)', [
      lab.name,
      orders.name,
    ])
    await lab.admin(async (admin) => {
      // Loads the metadata that deleting needs.
      await admin.fetchTopicOffsets(orders.name)
      await admin.deleteTopicRecords({ topic: orders.name, partitions: [{ partition: 0, offset: '3' }] })
    })
    const run = await lab.run({ topics: [orders] })
    const { error, offset } = await nextEvent(run, 'partition:held')
    expect(offset).toBe(1n)
    expect(error).toMatchObject({ code: 'POSITION_NOT_IN_LOG', details: { nextOffset: '1', offered: '3' } })
    expect(await lab.effects()).toEqual([])
    await lab.pool.query('UPDATE pigeonhole.inbox_position SET next_offset = 3')
    await eventually(() => lab.effects()).toEqual(['3'])
  })

  it('starts again after a crash from which kafkajs does not', async () => {
    const orders = await lab.createTopic()
    let crashing = false
    const run = await lab.run({
      topics: [orders],
      consumer: { partitionAssigners: [failingAssigner(() => crashing)] },
    })
    crashing = true
    const crashed = nextEvent(run, 'consumer:crashed')
    await lab.expelMembers()
    expect((await crashed).error).toMatchObject({ name: 'KafkaJSNonRetriableError' })
    crashing = false
    await lab.send(orders, ['a'])
    await eventually(() => lab.effects()).toEqual(['a'])
  })

  function failingAssigner(isFailing: () => boolean): PartitionAssigner {
    return (config) => {
      const assigner = PartitionAssigners.roundRobin(config)
      return {
        ...assigner,
        assign: async (group) => {
          if (isFailing()) throw new TypeError('a bug in kafkajs')
          return assigner.assign(group)
        },
      }
    }
  }
})
