// Ids are forgotten by their age, and nothing that may come again takes effect again for it.
import { isPigeonholeError, type Topic } from '@pigeonhole/core'
import { type RewindInboxOptions, rewindInbox } from '@pigeonhole/kafkajs'
import { ConfigResourceTypes } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { collectEvents, eventually, nextEvent } from './events.js'
import { InboxLab, type LabRun } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const day = 24 * 3_600_000
const values = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`)
const withId = (value: string) => ({ value, headers: { 'message-id': value } })

describe('ids that are old enough', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  const often: LabRun['options'] = { idCleaningMs: 50 }

  async function ids(): Promise<number> {
    const { rows } = await lab.pool.query('SELECT count(*)::int AS ids FROM pigeonhole.inbox_message')
    return rows[0]?.ids
  }

  async function age(days: number): Promise<void> {
    await lab.pool.query(`UPDATE pigeonhole.inbox_message SET received_at = now() - $1 * interval '1 day'`, [
      days,
    ])
  }

  /** Sends messages, and runs the inbox until it has had `effects`. */
  async function handle(
    orders: Topic<string>,
    sent: readonly string[],
    effects = sent,
    run: LabRun = {},
  ): Promise<void> {
    if (sent.length > 0) await lab.send(orders, sent.map(withId))
    const running = await lab.run({ topics: [orders], ...run })
    await eventually(() => lab.effects()).toEqual(effects)
    await running.stop()
  }

  const rewind = (orders: Topic<string>, options: Partial<RewindInboxOptions>) =>
    rewindInbox(lab.newKafka(), {
      ...{ store: lab.store, inbox: lab.name, groupId: lab.name, topic: orders.name, to: 'earliest' },
      ids: 'keep',
      ...options,
    })

  it('are forgotten while the inbox runs, in batches, and nothing that is delivered again takes effect again', async () => {
    const orders = await lab.createTopic()
    await handle(orders, values(0, 9))
    await lab.pool.query(
      `INSERT INTO pigeonhole.inbox_message (inbox, scope, message_id) SELECT $1, 'old', i::text FROM generate_series(1, 2500) AS i`,
      [lab.name],
    )
    await age(31)
    const run = await lab.run({ topics: [orders], options: often })
    expect(await nextEvent(run, 'ids:forgotten')).toEqual({ count: 2510 })
    await run.stop()
    await lab.setGroupOffset(orders, '0')
    await lab.send(orders, [withId('m10')])
    await lab.run({ topics: [orders], options: often })
    await eventually(() => lab.effects()).toEqual(values(0, 10))
    expect(await ids()).toBe(1)
  })

  it('are kept while the inbox reads again what it was rewound to, and are forgotten behind it', async () => {
    const orders = await lab.createTopic()
    await handle(orders, values(0, 9))
    await rewind(orders, { to: { offset: 2n } })
    await age(31)
    expect(await lab.inbox().forgetOldIds()).toBe(0)
    const run = await lab.run({ topics: [orders], options: often })
    await nextEvent(run, 'ids:forgotten')
    expect(await lab.position(orders)).toBe(10n)
    expect(await lab.effects()).toEqual(values(0, 9))
    await eventually(ids).toBe(0)
  })

  it('and are forgotten make no rewind that counts on them', async () => {
    const orders = await lab.createTopic()
    const timestamp = String(Date.now() - 32 * day)
    await lab.send(
      orders,
      values(0, 2).map((value) => ({ ...withId(value), timestamp })),
    )
    await handle(orders, [], values(0, 2))
    await age(31)
    await lab.send(orders, values(3, 4).map(withId))
    const run = await lab.run({ topics: [orders] })
    // Each start begins with it, and a stop that came before would end it.
    await nextEvent(run, 'ids:forgotten')
    await eventually(() => lab.effects()).toEqual(values(0, 4))
    await run.stop()
    expect(await ids()).toBe(2)
    const refused = await rewind(orders, {}).catch((error: unknown) => error)
    if (!isPigeonholeError(refused, 'IDS_FORGOTTEN')) throw refused
    expect(await lab.position(orders)).toBe(5n)
    // As it says.
    const offset = BigInt(refused.details.offset)
    expect(await rewind(orders, { to: { offset } })).toMatchObject([{ to: 3n }])
    await handle(orders, ['m5'], values(0, 5))
    expect(await rewind(orders, { ids: 'forget' })).toMatchObject([{ to: 0n }])
  })

  it('are kept for as long as the topic keeps messages where no positions are, and it is told of, with both figures', async () => {
    const orders = await lab.createTopic(1, { 'retention.ms': String(60 * day), 'segment.ms': String(day) })
    const byId = () => lab.inbox({ dedupe: 'id', idRetentionMs: day })
    await handle(orders, values(0, 4), values(0, 4), { inbox: byId() })
    await age(31)
    const run = await lab.run({ topics: [orders], inbox: byId(), options: often })
    const told = await nextEvent(run, 'retention:short')
    expect(told).toMatchObject({ topic: orders.name, idRetentionMs: day, topicRetentionMs: 61 * day })
    await run.stop()
    await lab.setGroupOffset(orders, '0')
    await lab.send(orders, [withId('m5')])
    const again = await lab.run({ topics: [orders], inbox: byId(), options: often })
    await eventually(() => lab.effects()).toEqual(values(0, 5))
    // The topic forgets sooner from now on: so does the inbox, at once.
    const forgotten = nextEvent(again, 'ids:forgotten')
    await configure(orders, { 'retention.ms': String(day), 'segment.ms': String(day) })
    expect(await forgotten).toEqual({ count: 5 })
  })

  it('are kept for ever where no positions are and the topic is compacted', async () => {
    const orders = await lab.createTopic(1, { 'cleanup.policy': 'compact' })
    const inbox = lab.inbox({ dedupe: 'id', idRetentionMs: day })
    await lab.send(
      orders,
      values(0, 4).map((value) => ({ ...withId(value), key: value })),
    )
    const run = await lab.run({ topics: [orders], inbox, options: often })
    const told = collectEvents(run, 'retention:short')
    const forgotten = collectEvents(run, 'ids:forgotten')
    await eventually(() => lab.effects()).toEqual(values(0, 4))
    await age(400)
    await eventually(() => told.length).toBe(1)
    expect(told).toMatchObject([{ topicRetentionMs: Number.POSITIVE_INFINITY }])
    // Each look asks the broker first: this one knows better, and a look before it has forgotten nothing.
    await configure(orders, { 'cleanup.policy': 'delete', 'retention.ms': String(60 * day) })
    await eventually(() => told.length).toBe(2)
    await eventually(() => forgotten).toEqual([{ count: 5 }])
  })

  it('are forgotten where a topic keeps messages for longer, and positions tell redeliveries: it is told of at the start', async () => {
    const orders = await lab.createTopic(1, { 'retention.ms': '-1' })
    await handle(orders, values(0, 4))
    await age(2)
    const run = await lab.run({ topics: [orders], inbox: lab.inbox({ idRetentionMs: day }), options: often })
    const [{ error }] = await Promise.all([
      nextEvent(run, 'retention:short'),
      nextEvent(run, 'ids:forgotten'),
    ])
    expect(error).toMatchObject({ code: 'ID_RETENTION_SHORT', details: { topicRetentionMs: null } })
    await run.stop()
    await lab.setGroupOffset(orders, '0')
    await lab.send(orders, [withId('m5')])
    await lab.run({ topics: [orders] })
    await eventually(() => lab.effects()).toEqual(values(0, 5))
  })

  async function configure({ name }: Topic<string>, config: Readonly<Record<string, string>>): Promise<void> {
    const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }))
    const resources = [{ type: ConfigResourceTypes.TOPIC, name, configEntries }]
    await lab.admin((admin) => admin.alterConfigs({ validateOnly: false, resources }))
  }
})
