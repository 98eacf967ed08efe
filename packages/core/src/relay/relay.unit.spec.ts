import { describe, expect, it } from 'vitest'
import { CallScript } from '../ports/call-script.fake.js'
import { ManualClock, settle } from '../ports/manual-clock.fake.js'
import { createRelay } from './relay.js'
import type { RelayOptions } from './relay-options.js'
import { ScriptedPublisher } from './scripted-publisher.fake.js'
import { ScriptedRelayStore } from './scripted-relay-store.fake.js'

function openRelay(over: Partial<RelayOptions> = {}) {
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  const publisher = new ScriptedPublisher(script)
  const clock = new ManualClock()
  return {
    script,
    store,
    publisher,
    clock,
    relay: createRelay({ name: 'orders', store, publisher, clock, ...over }),
  }
}

/** Advances the clock until `promise` is settled. */
async function pass<T>(promise: Promise<T>, clock: ManualClock): Promise<T> {
  let settled = false
  const done = (): void => {
    settled = true
  }
  promise.then(done, done)
  while (!settled) await clock.advance(20)
  return promise
}

describe('a relay', () => {
  it('does nothing until it is started', async () => {
    const { relay, script, clock } = openRelay()
    await clock.advance(10_000)
    expect(script.calls).toEqual([])
    expect(relay.shards).toEqual([{ shard: 0, state: 'stopped', error: undefined }])
  })

  it('starts although nothing answers, and waits visibly', async () => {
    const { relay, script, clock } = openRelay()
    const error = new Error('connection refused')
    script.failNext('readLease', error)
    await relay.start()
    await settle()
    expect(relay.shards).toEqual([{ shard: 0, state: 'waiting', error }])
    await pass(relay.stop(), clock)
  })

  it('makes its shards again where a failover has taken them back at once', async () => {
    const { relay, store, clock } = openRelay()
    store.map = []
    const provideShards = store.provideShards.bind(store)
    store.provideShards = async () => undefined
    await relay.start()
    await settle()
    expect(relay.shards).toMatchObject([{ shard: 0, state: 'stopped' }])
    store.provideShards = provideShards
    await clock.advance(5_000)
    expect(relay.shards).toMatchObject([{ shard: 0, state: 'publishing' }])
    await pass(relay.stop(), clock)
  })

  it('is started once, however often it is told to', async () => {
    const { relay, script, clock } = openRelay()
    await Promise.all([relay.start(), relay.start()])
    await settle()
    await relay.start()
    await settle()
    expect(script.take('takeLease')).toHaveLength(1)
    await pass(relay.stop(), clock)
  })

  it('shows what the database knows and what this process does', async () => {
    const { relay, clock } = openRelay()
    await relay.start()
    await settle()
    expect(await relay.status()).toMatchObject({
      name: 'orders',
      shards: [{ shard: 0, state: 'publishing' }],
      outbox: { identity: { relay: 'orders' }, shards: [{ shard: 0, confirmed: 0 }] },
    })
    await pass(relay.stop(), clock)
  })

  it('looks at the outbox at once when it is woken', async () => {
    const { relay, clock, store, publisher } = openRelay()
    await relay.start()
    await clock.advance(5_000)
    store.commit()
    relay.wake()
    await settle()
    expect(publisher.log).toHaveLength(1)
    await pass(relay.stop(), clock)
  })

  it('drains and goes on', async () => {
    const { relay, clock, store, publisher } = openRelay()
    await relay.start()
    await settle()
    for (let i = 0; i < 3; i++) store.commit()
    await pass(relay.drain(), clock)
    expect(publisher.log).toHaveLength(3)
    expect(relay.shards[0]?.state).toBe('publishing')
    await pass(relay.stop(), clock)
  })
})

describe('stopping a relay', () => {
  it('sends what was committed before, ends the publisher, and resolves `stopped`', async () => {
    const { relay, clock, store, script, publisher } = openRelay()
    await relay.start()
    await settle()
    for (let i = 0; i < 3; i++) store.commit()
    await pass(relay.stop(), clock)
    await relay.stopped
    expect(publisher.log).toHaveLength(3)
    expect(relay.shards[0]?.state).toBe('stopped')
    expect(script.take('closePublisher', 'releaseLease')).toEqual(['releaseLease', 'closePublisher'])
    expect(clock.sleeping).toBe(0)
  })

  it('is done once, however often it is told to, also by `await using`', async () => {
    const { relay, clock, script } = openRelay()
    await relay.start()
    await settle()
    await pass(Promise.all([relay.stop(), relay.stop(), relay[Symbol.asyncDispose]()]), clock)
    await relay.stop()
    expect(script.take('closePublisher')).toHaveLength(1)
  })

  it('before it was started ends it', async () => {
    const { relay, clock } = openRelay()
    await pass(relay.stop(), clock)
    await expect(relay.stopped).resolves.toBeUndefined()
  })

  it('does not drain what another process leads', async () => {
    const { relay, clock, store, script } = openRelay()
    store.lease = { ...store.lease, holder: 'other' }
    store.commit()
    await relay.start()
    await settle()
    await relay.stop()
    expect({ now: clock.now(), drained: script.take('readConfirmedCursor') }).toEqual({ now: 0, drained: [] })
  })

  it('gives the drain up after its timeout', async () => {
    const { relay, clock, store, script } = openRelay({ drainTimeoutMs: 3_000 })
    store.commit()
    script.hold('send')
    await relay.start()
    await settle()
    let stopped = false
    const stopping = relay.stop().then(() => {
      stopped = true
    })
    await clock.advance(2_999)
    expect(stopped).toBe(false)
    await clock.advance(1)
    await stopping
  })

  it.each(['already', 'later'])('gives the drain up at once when its signal has aborted %s', async (when) => {
    const { relay, clock, store, script } = openRelay()
    store.commit()
    script.hold('send')
    await relay.start()
    await settle()
    const hurry = new AbortController()
    if (when === 'already') hurry.abort()
    const stopping = relay.stop({ signal: hurry.signal })
    await settle()
    hurry.abort()
    await stopping
    expect(clock.now()).toBe(0)
  })

  it('may be hurried by a later call', async () => {
    const { relay, clock, store, script } = openRelay()
    store.commit()
    script.hold('send')
    await relay.start()
    await settle()
    const stopping = relay.stop()
    await settle()
    await relay.stop({ signal: AbortSignal.abort() })
    await stopping
    expect(clock.now()).toBe(0)
  })

  it('may be hurried although the store does not answer how far it is', async () => {
    const { relay, clock, script } = openRelay()
    await relay.start()
    await settle()
    script.hold('readSnapshot')
    await relay.stop({ signal: AbortSignal.abort() })
    expect(clock.now()).toBe(0)
  })

  it('ends although the store cannot be asked how far it is', async () => {
    const { relay, clock, script } = openRelay()
    await relay.start()
    await settle()
    script.failNext('readSnapshot', new Error('gone'))
    await pass(relay.stop(), clock)
    expect(relay.shards[0]?.state).toBe('stopped')
  })
})

describe('createRelay', () => {
  it('refuses an unknown option', () => {
    expect(() => openRelay({ nam: 'orders' } as object)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })
})
