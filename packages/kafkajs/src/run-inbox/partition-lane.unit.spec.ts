import { Emitter, on, topic } from '@pigeonhole/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { handlings } from './handling-lock.js'
import { ManualClock, settle } from './manual-clock.fake.js'
import { PartitionLane } from './partition-lane.js'
import type { InboxRunEvents } from './run-inbox-events.js'
import { resolveRunInboxOptions } from './run-inbox-options.js'
import { batchOf, ScriptedFeed } from './scripted-feed.fake.js'
import { ScriptedInbox } from './scripted-inbox.fake.js'
import { Slots } from './slots.js'

const place = { topic: 'orders', partition: 0 }
const binding = on(topic('orders'), () => undefined)

describe('PartitionLane', () => {
  let clock: ManualClock
  let feed: ScriptedFeed
  let inbox: ScriptedInbox
  let noted: bigint[]
  let events: string[]

  beforeEach(() => {
    clock = new ManualClock()
    feed = new ScriptedFeed()
    inbox = new ScriptedInbox()
    noted = []
    events = []
  })

  function newLane(
    predecessor: Promise<void> = Promise.resolve(),
    slots = new Slots(4),
  ): PartitionLane<never> {
    const emitter = new Emitter<InboxRunEvents>('inbox-run')
    emitter.on('partition:claimed', ({ nextOffset, soughtFrom }) =>
      events.push(`claimed ${nextOffset} ${soughtFrom}`),
    )
    emitter.on('partition:held', ({ offset, attempt }) => events.push(`held ${offset} ${attempt}`))
    emitter.on('partition:released', ({ offset, attempts }) => events.push(`released ${offset} ${attempts}`))
    const options = resolveRunInboxOptions<never>({ handlers: [binding], clock })
    const offsets = {
      note: ({ offset }: { offset: bigint }) => noted.push(offset),
      forget: () => undefined,
      flush: async () => undefined,
    }
    const context = { inbox, options, slots, events: emitter, offsets }
    return new PartitionLane({ place, context, binding, feed, predecessor })
  }

  async function claimedLane(): Promise<PartitionLane<never>> {
    const lane = newLane()
    lane.open()
    await settle()
    feed.take()
    return lane
  }

  it('seeks to where the inbox goes on as soon as it is opened, without any batch', async () => {
    inbox.position = 7n
    feed.start = 9n
    newLane().open()
    await settle()
    expect(feed.take()).toEqual(['seek 7'])
    expect(events).toEqual(['claimed 7 9'])
    expect(noted).toEqual([7n])
  })

  it('starts where the group does when the inbox has no position', async () => {
    feed.start = 9n
    newLane().open()
    await settle()
    expect(feed.take()).toEqual(['seek 9'])
    expect(events).toEqual(['claimed 9 undefined'])
  })

  it('handles a batch in order, then has kafkajs go on behind its last record', async () => {
    const lane = await claimedLane()
    await lane.take(batchOf(0, [0, 1, 4], 6))
    expect(inbox.handled).toEqual([0n, 1n, 4n])
    expect(feed.take()).toEqual(['seek 7'])
    expect(noted.at(-1)).toBe(7n)
    await lane.take(batchOf(7, [], 9))
    expect(feed.take()).toEqual(['seek 10'])
    await lane.take(batchOf(10, [11]))
    expect(inbox.handled).toEqual([0n, 1n, 4n, 11n])
  })

  it('handles nothing of a batch from further on, nor of one from further back', async () => {
    inbox.position = 3n
    const lane = await claimedLane()
    await lane.take(batchOf(5, [5, 6]))
    expect(feed.take()).toEqual(['seek 3'])
    await lane.take(batchOf(0, [0, 1]))
    expect(feed.take()).toEqual(['seek 3'])
    expect(inbox.handled).toEqual([])
    await lane.take(batchOf(3, [3, 5]))
    expect(inbox.handled).toEqual([3n, 5n])
  })

  it('holds the partition when Kafka keeps reading from elsewhere than the position', async () => {
    inbox.position = 3n
    const lane = await claimedLane()
    for (let i = 0; i < 3; i++) await lane.take(batchOf(5, [5, 6]))
    expect(events.slice(1)).toEqual(['held 3 1'])
    expect(feed.take()).toEqual(['seek 3', 'seek 3', 'pause'])
    await clock.advance(1_000)
    expect(feed.take()).toEqual(['seek 3', 'resume'])
    await lane.take(batchOf(3, [3]))
    expect(events.slice(2)).toEqual(['released 3 1'])
    expect(inbox.handled).toEqual([3n])
  })

  it('follows Kafka to the start of its log when there is no position to hold it to', async () => {
    inbox = new ScriptedInbox({ keepsPositions: false })
    const lane = await claimedLane()
    for (let i = 0; i < 3; i++) await lane.take(batchOf(5, [5, 6]))
    expect(inbox.handled).toEqual([5n, 6n])
    expect(events).toEqual(['claimed 0 undefined', 'claimed 5 0'])
  })

  it('pauses before it lets kafkajs go on without a message that fails', async () => {
    const lane = await claimedLane()
    inbox.handling = (offset) => {
      if (offset === 1n && clock.now() < 1_000) throw new Error('not yet')
    }
    let paused = false
    void lane.take(batchOf(0, [0, 1, 2])).then(() => {
      paused = feed.calls.includes('pause')
    })
    await settle()
    expect(paused).toBe(true)
    expect(feed.take()).toEqual(['pause'])
    expect(inbox.handled).toEqual([0n])
    await clock.advance(1_000)
    expect(inbox.handled).toEqual([0n, 1n, 2n])
    expect(feed.take()).toEqual(['seek 3', 'resume'])
    expect(events.slice(1)).toEqual(['held 1 1', 'released 1 1'])
  })

  it('waits for a position that another owner holds while others handle beside it in the process', async () => {
    const lane = await claimedLane()
    inbox.count = { claims: 3, starts: 0 }
    let release: () => void = () => undefined
    inbox.waitForTurn = () => new Promise<void>((resolve) => (release = resolve))
    void lane.take(batchOf(0, [0]))
    await settle()
    let beside = false
    await handlings.shared(async () => {
      beside = true
    })
    expect(beside).toBe(true)
    expect(inbox.handled).toEqual([])
    release()
    await settle()
    expect(inbox.handled).toEqual([0n])
  })

  it('holds a partition of which the inbox has handled messages that the database does not know', async () => {
    feed.start = 5n
    feed.committed = { offset: 5n, handledBy: 'billing' }
    newLane().open()
    await settle()
    expect(events).toEqual(['held undefined 1'])
    feed.committed = { offset: 5n, handledBy: undefined }
    await clock.advance(1_000)
    expect(events.slice(1)).toEqual(['claimed 5 undefined', 'released 5 1'])
  })

  it('goes back when a failure turns out to be a restored database', async () => {
    const lane = await claimedLane()
    await lane.take(batchOf(0, [0, 1]))
    inbox.handling = () => {
      if (clock.now() < 1_000) throw new Error('the database is away')
    }
    feed.take()
    await lane.take(batchOf(2, [2, 3]))
    inbox.position = 1n
    await clock.advance(1_000)
    expect(inbox.handled).toEqual([0n, 1n])
    expect(feed.take()).toEqual(['pause', 'seek 1', 'resume'])
    await lane.take(batchOf(1, [1, 2]))
    expect(inbox.handled).toEqual([0n, 1n, 1n, 2n])
  })

  it('goes back when the database was restored while there was nothing to do', async () => {
    const lane = await claimedLane()
    await lane.take(batchOf(0, [0, 1]))
    inbox.position = 1n
    await clock.advance(101)
    await lane.take(batchOf(2, [2]))
    expect(inbox.handled).toEqual([0n, 1n])
    expect(events.slice(1)).toEqual(['claimed 1 2'])
    inbox.position = undefined
    await clock.advance(60_000)
    await lane.take(batchOf(1, [1]))
    expect(events.slice(2)).toEqual(['claimed 0 1'])
  })

  it('is held when the topic was created anew while a batch was handled, however soon the next one comes', async () => {
    feed.id = 'first'
    const lane = await claimedLane()
    await lane.take(batchOf(0, [0, 1]))
    feed.id = 'second'
    void lane.take(batchOf(2, [2]))
    await settle()
    expect(inbox.handled).toEqual([0n, 1n])
    expect(events.at(-1)).toContain('held')
  })

  it('leaves a batch whose topic was created anew while its first message failed: it is not of the other one', async () => {
    feed.id = 'first'
    const lane = await claimedLane()
    inbox.handling = () => {
      if (clock.now() < 1_000) throw new Error('not yet')
    }
    void lane.take(batchOf(0, [0, 1]))
    await settle()
    feed.id = 'second'
    await clock.advance(1_000)
    expect(inbox.handled).toEqual([])
    expect(feed.take()).toEqual(['pause', 'seek 0', 'resume'])
    await lane.take(batchOf(0, [0]))
    expect(inbox.handled).toEqual([0n])
  })

  it('leaves a batch whose topic was created anew while its first message waited for the process', async () => {
    feed.id = 'first'
    const lane = await claimedLane()
    let free: () => void = () => undefined
    const busy = handlings.alone(() => new Promise<void>((resolve) => (free = resolve)))
    void lane.take(batchOf(0, [0, 1]))
    await settle()
    feed.id = 'second'
    await clock.advance(101)
    free()
    await busy
    await settle()
    expect(inbox.handled).toEqual([])
  })

  it('leaves a batch that came to hand before another topic was found', async () => {
    feed.id = 'first'
    const lane = await claimedLane()
    feed.id = 'second'
    await lane.take(batchOf(0, [0, 1]))
    expect(inbox.handled).toEqual([])
    await lane.take(batchOf(0, [0]))
    expect(inbox.handled).toEqual([0n])
  })

  it('goes back when the database was restored while a message waited for its turn', async () => {
    const slots = new Slots(1)
    const lane = newLane(Promise.resolve(), slots)
    lane.open()
    await lane.take(batchOf(0, [0, 1]))
    let free: () => void = () => undefined
    const busy = slots.use(() => new Promise<void>((resolve) => (free = resolve)))
    const taken = lane.take(batchOf(2, [2]))
    await settle()
    inbox.position = 1n
    await clock.advance(101)
    free()
    await Promise.all([busy, taken])
    expect(inbox.handled).toEqual([0n, 1n])
    expect(events.slice(1)).toEqual(['claimed 1 2'])
  })

  it('goes back when the database was restored while another message had the process for itself', async () => {
    const lane = await claimedLane()
    await lane.take(batchOf(0, [0, 1]))
    let free: () => void = () => undefined
    const alone = handlings.alone(() => new Promise<void>((resolve) => (free = resolve)))
    const taken = lane.take(batchOf(2, [2]))
    await settle()
    inbox.position = 1n
    await clock.advance(101)
    free()
    await Promise.all([alone, taken])
    expect(inbox.handled).toEqual([0n, 1n])
    expect(events.at(-1)).toBe('claimed 1 2')
  })

  it('lets kafkajs go on when a message takes long, and handles the rest of the batch beside it', async () => {
    const lane = await claimedLane()
    let finish: () => void = () => undefined
    inbox.handling = () => new Promise((resolve) => (finish = resolve))
    const taken = lane.take(batchOf(0, [0, 1]))
    await settle()
    expect(feed.take()).toEqual([])
    await clock.advance(1_000)
    await taken
    expect(feed.take()).toEqual(['pause'])
    finish()
    await settle()
    finish()
    await settle()
    expect(inbox.handled).toEqual([0n, 1n])
    expect(feed.take()).toEqual(['seek 2', 'resume'])
  })

  it('handles no more than the message under way when it is to yield, and has the rest fetched again', async () => {
    const lane = await claimedLane()
    let finish: () => void = () => undefined
    inbox.handling = () =>
      new Promise((resolve) => {
        finish = resolve
      })
    const taken = lane.take(batchOf(0, [0, 1]))
    await clock.advance(1_000)
    await taken
    lane.yield()
    finish()
    await settle()
    expect(inbox.handled).toEqual([0n])
    expect(feed.take()).toEqual(['pause', 'seek 1', 'resume'])
  })

  it('reads its position anew when the group has joined again', async () => {
    const lane = await claimedLane()
    await lane.take(batchOf(0, [0, 1]))
    feed.take()
    // Another member had the partition meanwhile.
    inbox.position = 5n
    lane.reopen()
    await settle()
    expect(feed.take()).toEqual(['seek 5'])
  })

  it('aborts what is under way when it is lost, and leaves nothing behind in kafkajs', async () => {
    const lane = await claimedLane()
    const reasons: unknown[] = []
    inbox.handling = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reasons.push(signal.reason)
          reject(signal.reason)
        })
      })
    const taken = lane.take(batchOf(0, [0, 1]))
    await clock.advance(1_000)
    await taken
    noted.length = 0
    lane.lose('lost')
    await lane.idle
    expect(reasons).toEqual(['lost'])
    expect(feed.take()).toEqual(['pause', 'drop seek', 'resume'])
    expect([inbox.handled, noted, events.slice(1)]).toEqual([[], [], []])
    await lane.take(batchOf(0, [0]))
    expect(feed.take()).toEqual([])
  })

  it('notes nothing of what is finished after the loss', async () => {
    const lane = await claimedLane()
    let finish: () => void = () => undefined
    inbox.handling = () => new Promise((resolve) => (finish = resolve))
    const taken = lane.take(batchOf(0, [0, 1]))
    await settle()
    noted.length = 0
    lane.lose('lost')
    await taken
    finish()
    await lane.idle
    expect(inbox.handled).toEqual([0n])
    expect(noted).toEqual([])
  })

  it('finishes the message under way when it is closed, notes it, and begins no other one', async () => {
    const lane = await claimedLane()
    let finish: () => void = () => undefined
    inbox.handling = () => new Promise((resolve) => (finish = resolve))
    void lane.take(batchOf(0, [0, 1]))
    await settle()
    lane.close()
    finish()
    await lane.idle
    expect(inbox.handled).toEqual([0n])
    expect(noted.at(-1)).toBe(1n)
    expect(feed.take()).toEqual(['pause'])
  })

  it('tries to find out where to go on until it knows', async () => {
    inbox.reading = () => {
      if (clock.now() < 1_000) throw new Error('the database is away')
    }
    const lane = newLane()
    lane.open()
    await settle()
    expect(feed.take()).toEqual(['pause'])
    expect(events).toEqual(['held undefined 1'])
    await clock.advance(1_000)
    expect(feed.take()).toEqual(['seek 0', 'resume'])
    expect(events.slice(1)).toEqual(['claimed 0 undefined', 'released 0 1'])
    await lane.take(batchOf(0, [0]))
    expect(inbox.handled).toEqual([0n])
  })

  it('waits for what a former lane of the partition has under way', async () => {
    let end: () => void = () => undefined
    const lane = newLane(new Promise((resolve) => (end = resolve)))
    lane.open()
    void lane.take(batchOf(0, [0]))
    await settle()
    expect(inbox.handled).toEqual([])
    end()
    await settle()
    expect(inbox.handled).toEqual([0n])
  })
})
