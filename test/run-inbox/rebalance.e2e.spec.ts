import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { collectEvents, eventually, nextEvent } from './events.js'
import { Gate, untilAborted } from './gate.js'
import { InboxLab, type LabContext, writeEffect } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('a rebalance of runInbox', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  it('aborts the slow handler whose partition goes, lets the other finish, and keeps effects and order', async () => {
    const orders = await lab.createTopic(2)
    const finish = new Gate()
    const started = new Set<number>()
    const aborted: { partition: number | undefined; reason: unknown }[] = []
    const first = await lab.run({
      topics: [orders],
      handler: async (context) => {
        const { partition, offset } = context.message
        await writeEffect(context)
        if (offset !== 0n || partition === undefined) return
        started.add(partition)
        context.signal.addEventListener('abort', () =>
          aborted.push({ partition, reason: context.signal.reason }),
        )
        await Promise.race([finish.passed, untilAborted(context.signal)])
      },
    })
    await lab.send(orders, ['a0', 'a1', 'a2'], 0)
    await lab.send(orders, ['b0', 'b1', 'b2'], 1)
    await eventually(() => started.size).toBe(2)

    const lost = nextEvent(first, 'partition:lost')
    const second = await lab.run({ topics: [orders] })
    const { partition } = await lost
    const moved = partition === 0 ? 'a' : 'b'
    const kept = partition === 0 ? 'b' : 'a'
    // The group's new member does what the old one was kept from doing.
    await eventually(() => effectsOf(moved)).toEqual([`${moved}0`, `${moved}1`, `${moved}2`])
    expect(aborted).toMatchObject([{ partition, reason: { code: 'PARTITION_LOST' } }])
    expect(await effectsOf(kept)).toEqual([])
    finish.open()
    await eventually(() => effectsOf(kept)).toEqual([`${kept}0`, `${kept}1`, `${kept}2`])
    expect(await effectsOf(moved)).toHaveLength(3)
    await second.stop()
  })

  it('lets a message take effect once although its former owner finishes it, heedless of its signal', async () => {
    const orders = await lab.createTopic(2)
    const finish = new Gate()
    const started = new Set<number | undefined>()
    const zombie = await lab.run({
      topics: [orders],
      handler: async (context) => {
        started.add(context.message.partition)
        await writeEffect(context)
        await finish.passed
      },
    })
    await lab.send(orders, ['a0', 'a1'], 0)
    await lab.send(orders, ['b0', 'b1'], 1)
    await eventually(() => started.size).toBe(2)
    const committed = collectEvents(zombie, 'offsets:committed')
    const lost = nextEvent(zombie, 'partition:lost')
    const inbox = lab.inbox()
    const deduplicated = nextEvent(inbox, 'message:deduplicated')
    await lab.run({ topics: [orders], inbox })
    const { partition } = await lost
    // The new owner waits for the row of the position, which the zombie's transaction holds.
    await eventually(() => lab.sessionsWaitingForLocks()).toBe(1)
    finish.open()
    expect(await deduplicated).toMatchObject({ partition, offset: 0n, by: 'position' })
    await eventually(async () => (await lab.effects()).length).toBe(4)
    expect(await effectsOf('a')).toEqual(['a0', 'a1'])
    expect(await effectsOf('b')).toEqual(['b0', 'b1'])

    // Kafka takes offsets of any partition from any member, also such as its owner has left behind. This is one commit later.
    const kept = partition === 0 ? 1 : 0
    await lab.send(orders, ['c'], kept)
    const offsets = () => committed.flatMap((event) => event.offsets)
    await eventually(offsets).toContainEqual({ topic: orders.name, partition: kept, offset: 3n })
    // Where it began was committed before the loss.
    expect(offsets().filter((of) => of.partition === partition && of.offset > 0n)).toEqual([])
  })

  it('keeps order and effects while members come and go', async () => {
    const orders = await lab.createTopic(4)
    const partitions = [0, 1, 2, 3]
    const failed = new Set<string>()
    const handler = async (context: LabContext): Promise<void> => {
      await writeEffect(context)
      const { value } = context.message
      if (!value.endsWith('5') || failed.has(value)) return
      failed.add(value)
      throw new Error('fails once')
    }
    const values = (partition: number) => Array.from({ length: 60 }, (_, i) => `${partition}-${i}`)
    const sending = Promise.all(
      partitions.map(async (partition) => {
        for (const value of values(partition)) await lab.send(orders, [value], partition)
      }),
    )
    const stable = await lab.run({ topics: [orders], handler })
    for (let i = 0; i < 3; i++) {
      const guest = await lab.run({ topics: [orders], handler })
      await nextEvent(guest, 'offsets:committed')
      await guest.stop()
    }
    await sending
    for (const partition of partitions) {
      await eventually(() => effectsOf(`${partition}-`)).toEqual(values(partition))
    }
    await stable.stop()
  })

  it('goes on with a partition that it keeps from where it was, whatever the group has committed', async () => {
    const orders = await lab.createTopic(2)
    const options = { commitIntervalMs: 60_000 }
    const inbox = lab.inbox({ dedupe: 'none' })
    await lab.send(orders, ['a0', 'a1'], 0)
    await lab.send(orders, ['b0', 'b1'], 1)
    const first = await lab.run({ topics: [orders], inbox, options })
    await eventually(async () => (await lab.effects()).length).toBe(4)
    const joined = nextEvent(first, 'group:joined')
    const second = await lab.run({ topics: [orders], inbox, options })
    await joined
    await lab.send(orders, ['a2'], 0)
    await lab.send(orders, ['b2'], 1)
    await eventually(() => lab.effects()).toEqual(expect.arrayContaining(['a2', 'b2']))
    // What moved goes on behind what was committed when the rebalance was announced.
    expect((await lab.effects()).sort()).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2'])
    await second.stop()
  })

  it('tells of what it has lost', async () => {
    const orders = await lab.createTopic(2)
    const first = await lab.run({ topics: [orders] })
    const lost = collectEvents(first, 'partition:lost')
    // Kafka may let the first member join once more by itself.
    const shared = nextEvent(first, 'group:joined', ({ partitions }) => partitions.length === 1)
    await lab.run({ topics: [orders] })
    const kept = (await shared).partitions[0]?.partition
    expect(lost).toMatchObject([{ topic: orders.name, partition: kept === 0 ? 1 : 0 }])
  })

  async function effectsOf(prefix: string): Promise<string[]> {
    return (await lab.effects()).filter((value) => value.startsWith(prefix))
  }
})
