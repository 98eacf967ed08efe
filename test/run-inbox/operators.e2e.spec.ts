// What operators do to topics, groups and databases, by accident or not, and what an inbox makes of it.
import { isPigeonholeError, type Topic } from '@pigeonhole/core'
import type { Message } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { collectEvents, eventually, nextEvent } from './events.js'
import { Gate } from './gate.js'
import { InboxLab, type LabContext, writeEffect } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const values = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`)
const withIds = (names: readonly string[]): Message[] =>
  names.map((value) => ({ value, headers: { 'message-id': value } }))

describe('an accident of an operator', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  describe.each([
    ['backwards', '2'],
    ['forwards', '12'],
  ])('resets the offsets of the group %s', (_, offset) => {
    it('and the inbox goes on at its position', async () => {
      const orders = await lab.createTopic()
      await lab.send(orders, values(0, 9))
      const first = await lab.run({ topics: [orders] })
      await eventually(() => lab.effects()).toEqual(values(0, 9))
      await first.stop()
      await lab.send(orders, values(10, 14))
      await lab.setGroupOffset(orders, offset)
      await lab.run({ topics: [orders] })
      await eventually(() => lab.effects()).toEqual(values(0, 14))
    })
  })

  it('renames the group, and the inbox goes on at its position', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, values(0, 9))
    const first = await lab.run({ topics: [orders] })
    await eventually(() => lab.effects()).toEqual(values(0, 9))
    await first.stop()
    await lab.send(orders, values(10, 14))
    await lab.run({ topics: [orders], consumer: { groupId: `${lab.name}-renamed` } })
    await eventually(() => lab.effects()).toEqual(values(0, 14))
  })

  it('adds partitions, whose messages are handled from the first one on, by consumers that run', async () => {
    const orders = await lab.createTopic()
    const run = await lab.run({ topics: [orders], consumer: { metadataMaxAge: 200 } })
    await lab.send(orders, values(0, 4))
    await eventually(() => lab.effects()).toEqual(values(0, 4))
    const given = nextEvent(run, 'group:joined', ({ partitions }) => partitions.length === 2)
    await lab.admin((admin) =>
      admin.createPartitions({ topicPartitions: [{ topic: orders.name, count: 2 }] }),
    )
    // A producer that has heard of the topic before would drop them: kafkajs says nothing of a partition it does not know.
    const producer = lab.newKafka().producer()
    await producer.connect()
    const messages = values(5, 9).map((value) => ({ value, partition: 1 }))
    await expect
      .poll(async () => (await producer.send({ topic: orders.name, messages })).length, { timeout: 20_000 })
      .toBe(1)
    await given
    await eventually(() => lab.effects()).toEqual(values(0, 9))
    await lab.send(orders, ['m10'], 0)
    await producer.send({ topic: orders.name, messages: [{ value: 'm11', partition: 1 }] })
    await producer.disconnect()
    await eventually(async () => (await lab.effects()).sort()).toEqual(values(0, 11).sort())
  })

  it('keeps ids for a shorter time than the topic its messages: no redelivery is handled twice, but what its producer repeats', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, withIds(values(0, 4)))
    const first = await lab.run({ topics: [orders] })
    await eventually(() => lab.effects()).toEqual(values(0, 4))
    await first.stop()
    await lab.pool.query('DELETE FROM pigeonhole.inbox_message')
    await lab.setGroupOffset(orders, '0')
    await lab.send(orders, withIds(['m5', 'm4']))
    await lab.run({ topics: [orders] })
    await eventually(() => lab.effects()).toEqual([...values(0, 5), 'm4'])
  })

  describe('restores the database to a time before its first message,', () => {
    // No restore takes less than the 100 ms for which a consumer trusts the position that it has written itself.
    const forget = () =>
      lab.pool.query(`
        TRUNCATE effect, pigeonhole.inbox_position, pigeonhole.inbox_topic, pigeonhole.inbox_message, pigeonhole.inbox_claim;
        SELECT pg_sleep(0.2)`)

    async function handleAndRestore(orders: Topic<string>): Promise<void> {
      await handleFive(orders)
      expect(await lab.groupOffset(orders)).toBe('5')
      await forget()
      await lab.send(orders, values(5, 9))
    }

    it('and nothing is passed over: the partition is held until the operator says where to go on', async () => {
      const orders = await lab.createTopic()
      await handleAndRestore(orders)
      const run = await lab.run({ topics: [orders] })
      const { error } = await nextEvent(run, 'partition:held')
      if (!isPigeonholeError(error, 'POSITION_LOST')) throw error
      expect(error.details.committed).toBe('5')
      expect(await lab.effects()).toEqual([])
      // As the operator is told to.
      await lab.pool.query(
        'INSERT INTO pigeonhole.inbox_position (inbox, topic, partition, next_offset) VALUES ($1, $2, 0, 0)',
        [lab.name, orders.name],
      )
      await eventually(() => lab.effects()).toEqual(values(0, 9))
    })

    it('and sets the offset of the group: the inbox goes on there', async () => {
      const orders = await lab.createTopic()
      await handleAndRestore(orders)
      await lab.setGroupOffset(orders, '2')
      await lab.run({ topics: [orders] })
      await eventually(() => lab.effects()).toEqual(values(2, 9))
    })

    it('under a consumer that had begun behind it: it is held, too', async () => {
      const orders = await lab.createTopic()
      await handleFive(orders)
      const run = await lab.run({ topics: [orders] })
      await lab.send(orders, ['m5'])
      await eventually(() => lab.effects()).toEqual(values(0, 5))
      const held = nextEvent(run, 'partition:held', ({ error }) => isPigeonholeError(error, 'POSITION_LOST'))
      await forget()
      await lab.send(orders, ['m6'])
      await held
      expect(await lab.effects()).toEqual([])
    })

    it('under the consumer that has handled all of it: all is handled again', async () => {
      const orders = await lab.createTopic()
      await lab.send(orders, values(0, 4))
      await lab.run({ topics: [orders] })
      await eventually(() => lab.effects()).toEqual(values(0, 4))
      await forget()
      await lab.send(orders, values(5, 9))
      await eventually(() => lab.effects()).toEqual(values(0, 9))
    })

    it('where nothing had been handled yet: a group begins where it stands', async () => {
      const orders = await lab.createTopic()
      const first = await lab.run({ topics: [orders], options: { from: 'latest' } })
      await eventually(() => lab.groupOffset(orders)).toBe('0')
      await first.stop()
      await lab.send(orders, values(0, 4))
      await lab.run({ topics: [orders], options: { from: 'latest' } })
      await eventually(() => lab.effects()).toEqual(values(0, 4))
    })
  })

  describe('deletes a topic and creates it anew,', () => {
    it.each([
      ['shorter than the position', 3],
      ['as long as the position', 5],
      ['longer than the position', 9],
    ])('%s: nothing of it is handled until the operator says so, and then all', async (_, length) => {
      const orders = await lab.createTopic()
      await handleFive(orders)
      await recreate(orders)
      await lab.send(orders, renamed(length))
      const run = await lab.run({ topics: [orders] })
      const { error } = await nextEvent(run, 'partition:held')
      if (!isPigeonholeError(error, 'TOPIC_RECREATED')) throw error
      expect(error.details.known).not.toBe(error.details.found)
      expect(await lab.effects()).toEqual(values(0, 4))
      // As the operator is told to.
      await lab.pool.query('DELETE FROM pigeonhole.inbox_position WHERE topic = $1', [orders.name])
      await eventually(() => lab.effects()).toEqual([...values(0, 4), ...renamed(length)])
    })

    it('under a consumer that runs: what has outgrown the position is not passed over', async () => {
      const orders = await lab.createTopic()
      await lab.send(orders, values(0, 4))
      const run = await lab.run({ topics: [orders] })
      await eventually(() => lab.effects()).toEqual(values(0, 4))
      const held = nextEvent(run, 'partition:held', ({ error }) =>
        isPigeonholeError(error, 'TOPIC_RECREATED'),
      )
      await recreate(orders)
      await lab.send(orders, renamed(9))
      await held
      expect(await lab.effects()).toEqual(values(0, 4))
      await lab.pool.query('DELETE FROM pigeonhole.inbox_position WHERE topic = $1', [orders.name])
      await eventually(() => lab.effects()).toEqual([...values(0, 4), ...renamed(9)])
    })

    it('while a message is handled: what has outgrown the position by then is not passed over', async () => {
      const orders = await lab.createTopic()
      await lab.send(orders, ['m0'])
      const [begun, recreated] = [new Gate(), new Gate()]
      const handler = async (context: LabContext): Promise<void> => {
        begun.open()
        await recreated.passed
        await writeEffect(context)
      }
      const run = await lab.run({ topics: [orders], handler })
      // Brokers may not agree at once about who leads the new topic.
      const held = nextEvent(run, 'partition:held', ({ error }) =>
        isPigeonholeError(error, 'TOPIC_RECREATED'),
      )
      await begun.passed
      await recreate(orders)
      await lab.send(orders, renamed(3))
      recreated.open()
      await held
      expect(await lab.effects()).toEqual(['m0'])
    })

    it('but the operator knows that offsets are the same', async () => {
      const orders = await lab.createTopic()
      await handleFive(orders)
      await recreate(orders)
      await lab.send(orders, values(0, 8))
      const run = await lab.run({ topics: [orders] })
      await nextEvent(run, 'partition:held')
      await lab.pool.query('DELETE FROM pigeonhole.inbox_topic WHERE topic = $1', [orders.name])
      await eventually(() => lab.effects()).toEqual(values(0, 8))
    })

    it('which another partition has been handled of: all are held', async () => {
      const orders = await lab.createTopic(2)
      await handleFive(orders)
      await recreate(orders, 2)
      await lab.send(orders, ['other'], 1)
      const run = await lab.run({ topics: [orders] })
      const held = collectEvents(run, 'partition:held')
      await eventually(() => new Set(held.map(({ partition }) => partition)).size).toBe(2)
      expect(await lab.effects()).toEqual(values(0, 4))
    })
  })

  const renamed = (length: number): string[] => Array.from({ length }, (_, i) => `new${i}`)

  async function handleFive(orders: Topic<string>): Promise<void> {
    await lab.send(orders, values(0, 4))
    const run = await lab.run({ topics: [orders] })
    await eventually(() => lab.effects()).toEqual(values(0, 4))
    await run.stop()
  }

  async function recreate({ name }: Topic<string>, numPartitions = 1): Promise<void> {
    await lab.admin(async (admin) => {
      await admin.deleteTopics({ topics: [name] })
      // Kafka takes a moment to forget the old one.
      const create = () =>
        admin.createTopics({ waitForLeaders: false, topics: [{ topic: name, numPartitions }] })
      await expect.poll(() => create().catch(() => false), { timeout: 20_000, interval: 50 }).toBe(true)
    })
  }
})
