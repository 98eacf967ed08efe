import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { CallScript } from '../ports/call-script.fake.js'
import { ManualClock, settle } from '../ports/manual-clock.fake.js'
import { ShardLease, type TurnOutcome } from './lease.js'
import { ScriptedRelayStore } from './scripted-relay-store.fake.js'

const leaseMs = 10_000
const renewMs = 2_000
const unreachable = new Error('connection refused')

function openLease({ holder = null, shards = 1 }: { holder?: string | null; shards?: number } = {}) {
  const clock = new ManualClock()
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  store.lease = { holder, token: holder, renewal: 0, confirmed: 0 }
  const lease = new ShardLease(0, { store, clock, leaseMs, renewMs, shards })
  const stopping = new AbortController()
  const held: string[] = []
  const take = (): Promise<TurnOutcome> =>
    lease.take(stopping.signal, () => held.push(store.lease.holder ?? '-'))
  return { clock, script, store, lease, stopping, held, take }
}

/** What became of `promise` so far. */
function watch<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const seen: { value?: T; error?: unknown } = {}
  promise.then(
    (value) => {
      seen.value = value
    },
    (error: unknown) => {
      seen.error = error
    },
  )
  return seen
}

describe('taking a lease', () => {
  it('gives an outbox without shards those of its own configuration, and takes one', async () => {
    const { store, script, take } = openLease({ shards: 3 })
    store.map = []
    expect(await take()).toBe('taken')
    expect(script.take('provideShards')).toEqual(['provideShards 3'])
    expect(store.map.map(({ shard }) => shard)).toEqual([0, 1, 2])
  })

  it.each([
    ['has retired', [{ shard: 0, buckets: null }]],
    ['never had', [{ shard: 1, buckets: { first: 0, last: 255 } }]],
  ])('takes none of a shard that the outbox %s', async (_, map) => {
    const { store, script, take } = openLease()
    store.map = map
    expect(await take()).toBe('retired')
    expect(script.take('takeLease')).toEqual([])
  })

  it('ends its wait when the shard is retired meanwhile', async () => {
    const { store, clock, take } = openLease({ holder: 'other' })
    const taken = watch(take())
    await clock.advance(renewMs)
    store.map = [{ shard: 0, buckets: null }]
    await clock.advance(renewMs)
    expect(taken).toEqual({ value: 'retired' })
  })

  it('takes a free one at once', async () => {
    const { lease, store, clock, take } = openLease()
    expect(await take()).toBe('taken')
    expect(store.lease.holder).toBe(lease.holder)
    expect(clock.now()).toBe(0)
  })

  it('takes back at once what it had given up for lost while nobody else came', async () => {
    const { lease, store, clock, held, take } = openLease()
    store.lease = { ...store.lease, holder: lease.holder, renewal: 7 }
    expect(await take()).toBe('taken')
    expect({ lease: store.lease, held, now: clock.now() }).toMatchObject({
      lease: { renewal: 8 },
      held: [],
      now: 0,
    })
  })

  it('tells that another process has it at each look, and only then', async () => {
    const { store, clock, held, take } = openLease({ holder: 'other' })
    const taken = watch(take())
    await clock.advance(renewMs)
    expect(held).toEqual(['other', 'other', 'other'])
    store.lease = { ...store.lease, holder: null }
    await clock.advance(renewMs)
    expect({ taken, held }).toEqual({ taken: { value: 'taken' }, held: ['other', 'other', 'other'] })
  })

  it('waits for as long as a lease is, on its own clock', async () => {
    const { lease, store, clock, take } = openLease({ holder: 'other' })
    const taken = watch(take())
    await clock.advance(leaseMs - 1)
    expect({ taken, holder: store.lease.holder }).toEqual({ taken: {}, holder: 'other' })
    await clock.advance(renewMs)
    expect({ taken, holder: store.lease.holder }).toEqual({ taken: { value: 'taken' }, holder: lease.holder })
  })

  it.each([
    ['renewal', { renewal: 1 }],
    ['token', { token: 'new' }],
    ['holder', { holder: 'third' }],
  ])('waits again for as long after a new %s', async (_what, change) => {
    const { store, clock, take } = openLease({ holder: 'other' })
    const taken = watch(take())
    await clock.advance(leaseMs - 500)
    store.lease = { ...store.lease, ...change }
    await clock.advance(leaseMs)
    expect(taken).toEqual({})
    await clock.advance(renewMs)
    expect(taken).toEqual({ value: 'taken' })
  })

  it('counts from the answer, not from the question', async () => {
    const { clock, script, take } = openLease({ holder: 'other' })
    const answer = script.hold('readLease')
    const taken = watch(take())
    await clock.advance(8_000)
    answer()
    await clock.advance(leaseMs - 1)
    expect(taken).toEqual({})
    await clock.advance(renewMs)
    expect(taken).toEqual({ value: 'taken' })
  })

  it('steals it at once from the holder that it is told of, and only once', async () => {
    const { lease, store, clock, script, take } = openLease({ holder: 'other' })
    const taken = watch(take())
    await clock.advance(1)
    lease.stealFrom('other')
    await clock.advance(0)
    expect({ taken, holder: store.lease.holder, now: clock.now() }).toEqual({
      taken: { value: 'stolen' },
      holder: lease.holder,
      now: 1,
    })
    store.lease = { ...store.lease, holder: 'other' }
    script.take()
    const again = watch(take())
    await clock.advance(renewMs)
    expect({ again, tried: script.take('takeLease') }).toEqual({ again: {}, tried: [] })
  })

  it('steals it from nobody else, also from who has taken it meanwhile', async () => {
    const { lease, store, clock, take } = openLease({ holder: 'other' })
    const taken = watch(take())
    await clock.advance(1)
    store.lease = { ...store.lease, holder: 'operator' }
    lease.stealFrom('other')
    await clock.advance(renewMs)
    store.lease = { ...store.lease, holder: 'other' }
    await clock.advance(renewMs)
    expect({ taken, holder: store.lease.holder }).toEqual({ taken: {}, holder: 'other' })
  })

  it('steals it although it is told to during a look', async () => {
    const { lease, script, clock, take } = openLease({ holder: 'other' })
    const answer = script.hold('readLease')
    const taken = watch(take())
    await clock.advance(1)
    lease.stealFrom('other')
    answer()
    await clock.advance(0)
    expect({ taken, now: clock.now() }).toEqual({ taken: { value: 'stolen' }, now: 1 })
  })

  it('is held under an id of its own where none is given: nobody is seen to hold several by it', () => {
    expect(openLease().lease.holder).not.toBe(openLease().lease.holder)
  })

  it('has one it takes that is free told as taken, though it was to be stolen', async () => {
    const { lease, store, clock, take } = openLease({ holder: 'other' })
    const taken = watch(take())
    await clock.advance(1)
    store.lease = { ...store.lease, holder: null }
    lease.stealFrom('other')
    await clock.advance(0)
    expect(taken).toEqual({ value: 'taken' })
  })

  it('takes one that is given up at its next look', async () => {
    const { store, clock, take } = openLease({ holder: 'other' })
    const taken = watch(take())
    await clock.advance(1)
    store.lease = { ...store.lease, holder: null }
    await clock.advance(renewMs / 2)
    expect(taken).toEqual({ value: 'taken' })
  })

  it('goes on waiting where another process was faster', async () => {
    const { store, script, clock, take } = openLease()
    const proceed = script.hold('takeLease')
    const taken = watch(take())
    await settle()
    store.lease = { ...store.lease, holder: 'faster', renewal: 1 }
    proceed()
    await clock.advance(leaseMs - 1)
    expect({ taken, holder: store.lease.holder }).toEqual({ taken: {}, holder: 'faster' })
  })

  it('gives up when it is told to', async () => {
    const { store, clock, stopping, take } = openLease({ holder: 'other' })
    const taken = watch(take())
    await settle()
    stopping.abort()
    await settle()
    expect({ taken, holder: store.lease.holder, now: clock.now() }).toEqual({
      taken: { value: 'aborted' },
      holder: 'other',
      now: 0,
    })
  })
})

