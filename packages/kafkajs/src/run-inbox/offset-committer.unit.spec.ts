import { Emitter } from '@pigeonhole/core'
import { beforeEach, describe, expect, it } from 'vitest'
import type { NextOffset } from './group-feed.js'
import { ManualClock, settle } from './manual-clock.fake.js'
import { OffsetCommitter } from './offset-committer.js'
import type { InboxRunEvents } from './run-inbox-events.js'

const next = (partition: number, offset: bigint): NextOffset => ({ topic: 'orders', partition, offset })

describe('OffsetCommitter', () => {
  let clock: ManualClock
  let committed: (readonly NextOffset[])[]
  let refusal: Error | undefined
  let heard: unknown[]
  let committer: OffsetCommitter

  beforeEach(() => {
    clock = new ManualClock()
    committed = []
    refusal = undefined
    heard = []
    const events = new Emitter<InboxRunEvents>('inbox-run')
    events.on('offsets:committed', (data) => heard.push(data))
    events.on('offsets:refused', (data) => heard.push(data))
    const commit = async (offsets: readonly NextOffset[]): Promise<void> => {
      if (refusal) throw refusal
      committed.push(offsets)
    }
    committer = new OffsetCommitter({ intervalMs: 1_000, clock, events, commit })
  })

  it('commits the last offset of each partition once an interval', async () => {
    committer.note(next(0, 1n))
    committer.note(next(1, 5n))
    await clock.advance(999)
    committer.note(next(0, 2n))
    expect(committed).toEqual([])
    await clock.advance(1)
    expect(committed).toEqual([[next(0, 2n), next(1, 5n)]])
    expect(heard).toEqual([{ offsets: [next(0, 2n), next(1, 5n)] }])
    await clock.advance(5_000)
    expect(committed).toHaveLength(1)
  })

  it('commits anew, with the next ones, what Kafka has refused', async () => {
    refusal = new Error('not the coordinator')
    committer.note(next(0, 1n))
    await clock.advance(1_000)
    expect(heard).toEqual([{ error: refusal }])
    refusal = undefined
    committer.note(next(1, 1n))
    await clock.advance(1_000)
    expect(committed).toEqual([[next(0, 1n), next(1, 1n)]])
  })

  it('commits anew what Kafka has refused, when nothing more comes', async () => {
    refusal = new Error('the group is rebalancing')
    committer.note(next(0, 1n))
    await clock.advance(1_000)
    await clock.advance(1_000)
    expect(heard).toEqual([{ error: refusal }, { error: refusal }])
    refusal = undefined
    await clock.advance(1_000)
    expect(committed).toEqual([[next(0, 1n)]])
  })

  it('commits nothing of a partition that is lost', async () => {
    committer.note(next(0, 1n))
    committer.forget(next(0, 1n))
    await clock.advance(1_000)
    expect(committed).toEqual([])
  })

  it('commits what is left when it ends, and nothing later', async () => {
    committer.note(next(0, 1n))
    await committer.end()
    expect(committed).toEqual([[next(0, 1n)]])
    committer.note(next(0, 2n))
    await clock.advance(5_000)
    await settle()
    expect(committed).toHaveLength(1)
  })

  it('keeps an offset that was noted while an earlier one was on its way', async () => {
    committer.note(next(0, 1n))
    const flushed = committer.flush()
    await Promise.resolve()
    committer.note(next(0, 2n))
    await flushed
    await clock.advance(1_000)
    expect(committed.at(-1)).toEqual([next(0, 2n)])
  })
})
