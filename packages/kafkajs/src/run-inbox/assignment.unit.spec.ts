import { Emitter, on, topic } from '@pigeonhole/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { Assignment } from './assignment.js'
import { GroupFeed } from './group-feed.js'
import type { ConsumerGroup, Runner } from './kafkajs-runner.js'
import { ManualClock, settle } from './manual-clock.fake.js'
import type { InboxRunEvents } from './run-inbox-events.js'
import { resolveRunInboxOptions } from './run-inbox-options.js'
import { batchOf } from './scripted-feed.fake.js'
import { ScriptedInbox } from './scripted-inbox.fake.js'
import { Slots } from './slots.js'

const place = { topic: 'orders', partition: 0 }

describe('Assignment', () => {
  let inbox: ScriptedInbox
  let assigned: { topic: string; partitions: number[] }[]
  let feed: GroupFeed
  let lost: number
  let assignment: Assignment<never>

  beforeEach(() => {
    inbox = new ScriptedInbox()
    assigned = []
    feed = newFeed()
    lost = 0
    const events = new Emitter<InboxRunEvents>('inbox-run')
    events.on('partition:lost', () => {
      lost += 1
    })
    const handlers = [on(topic('orders'), () => undefined)]
    const options = resolveRunInboxOptions<never>({ handlers, clock: new ManualClock() })
    const offsets = { note: () => undefined, forget: () => undefined, flush: async () => undefined }
    assignment = new Assignment({ inbox, options, slots: new Slots(4), events, offsets })
    assignment.startOver(feed)
  })

  function newFeed(): GroupFeed {
    const committed = { orders: { 0: '0', 1: '0' } }
    const group = {
      maxWaitTime: 5_000,
      // A broker that knows no ids of topics.
      cluster: {
        findLeaderForPartitions: () => ({ 1: [0] }),
        findBroker: async () => ({ versions: {} }),
      },
      assigned: () => assigned,
      offsetManager: {
        resolveOffsets: async () => undefined,
        committedOffsets: () => committed,
        getCoordinator: async () => ({ offsetFetch: async () => ({ responses: [] }) }),
      },
      seekOffset: { pop: () => undefined },
      subscriptionState: { pause: () => undefined, resume: () => undefined },
      seek: () => undefined,
    }
    return new GroupFeed({ consumerGroup: group as unknown as ConsumerGroup } as Runner)
  }

  function join(memberId: string, partitions: readonly number[]): void {
    assigned = [{ topic: 'orders', partitions: [...partitions] }]
    assignment.joined(
      memberId,
      partitions.map((partition) => ({ topic: 'orders', partition })),
    )
  }

  it('keeps a partition that a rebalance leaves here, and what is under way of it', async () => {
    join('me', [0, 1])
    const signals = await handleSlowly()
    join('me', [0])
    await settle()
    expect(signals[0]?.aborted).toBe(false)
    expect(lost).toBe(1)
  })

  it('takes all for lost when the group has given it another name: others had its partitions meanwhile', async () => {
    join('me', [0])
    const signals = await handleSlowly()
    join('me again', [0])
    expect(signals[0]?.reason).toMatchObject({ code: 'PARTITION_LOST' })
  })

  it('takes all for lost when kafkajs starts again', async () => {
    join('me', [0])
    const signals = await handleSlowly()
    assignment.startOver(newFeed())
    expect(signals[0]?.reason).toMatchObject({ code: 'PARTITION_LOST' })
  })

  it('drops a batch of a partition that is not its own any more', async () => {
    join('me', [0])
    join('me', [])
    await assignment.take(feed, batchOf(0, [0]))
    expect(inbox.handled).toEqual([])
  })

  it('drops a batch that a former start of kafkajs had fetched', async () => {
    join('me', [0])
    const current = newFeed()
    assignment.startOver(current)
    join('me', [0])
    await assignment.take(feed, batchOf(0, [0]))
    expect(inbox.handled).toEqual([])
    await assignment.take(current, batchOf(0, [0]))
    expect(inbox.handled).toEqual([0n])
  })

  it('takes a partition up again that it took for lost, and the group did not', async () => {
    join('me', [0])
    assignment.loseAll(new Error('no heartbeat was answered'))
    await assignment.take(feed, batchOf(0, [0]))
    expect(inbox.handled).toEqual([0n])
  })

  it('does not handle a message beside the former handler of its partition', async () => {
    join('me', [0])
    let running = 0
    let most = 0
    let finish: () => void = () => undefined
    inbox.handling = async (offset) => {
      running += 1
      most = Math.max(most, running)
      if (offset === 0n && inbox.handled.length === 0)
        await new Promise<void>((resolve) => (finish = resolve))
      running -= 1
    }
    void assignment.take(feed, batchOf(0, [0]))
    await settle()
    join('me again', [0])
    void assignment.take(feed, batchOf(0, [0, 1]))
    await settle()
    expect(running).toBe(1)
    finish()
    await settle()
    expect(most).toBe(1)
  })

  it('begins nothing more once it is closed', async () => {
    join('me', [0])
    await assignment.close()
    join('me', [0, 1])
    await assignment.take(feed, batchOf(0, [0]))
    expect(inbox.handled).toEqual([])
    expect(lost).toBe(0)
  })

  // Resolves once a message of partition 0 is under way, to the signals of all messages.
  async function handleSlowly(): Promise<AbortSignal[]> {
    const signals: AbortSignal[] = []
    inbox.handling = (_, signal) => {
      if (signal) signals.push(signal)
      return new Promise(() => undefined)
    }
    void assignment.take(feed, { ...batchOf(0, [0]), ...place })
    await settle()
    expect(signals).toHaveLength(1)
    return signals
  }
})