describe('keeping a lease', () => {
  async function keepLease() {
    const opened = openLease()
    await opened.take()
    const kept = watch(opened.lease.keep(opened.stopping.signal))
    await settle()
    opened.script.take()
    return { ...opened, kept }
  }

  it('renews it again and again until it is told to end', async () => {
    const { clock, script, stopping, kept } = await keepLease()
    await clock.advance(30_000)
    expect(script.take('renewLease')).toHaveLength(30_000 / renewMs)
    expect({ kept, sleeping: clock.sleeping }).toEqual({ kept: {}, sleeping: 1 })
    stopping.abort()
    await settle()
    expect(kept).toEqual({ value: undefined })
    expect(clock.sleeping).toBe(0)
  })

  it('is lost at once when another process has taken it', async () => {
    const { clock, store, kept } = await keepLease()
    store.lease = { ...store.lease, holder: 'other' }
    await clock.advance(renewMs)
    expect(kept.error).toMatchObject({ code: 'LEASE_LOST', details: { shard: 0 }, retryable: true })
  })

  it('survives a store that fails for less than the lease', async () => {
    const { clock, script, kept } = await keepLease()
    script.failNext('renewLease', unreachable, unreachable, unreachable, unreachable)
    await clock.advance(30_000)
    expect(kept).toEqual({})
  })

  it('is lost when the store fails for as long as the lease', async () => {
    const { clock, script, kept } = await keepLease()
    script.failNext('renewLease', ...Array<unknown>(5).fill(unreachable))
    await clock.advance(leaseMs - 1)
    expect(kept).toEqual({})
    await clock.advance(1)
    expect(kept.error).toMatchObject({
      code: 'LEASE_LOST',
      message: expect.stringContaining('no renewal was answered'),
    })
  })

  it('is lost when the store answers nothing for as long as the lease', async () => {
    const { clock, script, kept } = await keepLease()
    script.hold('renewLease')
    await clock.advance(leaseMs - 1)
    expect(kept).toEqual({})
    await clock.advance(1)
    expect(kept.error).toMatchObject({ code: 'LEASE_LOST' })
  })

  // Node keeps a record of every signal of AbortSignal.any for as long as its sources live.
  it('leaves nothing behind on the signal, which lives as long as the lease is held', async () => {
    const any = vi.spyOn(AbortSignal, 'any')
    const { lease, clock, take } = openLease()
    await take()
    const over = new AbortController()
    const keeping = lease.keep(over.signal)
    await clock.advance(5 * renewMs)
    expect(any).not.toHaveBeenCalled()
    expect(getEventListeners(over.signal, 'abort')).toHaveLength(1) // The pause before the next renewal.
    over.abort()
    await keeping
  })

  it('counts from when a renewal was asked for, since that is all an observer may have seen', async () => {
    const { clock, script, kept } = await keepLease()
    const answer = script.hold('renewLease')
    await clock.advance(9_000)
    script.failNext('renewLease', undefined, ...Array<unknown>(5).fill(unreachable))
    answer()
    await clock.advance(renewMs + leaseMs - 9_000 - 1)
    expect(kept).toEqual({})
    await clock.advance(renewMs)
    expect(kept.error).toMatchObject({ code: 'LEASE_LOST' })
  })

  it('ends while a renewal is not answered', async () => {
    const { clock, script, stopping, kept } = await keepLease()
    script.hold('renewLease')
    await clock.advance(renewMs)
    stopping.abort()
    await settle()
    expect(kept).toEqual({ value: undefined })
  })
})

describe('releasing a lease', () => {
  it('frees it at once', async () => {
    const { lease, store, take } = openLease()
    await take()
    await lease.release()
    expect(store.lease.holder).toBeNull()
  })

  it('lets it run out where the store does not answer', async () => {
    const { lease, script } = openLease()
    script.failNext('releaseLease', unreachable)
    await expect(lease.release()).resolves.toBeUndefined()
  })
})
