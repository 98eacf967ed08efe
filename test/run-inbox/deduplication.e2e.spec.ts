import { headerText, topic } from '@pigeonhole/core'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { collectEvents, eventually, nextEvent } from './events.js'
import { InboxLab, writeEffect } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

const four = ['a', 'b', 'c', 'd']

describe('runInbox', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  it('hands over what a message carries', async () => {
    const orders = await lab.createTopic(2)
    const seen: unknown[] = []
    await lab.run({
      topics: [orders],
      handler: ({ message }) => {
        const { topic, partition, offset, id, value, key, timestamp } = message
        const headers = message.headers.map(([name, bytes]) => [name, Buffer.from(bytes).toString()])
        seen.push({
          topic,
          partition,
          offset,
          id,
          value,
          key: key && Buffer.from(key).toString(),
          timestamp,
          headers,
        })
      },
    })
    const headers = { 'message-id': 'm-1', trace: ['x', 'y'] }
    await lab.send(orders, [{ value: 'v', key: 'k', headers, timestamp: '1700000000000' }], 1)
    await eventually(() => seen).toHaveLength(1)
    expect(seen[0]).toEqual({
      topic: orders.name,
      partition: 1,
      offset: 0n,
      id: 'm-1',
      value: 'v',
      key: 'k',
      timestamp: new Date(1_700_000_000_000),
      headers: [
        ['message-id', 'm-1'],
        ['trace', 'x'],
        ['trace', 'y'],
      ],
    })
  })

  it("commits Kafka's offsets behind what is handled, and at its stop", async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, four)
    const run = await lab.run({ topics: [orders] })
    await eventually(() => lab.groupOffset(orders)).toBe('4')
    await run.stop()

    const second = await lab.run({ topics: [orders], options: { commitIntervalMs: 60_000 } })
    const committed = collectEvents(second, 'offsets:committed')
    await lab.send(orders, ['e'])
    await eventually(() => lab.effects()).toEqual([...four, 'e'])
    expect(await lab.groupOffset(orders)).toBe('4')
    await second.stop()
    expect(await lab.groupOffset(orders)).toBe('5')
    expect(committed).toEqual([{ offsets: [{ topic: orders.name, partition: 0, offset: 5n }] }])
  })

  it('does nothing twice when Kafka delivers anew what has taken effect: the position rules over the group', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, four)
    const run = await lab.run({ topics: [orders] })
    await eventually(() => lab.effects()).toEqual(four)
    await run.stop()
    await lab.setGroupOffset(orders, '0')

    const again = await lab.run({ topics: [orders] })
    const claimed = await nextEvent(again, 'partition:claimed')
    expect(claimed).toEqual({ topic: orders.name, partition: 0, nextOffset: 4n, soughtFrom: 0n })
    await lab.send(orders, ['e'])
    await eventually(() => lab.effects()).toContain('e')
    expect(await lab.effects()).toEqual([...four, 'e'])
  })

  it('replays what a restored database has lost, although no new message comes', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, four)
    const run = await lab.run({ topics: [orders] })
    await eventually(() => lab.groupOffset(orders)).toBe('4')
    await run.stop()
    await goBackTo(2)

    const again = await lab.run({ topics: [orders] })
    expect(await nextEvent(again, 'partition:claimed')).toMatchObject({ nextOffset: 2n, soughtFrom: 4n })
    await eventually(() => lab.effects()).toEqual(four)
    expect(await lab.position(orders)).toBe(4n)
  })

  it('replays what a database has lost that was restored under a failing consumer', async () => {
    const orders = await lab.createTopic()
    let failing = false
    await lab.send(orders, four)
    const run = await lab.run({
      topics: [orders],
      handler: async (context) => {
        if (failing) throw new Error('the database is away')
        await writeEffect(context)
      },
    })
    await eventually(() => lab.position(orders)).toBe(4n)
    failing = true
    const held = nextEvent(run, 'partition:held')
    await lab.send(orders, ['e'])
    await held
    await goBackTo(1)
    failing = false
    await eventually(() => lab.effects()).toEqual([...four, 'e'])
  })

  it('lets a message take effect once that its producer sent twice', async () => {
    const orders = await lab.createTopic()
    const inbox = lab.inbox()
    const deduplicated = collectEvents(inbox, 'message:deduplicated')
    await lab.run({ topics: [orders], inbox })
    const message = { value: 'a', headers: { 'message-id': 'm-1' } }
    await lab.send(orders, [message, 'b', message, 'c'])
    await eventually(() => lab.effects()).toEqual(['a', 'b', 'c'])
    expect(deduplicated).toEqual([
      { inbox: lab.name, topic: orders.name, partition: 0, offset: 2n, by: 'id' },
    ])
  })

  it('handles messages without an id by their position, and says that they have none', async () => {
    const orders = await lab.createTopic()
    const inbox = lab.inbox()
    const handled = collectEvents(inbox, 'message:handled')
    await lab.run({ topics: [orders], inbox })
    await lab.send(orders, ['a', { value: 'b', headers: { id: '7' } }])
    await eventually(() => handled.map(({ idMissing }) => idMissing)).toEqual([true, false])
  })

  it('deduplicates by the id alone: positions are not kept, and Kafka says where to go on', async () => {
    const orders = await lab.createTopic()
    const options = { topics: [orders], inbox: lab.inbox({ dedupe: 'id' }) }
    const messages = four.map((value) => ({ value, headers: { 'message-id': value } }))
    await lab.send(orders, messages)
    const run = await lab.run(options)
    await eventually(() => lab.effects()).toEqual(four)
    await run.stop()
    expect(await lab.position(orders)).toBeUndefined()
    await lab.setGroupOffset(orders, '0')

    const deduplicated = collectEvents(options.inbox, 'message:deduplicated')
    await lab.run(options)
    await eventually(() => deduplicated.map(({ offset }) => offset)).toEqual([0n, 1n, 2n, 3n])
    expect(await lab.effects()).toEqual(four)
  })

  it('deduplicates by the position alone: a second send is a message of its own', async () => {
    const orders = await lab.createTopic()
    await lab.run({ topics: [orders], inbox: lab.inbox({ dedupe: 'position' }) })
    const message = { value: 'a', headers: { 'message-id': 'm-1' } }
    await lab.send(orders, [message, message])
    await eventually(() => lab.effects()).toEqual(['a', 'a'])
  })

  it('deduplicates nothing when told so', async () => {
    const orders = await lab.createTopic()
    const options = { topics: [orders], inbox: lab.inbox({ dedupe: 'none' }) }
    await lab.send(orders, ['a', 'b'])
    const run = await lab.run(options)
    await eventually(() => lab.groupOffset(orders)).toBe('2')
    await run.stop()
    await lab.setGroupOffset(orders, '0')
    await lab.run(options)
    await eventually(() => lab.effects()).toEqual(['a', 'b', 'a', 'b'])
  })

  it('publishes in the transaction of the message', async () => {
    const orders = await lab.createTopic()
    const invoices = topic<{ readonly order: string }>('invoices')
    let failures = 1
    await lab.run({
      topics: [orders],
      handler: async (context) => {
        await writeEffect(context)
        await context.publish(invoices, { order: context.message.value })
        if (failures-- > 0) throw new Error('after publishing')
      },
    })
    await lab.send(orders, ['a'])
    await eventually(() => lab.effects()).toEqual(['a'])
    const { rows } = await lab.pool.query('SELECT topic, payload FROM pigeonhole.outbox_message')
    expect(rows.map(({ topic, payload }) => [topic, String(payload)])).toEqual([
      ['invoices', '{"order":"a"}'],
    ])
  })

  it('holds a message whose handler has swallowed an error that ended its transaction', async () => {
    const orders = await lab.createTopic()
    let swallow = true
    const run = await lab.run({
      topics: [orders],
      handler: async (context) => {
        const insert = () =>
          context.tx.query("INSERT INTO effect (value, unique_value) VALUES ($1, 'u')", [
            context.message.value,
          ])
        await insert()
        if (swallow) await insert().catch(() => undefined)
      },
    })
    const held = nextEvent(run, 'partition:held')
    await lab.send(orders, ['a'])
    expect((await held).error).toMatchObject({ code: 'HANDLER_SWALLOWED_ERROR' })
    expect(await lab.effects()).toEqual([])
    swallow = false
    await eventually(() => lab.effects()).toEqual(['a'])
  })

  it('never handles a record of an aborted transaction, and steps over them', async () => {
    const orders = await lab.createTopic()
    const producer = await lab.transactional()
    for (const value of ['kept-1', 'dropped', 'kept-2', 'dropped', 'dropped']) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: orders.name, messages: [{ value, key: Buffer.alloc(4) }] })
      await (value === 'dropped' ? transaction.abort() : transaction.commit())
    }
    await producer.disconnect()
    await lab.send(orders, ['last'])
    const inbox = lab.inbox()
    const handled = collectEvents(inbox, 'message:handled')
    await lab.run({ topics: [orders], inbox })
    await eventually(() => lab.effects()).toEqual(['kept-1', 'kept-2', 'last'])
    // Kafka may write the marker of a transaction that has ended behind what is sent next.
    await eventually(() => handled.length).toBe(3)
    expect(handled[2]?.offset).toBeGreaterThanOrEqual(9n)
    expect(await lab.position(orders)).toBe((handled[2]?.offset ?? 0n) + 1n)
  })

  it('starts at the end of the log when told so, and passes over nothing after that', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, four)
    const options = { from: 'latest', commitIntervalMs: 3_600_000 } as const
    const run = await lab.run({ topics: [orders], options })
    const claimed = nextEvent(run, 'partition:claimed')
    const committed = nextEvent(run, 'offsets:committed')
    expect(await claimed).toMatchObject({ nextOffset: 4n })
    // At once, not after the interval: whoever claims the partition next is not to start at another end of the log.
    expect(await committed).toMatchObject({ offsets: [{ offset: 4n }] })
    await run.stop()
    await lab.send(orders, ['e'])
    await lab.run({ topics: [orders], options })
    await eventually(() => lab.effects()).toEqual(['e'])
  })

  it('resolves ids as the inbox is told to', async () => {
    const orders = await lab.createTopic()
    const inbox = lab.inbox({ messageId: (delivery) => headerText(delivery, 'order') })
    await lab.run({ topics: [orders], inbox })
    await lab.send(orders, [
      { value: 'a', headers: { order: '1' } },
      { value: 'b', headers: { order: '1' } },
      'c',
    ])
    await eventually(() => lab.effects()).toEqual(['a', 'c'])
  })

  // As if the database were restored to when it had handled so many messages.
  async function goBackTo(offset: number): Promise<void> {
    await lab.pool.query('UPDATE pigeonhole.inbox_position SET next_offset = $1', [offset])
    await lab.pool.query('DELETE FROM effect WHERE id > $1', [offset])
  }
})
