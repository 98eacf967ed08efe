import type { Dedupe, Topic } from '@pigeonhole/core'
import { type RewindInboxOptions, rewindInbox } from '@pigeonhole/kafkajs'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { eventually } from './events.js'
import { InboxLab, type LabContext, type LabRun, writeEffect } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

const withId = (value: string, timestamp?: number) => ({
  value,
  headers: { 'message-id': `id of ${value}` },
  ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
})

describe('rewinding an inbox', () => {
  let lab: InboxLab
  let orders: Topic<string>
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
    orders = await lab.createTopic(2)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  const rewind = (options: Partial<RewindInboxOptions> = {}) =>
    rewindInbox(lab.newKafka(), {
      store: lab.store,
      inbox: lab.name,
      groupId: lab.name,
      topic: orders.name,
      to: 'earliest',
      ids: 'forget',
      ...options,
    })

  /** Runs the inbox until it has had `effects`, and stops it. */
  async function runUntil(effects: readonly string[], options: LabRun['options'] = {}): Promise<void> {
    const run = await lab.run({ topics: [orders], options })
    await eventually(async () => (await lab.effects()).toSorted()).toEqual(effects.toSorted())
    await run.stop()
  }

  async function handle(...values: readonly string[]): Promise<void> {
    await lab.send(
      orders,
      values.map((value) => withId(value)),
    )
    await runUntil(values)
  }

  it('has every message from an offset on take effect again, in its order, and no other', async () => {
    await lab.send(orders, ['other partition'], 1)
    await lab.send(
      orders,
      ['a', 'b', 'c', 'd'].map((value) => withId(value)),
    )
    await runUntil(['other partition', 'a', 'b', 'c', 'd'])
    const rewound = await rewind({ partition: 0, to: { offset: 2n } })
    expect(rewound).toEqual([{ partition: 0, from: 4n, to: 2n, forgotten: 2 }])
    await runUntil(['other partition', 'a', 'b', 'c', 'd', 'c', 'd'])
    expect((await lab.effects()).slice(-2)).toEqual(['c', 'd'])
  })

  it('never parks a message for having been read again and again', async () => {
    await handle('a')
    // Each life begins at one offset: from the third on with care, and each of its starts has an end.
    for (let life = 2; life <= 8; life++) {
      // As an operator does who edits the row.
      await lab.pool.query('UPDATE pigeonhole.inbox_position SET next_offset = 0 WHERE topic = $1', [
        orders.name,
      ])
      await lab.pool.query('DELETE FROM pigeonhole.inbox_message')
      await runUntil(
        Array.from({ length: life }, () => 'a'),
        { attempts: 3 },
      )
    }
    const { rows } = await lab.pool.query('SELECT error_code FROM pigeonhole.parked_message')
    expect(rows).toEqual([])
  })

  it('leaves ids known when told so: only messages without one take effect again', async () => {
    await lab.send(orders, [withId('known'), 'without id'])
    await runUntil(['known', 'without id'])
    expect(await rewind({ ids: 'keep' })).toEqual([{ partition: 0, from: 2n, to: 0n, forgotten: 0 }])
    await runUntil(['known', 'without id', 'without id'])
    expect(await lab.position(orders)).toBe(2n)
  })

  it('goes back to a time, in every partition', async () => {
    const noon = Date.parse('2026-01-01T12:00:00Z')
    for (const partition of [0, 1])
      await lab.send(
        orders,
        [withId(`old ${partition}`, noon - 1), withId(`new ${partition}`, noon)],
        partition,
      )
    const all = ['old 0', 'old 1', 'new 0', 'new 1']
    await runUntil(all)
    expect(await rewind({ to: { time: new Date(noon) } })).toMatchObject([
      { partition: 0, from: 2n, to: 1n },
      { partition: 1, from: 2n, to: 1n },
    ])
    await runUntil([...all, 'new 0', 'new 1'])
  })

  it('finds ids by the resolver of the inbox', async () => {
    const messageId = () => 'one and the same'
    const run = await lab.run({ topics: [orders], inbox: lab.inbox({ messageId }) })
    await lab.send(orders, ['a', 'b'])
    await eventually(() => lab.position(orders)).toBe(2n)
    await run.stop()
    expect(await lab.effects()).toEqual(['a'])
    expect(await rewind({ messageId })).toMatchObject([{ forgotten: 1 }])
  })

  it('shows nothing while a consumer runs, and changes nothing', async () => {
    await handle('a', 'b')
    const run = await lab.run({ topics: [orders] })
    const confirm = () => {
      throw new Error('it was shown')
    }
    await expect(rewind({ confirm })).rejects.toMatchObject({
      code: 'INBOX_RUNNING',
      details: { groupId: lab.name },
    })
    expect(await lab.position(orders)).toBe(2n)
    await run.stop()
  })

  it('changes nothing when a consumer has started while it asked', async () => {
    await handle('a', 'b')
    const confirm = async () => {
      await lab.run({ topics: [orders] })
      return true
    }
    await expect(rewind({ confirm })).rejects.toMatchObject({ code: 'INBOX_RUNNING' })
    expect([await lab.position(orders), await lab.effects()]).toEqual([2n, ['a', 'b']])
  })

  it('changes nothing of a position that has moved meanwhile', async () => {
    await handle('a', 'b')
    const confirm = async () => {
      await lab.pool.query('UPDATE pigeonhole.inbox_position SET next_offset = 3')
      return true
    }
    await expect(rewind({ confirm, ids: 'keep' })).rejects.toMatchObject({ code: 'INBOX_RUNNING' })
    expect(await lab.position(orders)).toBe(3n)
  })

  it('shows what it is about to do, and does nothing when told so', async () => {
    await handle('a', 'b')
    const shown: unknown[] = []
    const confirm = (plan: unknown) => {
      shown.push(plan)
      return false
    }
    expect(await rewind({ confirm })).toEqual([])
    expect(shown).toEqual([[{ partition: 0, from: 2n, to: 0n }]])
    expect(await lab.position(orders)).toBe(2n)
  })

  it.each([
    ['forwards', { to: { offset: 3n } }, 'OPTION_INVALID'],
    ['an inbox that is not there', { inbox: 'another' }, 'OPTION_INVALID'],
    ['a partition without a position', { partition: 1 }, 'OPTION_INVALID'],
  ] as const)('refuses %s', async (_, options, code) => {
    await handle('a', 'b')
    await expect(rewind(options)).rejects.toMatchObject({ code })
  })

  it('refuses what the log no longer has, and goes back as far as it can when told so', async () => {
    await handle('a', 'b')
    await lab.admin(async (admin) => {
      await admin.fetchTopicOffsets(orders.name)
      await admin.deleteTopicRecords({ topic: orders.name, partitions: [{ partition: 0, offset: '1' }] })
    })
    await expect(rewind({ to: { offset: 0n } })).rejects.toMatchObject({
      code: 'POSITION_NOT_IN_LOG',
      details: { nextOffset: '0', offered: '1' },
    })
    expect(await rewind()).toMatchObject([{ from: 2n, to: 1n, forgotten: 1 }])
  })

  describe('to before messages that are parked', () => {
    const key = 'k'
    const messages = [
      { ...withId('a1'), key },
      { ...withId('b1'), key: 'other' },
      { ...withId('a2'), key },
      { ...withId('n1'), key: null },
    ]
    const broken = new Set<string>()
    const handler = async (context: LabContext): Promise<void> => {
      if (broken.has(context.message.value)) throw new Error('broken')
      await writeEffect(context)
    }
    const parked = async (): Promise<(bigint | null)[]> => {
      const found = await lab.store.listInboxParkedMessages({ inbox: lab.name }, 100)
      return found.map(({ offset }) => offset)
    }

    /** Runs the inbox until it has passed all messages and has `count` parked, then `also`, and stops it. */
    async function runUntilParked(
      dedupe: Dedupe,
      count: number,
      also: () => Promise<unknown> = async () => undefined,
    ): Promise<void> {
      const run = await lab.run({
        topics: [orders],
        inbox: lab.inbox({ dedupe }),
        handler,
        options: { attempts: 1 },
      })
      await eventually(async () => [await lab.position(orders), (await parked()).length]).toEqual([4n, count])
      await also()
      await run.stop()
    }

    it.each([
      ['what was parked once, and what is forgotten again', 'both', 'forget', ['b1', 'b1', 'a1', 'a2', 'n1']],
      ['what was parked once, and what is kept no more', 'both', 'keep', ['b1', 'a1', 'a2', 'n1']],
      [
        'without ids all of it again, in order',
        'position',
        'keep',
        ['b1', 'b1', 'a1', 'a2', 'a1', 'a2', 'n1', 'n1'],
      ],
    ] as const)('handles %s', async (_, dedupe, ids, expected) => {
      for (const value of ['a1', 'n1']) broken.add(value)
      await lab.send(orders, messages)
      await runUntilParked(dedupe, 3)
      await rewind({ partition: 0, ids })
      // What is read again waits behind what is parked of its key; without a key it fails, and is parked, by itself.
      await runUntilParked(dedupe, 6, async () => {
        expect((await parked()).toSorted()).toEqual([0n, 0n, 2n, 2n, 3n, 3n])
        broken.clear()
        await lab.store.retryInboxParked({ inbox: lab.name })
        await eventually(parked).toEqual([])
      })
      const effects = await lab.effects()
      const of = (name: string, all: readonly string[]) => all.filter((value) => value.startsWith(name))
      for (const name of ['a', 'b', 'n']) expect(of(name, effects)).toEqual(of(name, expected))
    })
  })
})
